from .classifier import Policy, apply_policy, classify, error_row
from .concurrent import in_order
from .grounding import has_words
from .person import decided_by_person
from .tiebreak import break_tie

__all__ = [
    "Policy",
    "apply_policy",
    "break_tie",
    "classify",
    "decided_by_person",
    "error_row",
    "has_words",
    "in_order",
]
