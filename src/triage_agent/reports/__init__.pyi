from .charts import Series, bar_chart, line_chart
from .contract import SCHEMA_VERSION, as_advice, as_hire_check, as_quiz, as_roles, as_row, rounded
from .files import check_page, check_report, write_report
from .html import drawn, rendered, report_page
from .markdown import roles_page
from .red_flags_terminal import show_check
from .roi_terminal import show_investment, show_portfolio
from .terminal import clean, show_decision, show_problem, show_quiz, stdout_console
from .wording import abstained_words, decided_words, review_words

__all__ = [
    "SCHEMA_VERSION",
    "Series",
    "abstained_words",
    "as_advice",
    "as_hire_check",
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
    "rendered",
    "report_page",
    "review_words",
    "roles_page",
    "rounded",
    "show_check",
    "show_decision",
    "show_investment",
    "show_portfolio",
    "show_problem",
    "show_quiz",
    "stdout_console",
    "write_report",
]
