from .charts import CHART_STYLE, Series, line_chart, radar_chart
from .console import print_block, print_json, stderr_console, stdout_console, text_line
from .contract import (
    SCHEMA_VERSION,
    as_advice,
    as_hire_check,
    as_investment,
    as_portfolio,
    as_quiz,
    as_roles,
    as_row,
    rounded,
)
from .explaining import explained, show_advice, show_part
from .files import check_page, check_report, write_report
from .hire_terminal import show_hire_check
from .html import advice_html, drawn, page_templates, rendered, write_rendered
from .letterhead import NO_LETTERHEAD, Letterhead
from .markdown import roles_markdown
from .pdf import as_pdf, check_pdf, write_pdf
from .roi_terminal import show_investment, show_portfolio
from .terminal import show_problem, show_quiz, show_roles
from .verdict import show_verdict
from .wording import (
    abstained_words,
    answer_words,
    counted_words,
    decided_words,
    headline_words,
    label_words,
    recommendation_words,
    review_words,
)

__all__ = [
    "CHART_STYLE",
    "NO_LETTERHEAD",
    "SCHEMA_VERSION",
    "Letterhead",
    "Series",
    "abstained_words",
    "advice_html",
    "answer_words",
    "as_advice",
    "as_hire_check",
    "as_investment",
    "as_pdf",
    "as_portfolio",
    "as_quiz",
    "as_roles",
    "as_row",
    "check_page",
    "check_pdf",
    "check_report",
    "counted_words",
    "decided_words",
    "drawn",
    "explained",
    "headline_words",
    "label_words",
    "line_chart",
    "page_templates",
    "print_block",
    "print_json",
    "radar_chart",
    "recommendation_words",
    "rendered",
    "review_words",
    "roles_markdown",
    "rounded",
    "show_advice",
    "show_hire_check",
    "show_investment",
    "show_part",
    "show_portfolio",
    "show_problem",
    "show_quiz",
    "show_roles",
    "show_verdict",
    "stderr_console",
    "stdout_console",
    "text_line",
    "write_pdf",
    "write_rendered",
    "write_report",
]
