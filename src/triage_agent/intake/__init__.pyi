from .amounts import CUT, check, months, read_amount, times, usd
from .pasted import MARKER, Rejected, from_arguments, from_stream, is_technology_wish, problems_of
from .revenue import MILLION, UNKNOWN_REVENUE, UNKNOWN_WORDS, Band, Revenue, parse_revenue

__all__ = [
    "CUT",
    "MARKER",
    "MILLION",
    "UNKNOWN_REVENUE",
    "UNKNOWN_WORDS",
    "Band",
    "Rejected",
    "Revenue",
    "check",
    "from_arguments",
    "from_stream",
    "is_technology_wish",
    "months",
    "parse_revenue",
    "problems_of",
    "read_amount",
    "times",
    "usd",
]
