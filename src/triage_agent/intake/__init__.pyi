from .amounts import CUT, check_amount, months, read_amount, read_amounts, times, usd
from .numerals import UNKNOWN_WORDS
from .pasted import MARKER, Rejected, from_arguments, from_stream, is_technology_wish, problems_of
from .revenue import HIGH_LIMIT_USD, UNKNOWN_REVENUE, Band, Revenue, dollars, parse_revenue
from .roles import Role, Verdict
from .rules import roles_by_rules
from .splitting import Judge, Passage, SplitText, split_problems, units_in
from .units import MARKED_EDGES, Edge, Unit

__all__ = [
    "CUT",
    "HIGH_LIMIT_USD",
    "MARKED_EDGES",
    "MARKER",
    "UNKNOWN_REVENUE",
    "UNKNOWN_WORDS",
    "Band",
    "Edge",
    "Judge",
    "Passage",
    "Rejected",
    "Revenue",
    "Role",
    "SplitText",
    "Unit",
    "Verdict",
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
    "roles_by_rules",
    "split_problems",
    "times",
    "units_in",
    "usd",
]
