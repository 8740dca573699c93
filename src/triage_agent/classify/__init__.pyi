from .classifier import Policy, answer_question, apply_policy, classify
from .concurrent import in_order
from .grounding import has_words
from .tiebreak import break_tie, is_torn

__all__ = [
    "Policy",
    "answer_question",
    "apply_policy",
    "break_tie",
    "classify",
    "has_words",
    "in_order",
    "is_torn",
]
