from .answered import AnsweredForm, write_answered
from .apply_reviews import Applied, apply_to_out
from .arrived import (
    mapping_of,
    missing_columns,
    open_arrived,
    propose_mapping,
    read_arrived,
)
from .form import Form
from .in_batches import WantedBatches
from .input_columns import Columns
from .mapping import FormMapping
from .pages import WantedPages
from .ray_run import run_on_ray
from .read_output import how_to_read
from .renewed_pages import rewrite_pages
from .request import BatchRequest
from .review_queue import ReviewItem, ReviewQueue, as_cases, export_cases, queue_for_review
from .reviews import (
    Review,
    append_review,
    load_reviews,
    needs_person,
    reviews_path,
    text_key,
    worth,
)
from .run import run_batch
from .tally import Tally, to_look_at

__all__ = [
    "AnsweredForm",
    "Applied",
    "BatchRequest",
    "Columns",
    "Form",
    "FormMapping",
    "Review",
    "ReviewItem",
    "ReviewQueue",
    "Tally",
    "WantedBatches",
    "WantedPages",
    "append_review",
    "apply_to_out",
    "as_cases",
    "export_cases",
    "how_to_read",
    "load_reviews",
    "mapping_of",
    "missing_columns",
    "needs_person",
    "open_arrived",
    "propose_mapping",
    "queue_for_review",
    "read_arrived",
    "reviews_path",
    "rewrite_pages",
    "run_batch",
    "run_on_ray",
    "text_key",
    "to_look_at",
    "worth",
    "write_answered",
]
