from .apply_reviews import Applied, apply_to_out
from .columns import Columns
from .flow import BatchRequest, run_batch
from .out_rows import how_to_read
from .review_queue import ReviewItem, ReviewQueue, export_cases, queue_for_review
from .reviews import Review, append_review, load_reviews, reviews_path
from .run import Tally

__all__ = [
    "Applied",
    "BatchRequest",
    "Columns",
    "Review",
    "ReviewItem",
    "ReviewQueue",
    "Tally",
    "append_review",
    "apply_to_out",
    "export_cases",
    "how_to_read",
    "load_reviews",
    "queue_for_review",
    "reviews_path",
    "run_batch",
]
