from .apply_reviews import settle
from .columns import Columns, resolve_columns
from .doubts import Doubt, Queue, Reading, how_to_read, review_queue, reviewed_cases
from .form import Form, read_form
from .outputs import errors_path, run_path, write_out, write_run
from .review_answers import Review, Reviews, append_review, load_reviews, reviews_path
from .run import Job, Page, Spool, Tally, answer_rows
from .summary import Summary
from .summary_html import summary_page

__all__ = [
    "Columns",
    "Doubt",
    "Form",
    "Job",
    "Page",
    "Queue",
    "Reading",
    "Review",
    "Reviews",
    "Spool",
    "Summary",
    "Tally",
    "answer_rows",
    "append_review",
    "errors_path",
    "how_to_read",
    "load_reviews",
    "read_form",
    "resolve_columns",
    "review_queue",
    "reviewed_cases",
    "reviews_path",
    "run_path",
    "settle",
    "summary_page",
    "write_out",
    "write_run",
]
