from .charts import Series, bar_chart, line_chart
from .contract import (
    SCHEMA_VERSION,
    as_advice,
    as_hire_check,
    as_investment,
    as_portfolio,
    as_quiz,
    as_roles,
    as_row,
    print_json,
    rounded,
)
from .files import check_page, check_report, write_report
from .hire_terminal import show_hire_check
from .html import advice_html, drawn, rendered
from .markdown import roles_markdown
from .roi_terminal import show_investment, show_portfolio
from .terminal import clean, show_advice, show_problem, show_quiz, show_roles, stdout_console
from .wording import abstained_words, decided_words, review_words

__all__ = [
    "SCHEMA_VERSION",
    "Series",
    "abstained_words",
    "advice_html",
    "as_advice",
    "as_hire_check",
    "as_investment",
    "as_portfolio",
    "as_quiz",
    "as_roles",
    "as_row",
    "bar_chart",
    "check_page",
    "check_report",
    "clean",
    "decided_words",
    "drawn",
    "line_chart",
    "print_json",
    "rendered",
    "review_words",
    "roles_markdown",
    "rounded",
    "show_advice",
    "show_hire_check",
    "show_investment",
    "show_portfolio",
    "show_problem",
    "show_quiz",
    "show_roles",
    "stdout_console",
    "write_report",
]
