from .amounts import CUT, check_amount, months, read_amount, read_amounts, times, usd
from .numerals import MILLION, UNKNOWN_WORDS
from .pasted import MARKER, Rejected, from_arguments, from_stream, is_technology_wish, problems_of
from .revenue import UNKNOWN_REVENUE, Band, Revenue, parse_revenue

__all__ = [
    "CUT",
    "MARKER",
    "MILLION",
    "UNKNOWN_REVENUE",
    "UNKNOWN_WORDS",
    "Band",
    "Rejected",
    "Revenue",
    "check_amount",
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
