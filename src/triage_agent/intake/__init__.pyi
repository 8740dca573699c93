from .amounts import (
    CUT,
    check_amount,
    counted,
    months,
    percent,
    read_amount,
    read_amounts,
    times,
    usd,
)
from .by_passages import MOST_PASSAGES, apart_by
from .code_lists import code_list
from .currencies import check_usd_rate
from .foreign_words import in_english, language_of
from .found_revenue import revenue_said
from .headers import header_words
from .numerals import UNKNOWN_WORDS, quoted
from .pasted import (
    LARGEST_INPUT,
    MARKER,
    Rejected,
    from_arguments,
    from_stream,
    is_technology_wish,
)
from .revenue import HIGH_LIMIT_USD, UNKNOWN_REVENUE, Band, Revenue, dollars
from .revenue_units import name_of, unit_of
from .roles import Role, Verdict
from .rules import roles_by_rules
from .splitting import Judge, Passage, SplitText, split_problems, units_in
from .stated_revenue import parse_revenue, read_revenue
from .texts import ReadText, Splitter, holds_several, read_text, read_texts
from .trouble import FAILINGS, WISHES, is_english, speaks_of_trouble
from .units import MARKED_EDGES, Edge, Unit
from .unseen import escapes

__all__ = [
    "CUT",
    "FAILINGS",
    "HIGH_LIMIT_USD",
    "LARGEST_INPUT",
    "MARKED_EDGES",
    "MARKER",
    "MOST_PASSAGES",
    "UNKNOWN_REVENUE",
    "UNKNOWN_WORDS",
    "WISHES",
    "Band",
    "Edge",
    "Judge",
    "Passage",
    "ReadText",
    "Rejected",
    "Revenue",
    "Role",
    "SplitText",
    "Splitter",
    "Unit",
    "Verdict",
    "apart_by",
    "check_amount",
    "check_usd_rate",
    "code_list",
    "counted",
    "dollars",
    "escapes",
    "from_arguments",
    "from_stream",
    "header_words",
    "holds_several",
    "in_english",
    "is_english",
    "is_technology_wish",
    "language_of",
    "months",
    "name_of",
    "parse_revenue",
    "percent",
    "quoted",
    "read_amount",
    "read_amounts",
    "read_revenue",
    "read_text",
    "read_texts",
    "revenue_said",
    "roles_by_rules",
    "speaks_of_trouble",
    "split_problems",
    "times",
    "unit_of",
    "units_in",
    "usd",
]
