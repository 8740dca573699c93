from .amounts import CUT, check_amount, months, read_amount, read_amounts, times, usd
from .currencies import check_usd_rate
from .numerals import UNKNOWN_WORDS
from .pasted import MARKER, Rejected, from_arguments, from_stream, is_technology_wish, problems_of
from .revenue import HIGH_LIMIT_USD, UNKNOWN_REVENUE, Band, Revenue, dollars
from .splitting import Passage, SplitText, split_problems
from .stated_revenue import parse_revenue, read_revenue

__all__ = [
    "CUT",
    "HIGH_LIMIT_USD",
    "MARKER",
    "UNKNOWN_REVENUE",
    "UNKNOWN_WORDS",
    "Band",
    "Passage",
    "Rejected",
    "Revenue",
    "SplitText",
    "check_amount",
    "check_usd_rate",
    "dollars",
    "from_arguments",
    "from_stream",
    "is_technology_wish",
    "months",
    "parse_revenue",
    "problems_of",
    "read_amount",
    "read_amounts",
    "read_revenue",
    "split_problems",
    "times",
    "usd",
]
