from .amounts import CUT, check_amount, months, read_amount, read_amounts, times, usd
from .numerals import UNKNOWN_WORDS
from .pasted import MARKER, Rejected, from_arguments, from_stream, is_technology_wish, problems_of
from .revenue import HIGH_LIMIT_USD, UNKNOWN_REVENUE, Band, Revenue, dollars, parse_revenue

__all__ = [
    "CUT",
    "HIGH_LIMIT_USD",
    "MARKER",
    "UNKNOWN_REVENUE",
    "UNKNOWN_WORDS",
    "Band",
    "Rejected",
    "Revenue",
    "check_amount",
    "dollars",
    "from_arguments",
    "from_stream",
    "is_technology_wish",
    "months",
    "parse_revenue",
    "problems_of",
    "read_amount",
    "read_amounts",
    "times",
    "usd",
]
