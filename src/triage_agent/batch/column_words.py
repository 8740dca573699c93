"""What the name of a column says about it: a problem, a reply, or a field of the form."""

import re
from enum import StrEnum
from functools import lru_cache

from triage_agent.batch.column_questions import Asks, asks_for
from triage_agent.intake import header_words

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z]{3})(?=\d)")
# What form tools put before a question or after it.
NUMBERING = re.compile(r"^(?:(?:question|q) ?\d+[a-z]? (?=\w{3})|\d{1,2}[a-z]? (?=\w{2}))")
BOILERPLATE = re.compile(
    r"(?: open ended response| selected choice| (?:required|optional|text|free text|and why))+$"
)


class Role(StrEnum):
    """What a column is by its name; the value is how a note says it."""

    PROBLEM = "a problem"
    TEXT = "a text"
    MENTION = "perhaps a problem"
    REPLY = "replies and solutions"
    ASPECT = "about a problem, not the problem"
    ABOUT = "about the business"
    FIELD = "a field of the form"
    NONE = "not clear"


PROBLEM = re.compile(
    r"\b(?:problems?|challenges?|challenging|pain ?points?|pains?|bottlenecks?|struggl\w+"
    r"|frustrat\w+|issues?|headaches?|obstacles?|hurdles?|barriers?|time ?wasters?|time ?sinks?"
    r"|slow\w* (?:\w+ ){0,3}down|hold\w* (?:\w+ ){0,3}back|keeps? you up|difficult(?:y|ies)"
    r"|(?:costs? you|takes?|takes? up|wastes?|spend|lose|loses?) (?:\w+ ){0,3}the most"
    r"|(?:most|lot|much) of (?:your|the team s) time|(?:lose|losing|waste|wasting) (?:\w+ )?time"
    r"|complaints?|complain|grievances?|not working|isn t working|goes wrong|going wrong|broken"
    r"|magic wand|like to (?:\w+ )?(?:automate|fix|improve|change|build)|stops? you|worr(?:y|ies)"
    r"|save you the most|wish (?:you|your|was|were|could)|annoy\w+|inefficien\w+|gets? stuck"
    r"|(?:not|n t|nt|poorly) (?:go|work|run)\w* (?:so )?(?:well|smoothly)"
    r"|cons|dislikes?|weakness(?:es)?"
    r"|(?:eats?|eating|takes?|taking|sucks?) up|repetitive|time consuming|manual(?:ly)? \w+"
    r"|troubl(?:e[sd]?|ing|esome)|hurts?"
    r"|(?:you|we|i) could (?:only |also |just )?(?:fix|change|solve|automate|improve)"
    r"|off your plate|hates?|delegate|outsource|hand(?:ing)? off|could (?:be|go|work) better"
    r"|what (?:do you|should we|needs? to be) (?:fix|improve|automate|change)\w*"
    r"|\w{2,}probleme?)\b"  # "Lagerproblem"
)
PROBLEM_ALONE = re.compile(r"(?:the |your |my |our )?(?:problem|challenge|pain ?point|bottleneck|"
                           r"pain|issue|complaint)s?(?: \d+)?")  # fmt: skip
# What somebody says about a thing, whose it is: "Feedback from us" is our own.
_SAID = (
    r"(?:notes?|comments?|remarks?|feedback|messages?|observations?|thoughts?|opinions?|views?"
    r"|assessments?|impressions?)"
)
REPLY = re.compile(
    r"\b(?:resolutions?|repl(?:y|ies)|replied|(?:action|step|measure)s? taken|actions?|corrective"
    r"|preventive|countermeasures?|(?<!your )(?:answers?|responses?)|answered"
    r"|responded"
    r"|solutions?|solved"
    r"|resolved|fixed|workarounds?|tried|lessons? learn\w+|outcomes?|disposition|remed(?:y|ies)"
    r"|(?:agent|internal|staff|admin|reviewer|call|support|private|consultant|adviser|advisor|coach"
    rf"|manager|rep|analyst|engineer|our|hq) (?:s )?(?:own )?{_SAID}"
    rf"|{_SAID} (?:\w+ )?internal"
    rf"|{_SAID} (?:\w+ )?(?:from|by) (?:us|our|the|support|staff|head office|hq)\b"
    r"(?! (?:cust|clie))"
    r"|(?:official|company|public|agency) \w*response|follow ?ups?|next steps?|root causes?"
    r"|recommendations?|work notes?|close notes?)\b"
)
ASPECT = re.compile(
    r"\b(?:ids?|keys?|count|number(?! \d)|severity|priority|status|state|date|tags?|since|deadline"
    r"|owner|impact|consequences?|effects?|frequency|categor(?:y|ies)|types?|areas?|departments?"
    r"|why|causes?(?! (?:you|us|me|your|the most|most))|code|url|link|e ?mail|phone"
    r"|reporter|assignee|reported (?:by|on|at|to)|scale"
    r"|cost of|what does (?:this|it|the problem) cost"
    r"|hours?|minutes|affected|level|score|rating|rank)\b"
)
TITLE = re.compile(r"\b(?:title|name|subject|summary|headline|label|(?:short|brief) descr\w*)s?\b")
# A word, or the code of a question ("q3"): a made-up reference is no name of a question.
ASKED = re.compile(r"\b(?:[^\W\d_]{3,}|[a-z]{1,2}\d{0,3}[a-z]?)\b")
ORDINAL = re.compile(r"\b(?:first|second|third|fourth|fifth|1st|2nd|3rd|4th|5th) ")
ABOUT = re.compile(
    r"\babout (?:you\b|your|us|the (?:business|company)|(?:business|company))"
    r"|\bwhat (?:does|do) (?:your|the|you) ?(?:\w+ )?"
    r"(?:company|business|firm|organi[sz]ation)? ?do$"
    r"|\bwhat is (?:your|the) (?:\w+ )?(?:business|company|role|industry|job)\b"
    r"|\b(?:company|business|process|product|role|service) (?:description|profile|overview)\b"
    r"|\b(?:description|profile|overview) of (?:the|your|our) (?:company|business|product)\b"
    r"|\bdescribe your (?:\w+ )?(?:business|company|role|product|services?|organi[sz]ation)\b"
    r"|\bwhere (?:do|would|will|should) (?:you|we|your \w+|the \w+) (?:\w+ ){0,3}be\b"
    r"|\bsee (?:you|your|the)(?:\w+)? (?:\w+ ){0,2}in (?:\w+ ){1,2}(?:years?|months?)\b"
    r"|\b(?:goals?|objectives?|vision|ambitions?|desired (?:state|outcome|result)s?)\b"
    r"|\b(?:your|current) (?:role|position|tools?|stack|software)\b|\btools? (?:do )?you use\b"
    r"|\bcurrent (?:solution|process|setup|system)s?\b|^tools?$"
    r"|\b(?:went well|pros|strengths?|likes? (?:most|best|about)|success\w*|positives?"
    r"|works? (?:very )?well|go(?:es|ing) well|proud of|love about)\b"
    r"|\b(?:benefits?|expected \w+|advantages?)\b"
    r"|\b(?:bio|biography|hobbies|address|skills)\b"
)
TEXTS = (  # the earlier, the surer that a problem is told
    re.compile(
        r"\b(?:how (?:can|may|could) we help|what (?:do|would|can) (?:you|we) (?:\w+ )?help"
        r"|help (?:with|you need)|what (?:do|would) you (?:need|like|want)"
        r"|what (?:\w+ ){0,2}brings? you|reach(?:ing|ed)? out|reason for"
        r"|narrative|your (?:need|project|request)s?"
        r"|needs?|wish(?:es)?|requirements?)\b"
    ),
    re.compile(
        r"\bdescri(?:be|bed|ptions?|ption of)\b|\bdescr\b|\b(?:tell us|explain|elaborate)\b"
        r"|\bmessages?\b|\b(?:in|en)quir(?:y|ies)\b|\brequests?\b|\bbody\b|\bcontents?\b"
        r"|\btexts?\b|\bverbatims?\b|\bstatements?\b"
    ),
    re.compile(r"\b(?:details?|comments?|feedback|remarks?|review|free text|story|anything)\b"),
    re.compile(r"^(?:\w+ )?(?:notes?|memos?|questions?|query|queries)(?: \d+)?$"),
)
CLOSED_QUESTION = re.compile(
    r"^(?:how (?:many|much|often|long|severe|urgent|big)|on a scale|rate|rank|when|who|which"
    r"|do you|does|do|have you|has|are you|is|did|would you|can we|can you)\b"
)
FIELD = re.compile(
    r"(?:timestamp|submit(?:ted)? (?:date|at)(?: utc)?|submission date|start date(?: utc)?|date"
    r"|stage date(?: utc)?|network id|respondent id|response type|ending|tags|e ?mail(?: address)?"
    r"|your e ?mail|user ?name|(?:first |last |full |your |company |business |contact |file )?name"
    r"|(?:\w+ )?phone(?: number)?|company|business|organi[sz]ation|website|url|ip(?: address)?"
    r"|user agent|score|consent|utm \w+|created(?: at)?|updated(?: at)?|column \d+|(?:\w+ )?address"
    r"|author|customer|client|reporter|assignee|(?:\w+ )?ids?|industry|country|city|language)"
)


# "Anna's notes" are not the customer's.
OF_SOMEBODY = re.compile(
    r"\b(?!(?:customer|client|user|owner|respondent|caller|guest|patient|employee|worker|visitor"
    rf"|member|student|applicant|lead|what|it|that|here|let)s? s )\w+ s (?:own )?{_SAID}\b"
)
# What is still to be solved is no reply.
WISHED = re.compile(
    r"\b(?:to be|to get|wants?|needs?|likes?|wish|should|hope|help|can|could|must)\b.*"
    r"\b(?:solved?|resolved?|fix(?:ed)?)\b"
)


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Return a name for comparison: lower case, single blanks for all but letters and digits.

    >>> plain(" What's your #1 Problem?"), plain("#"), plain("sells_software")
    ('what s your 1 problem', '#', 'sells software')
    >>> plain("biggestPainPoint1"), plain("leadID"), plain("Q3_1")
    ('biggest pain point 1', 'lead id', 'q3 1')
    """
    spaced = CAMEL.sub(" ", name) if not name.isupper() else name
    return " ".join(re.sub(r"[\W_]+", " ", spaced).casefold().split()) or name.strip()


@lru_cache(maxsize=4096)
def what_is_asked(name: str) -> str:
    """Return what a column's name asks: `plain`, without its path, numbering and boilerplate.

    It is in English, where the words of its language are known.

    >>> what_is_asked("Q3 - main challenge"), what_is_asked("fields.Problem")
    ('main challenge', 'problem')
    >>> what_is_asked("Größte Herausforderungen"), what_is_asked("Custom field (Pain)")
    ('biggest challenges', 'pain')
    """
    if re.fullmatch(r"[\w-]+(?:\.[\w-]+)+", name):
        name = name.rpartition(".")[2] if not name.rpartition(".")[2].isdigit() else name
    said = NUMBERING.sub("", plain(header_words(name)))
    return BOILERPLATE.sub("", said) or said


def role_of(name: str) -> Role:
    """Return what the name of a column says about it.

    >>> [role_of(name).name for name in ("Problem you want solved", "Resolution", "Problem since")]
    ['PROBLEM', 'REPLY', 'ASPECT']
    """
    asked = what_is_asked(name)
    if PROBLEM_ALONE.fullmatch(asked):
        return Role.PROBLEM
    if FIELD.fullmatch(asked):
        return Role.FIELD
    is_problem = PROBLEM.search(asked) is not None
    if (REPLY.search(asked) and not WISHED.search(asked)) or OF_SOMEBODY.search(asked):
        return Role.REPLY
    if is_problem and not ASPECT.search(asked):
        asks = asks_for(asked, name)
        if asks is not Asks.ABOUT:
            return Role.PROBLEM if asks is Asks.PROBLEM else Role.MENTION
    if is_problem:
        return Role.ASPECT
    if ABOUT.search(asked):
        return Role.ABOUT
    if text_rank(name) is not None:
        return Role.TEXT
    return Role.NONE


def text_rank(name: str) -> int | None:
    """Return how surely a column of free text tells a problem, 0 first; None: no text."""
    asked = what_is_asked(name)
    if is_title(name):
        return None
    return next((place for place, words in enumerate(TEXTS) if words.search(asked)), None)


def is_closed_question(name: str) -> bool:
    """Return whether a question asks for a choice, a number, or yes or no."""
    return CLOSED_QUESTION.search(what_is_asked(name)) is not None


def is_title(name: str) -> bool:
    """Return whether a column holds short names of what another one tells in full."""
    return TITLE.search(what_is_asked(name)) is not None


# How somebody begins who says something, where a name would name or ask.
CLAIM = re.compile(
    r"\s*(?:we|i|our|my|they|there|nobody|no one|everybody|everyone|it|it's)\b.* ", re.I
)


def is_usual(name: str) -> bool:
    """Return whether a name is one that columns have: of a field, a text, a reply or a question.

    >>> is_usual("Company"), is_usual("Q7"), is_usual("co_name"), is_usual("Acme Ltd")
    (True, True, True, False)
    """
    if CLAIM.match(name) and "?" not in name:
        return False
    is_code = re.fullmatch(r"[^\W\d]\S*[\d_.]\S*", name.strip()) is not None
    return role_of(name) is not Role.NONE or is_title(name) or is_code or "?" in name


def stem(name: str) -> str | None:
    """Return the name of a numbered slot without its number; None: it has none.

    >>> stem("Problem 2"), stem("Q3_1"), stem("Q3"), stem("Challenge #1")
    ('problem', 'q3', None, 'challenge')
    >>> stem("Second biggest problem"), stem("01H-1"), stem("9f3c 2")
    ('biggest problem', None, None)
    """
    asked = what_is_asked(name)
    if (said := ORDINAL.sub("", asked)) != asked:
        return said
    found = re.fullmatch(r"(.+?) \d{1,2}", asked)
    if not found or found[1] in {"q", "question", "column", "field"}:
        return None
    return found[1] if ASKED.search(found[1]) else None
