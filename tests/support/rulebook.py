"""The rules D0 to D4 written a second time, from the sentences of docs/explanation/rules.md."""

from functools import cache

from triage_agent.advice.quiz import load_quiz, score
from triage_agent.intake.revenue import UNKNOWN_REVENUE, Revenue

M = 1_000_000
SELLS = (True, False, None)


def exactly(usd):
    return Revenue(low_usd=usd, high_usd=usd)


# Revenue, the band that the rules put it in (None: unknown), and whether it is known to be $10M
# or more.
REVENUES = {
    "nothing at all": (exactly(0), "small", False),
    "a cent under 1M": (exactly(999_999.99), "small", False),
    "exactly 1M": (exactly(M), "middle", False),
    "5M": (exactly(5 * M), "middle", False),
    "a cent under 10M": (exactly(10 * M - 0.01), "middle", False),
    "exactly 10M": (exactly(10 * M), "middle", True),
    "a cent over 10M": (exactly(10 * M + 0.01), "large", True),
    "unknown": (UNKNOWN_REVENUE, None, False),
    "under 1M": (Revenue(high_usd=M, high_open=True), "small", False),
    "100k to 900k": (Revenue(100_000, 900_000), "small", False),
    "500k to 1M": (Revenue(500_000, M), None, False),
    "1M to 10M": (Revenue(M, 10 * M), "middle", False),
    "1M to 10M and a cent": (Revenue(M, 10 * M + 0.01), None, False),
    "under 10M": (Revenue(high_usd=10 * M, high_open=True), None, False),
    "over 1M": (Revenue(low_usd=M, low_open=True), None, False),
    "10M to 20M": (Revenue(10 * M, 20 * M), None, False),
    "over 10M": (Revenue(low_usd=10 * M, low_open=True), "large", True),
    "11M to 20M": (Revenue(11 * M, 20 * M), "large", True),
}

# For each revenue that is unknown, those above that it may be: one in each band, and exactly 10M.
MAY_BE = {
    "unknown": ("a cent under 1M", "5M", "exactly 10M", "over 10M"),
    "500k to 1M": ("a cent under 1M", "exactly 1M"),
    "1M to 10M and a cent": ("exactly 1M", "a cent under 10M", "exactly 10M", "a cent over 10M"),
    "under 10M": ("nothing at all", "5M", "a cent under 10M"),
    "over 1M": ("5M", "exactly 10M", "over 10M"),
    "10M to 20M": ("exactly 10M", "11M to 20M"),
}


def answers(**points):
    return score(dict.fromkeys([q.id for q in load_quiz().questions], 0) | points)


# (raw points, the systems or the data answer is 0) beside the quiz itself.
QUIZZES = {
    "not taken": (None, None),
    "12 points": (
        answers(process=2, volume=2, data=2, systems=2, team=2, leadership=2),
        (12, False),
    ),
    "12 points with systems and data at 0": (
        answers(process=3, volume=3, team=3, leadership=3),
        (12, True),
    ),
    "11 points with systems at 0": (
        answers(process=3, volume=3, data=3, team=2),
        (11, True),
    ),
    "11 points with data at 0": (answers(process=3, volume=3, systems=3, team=2), (11, True)),
    "11 points with both at 1": (
        answers(process=3, volume=3, systems=1, data=1, team=3),
        (11, False),
    ),
    "no points": (answers(), (0, True)),
    "24 points": (
        score(dict.fromkeys([q.id for q in load_quiz().questions], 3)),
        (24, False),
    ),
}


@cache
def by_the_book(b, a, revenue, sells, quiz):
    """Return (recommendation, rule) by the sentences of the rules and the names of the tables."""
    _, band, ten_or_more = REVENUES[revenue]
    taken = QUIZZES[quiz][1]
    as_d3 = {
        "small": "do-it-yourself",
        "middle": "fractional-ai-officer",
        None: "fractional-ai-officer",
        "large": "full-time-ai-lead",
    }[band]
    sentences = [
        ("D0", b == a == 0, "no-decision"),
        ("D1", min(a, b) >= 1 and sells is True and ten_or_more, "both"),
        ("D2", b > a, "fractional-cto"),
        ("D3", a > b, as_d3),
        ("D4", band == "small", "do-it-yourself"),
        ("D4", taken is None, "take-the-quiz"),
        ("D4", taken is not None and taken[0] >= 12, as_d3),
        ("D4", taken is not None and taken[1], "fractional-cto"),
        ("D4", True, as_d3),
    ]
    return next((what, rule) for rule, applies, what in sentences if applies)
