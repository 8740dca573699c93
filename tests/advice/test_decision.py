"""The decision about a business, over its whole space and against two independent oracles."""

import random
from dataclasses import replace
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.rulebook import QUIZZES, REVENUES, SELLS, by_the_book
from triage_agent.advice.decision import decide
from triage_agent.advice.rules import Profile, Recommendation, Rule, Votes
from triage_agent.advice.settling import ABSTAINED, UNCERTAIN
from triage_agent.intake.stated_revenue import parse_revenue
from triage_agent.types import (
    Abstention,
    Classification,
    DecidedBy,
    Failure,
    Label,
    Outcome,
    ReviewReason,
    Source,
)

B, A = Label.BUILD, Label.AUTOMATE


def row(number, label, *, review=False):
    """Return a problem with a label, or (None) without: in turn one that failed or abstained."""
    if label is not None:
        reasons = (ReviewReason.TB4,) if review else ()
        return Classification(
            str(number), "", Outcome.CLASSIFIED, "fake", "m", label=label, review_reasons=reasons
        )
    if number % 2:
        failure = Failure("service_timeout", "", retryable=True)
        return Classification(str(number), "", Outcome.ERROR, "fake", "m", error=failure)
    because = Abstention.TOO_VAGUE
    return Classification(
        str(number), "", Outcome.ABSTAINED, "fake", "m", abstained_because=because
    )


def rows_of(firm_build, shaky_build, firm_automate, shaky_automate, missing):
    kinds = (
        [(B, False)] * firm_build
        + [(B, True)] * shaky_build
        + [(A, False)] * firm_automate
        + [(A, True)] * shaky_automate
        + [(None, False)] * missing
    )
    return [row(number, label, review=review) for number, (label, review) in enumerate(kinds)]


def changes_to_try(problem):
    """Return the other votes that one problem might still cast."""
    if problem.label is None:
        return (B, A)
    return ((A,) if problem.label is B else (B,)) if problem.review_reasons else ()


def doubtful_by_force(problems, revenue, sells, quiz):
    """Return the positions of the problems in doubt, trying every list of votes there can be.

    A problem is in doubt if it takes part in a set of changes that changes the recommendation
    while no smaller part of that set does.
    """

    def outcome(votes):
        return by_the_book(votes.count(B), votes.count(A), revenue, sells, quiz)[0]

    now = [problem.label for problem in problems]
    current = outcome(now)
    open_to_change = [n for n, problem in enumerate(problems) if changes_to_try(problem)]
    found = []  # sets of (position, vote), the smallest first
    for size in range(1, len(open_to_change) + 1):
        for positions in combinations(open_to_change, size):
            for votes in product(*(changes_to_try(problems[n]) for n in positions)):
                changed = dict(zip(positions, votes, strict=True))
                if any(part <= set(changed.items()) for part in found):
                    continue
                if outcome([changed.get(n, vote) for n, vote in enumerate(now)]) != current:
                    found.append(set(changed.items()))
    return {position for part in found for position, _ in part}


def can_change_by_force(problems, revenue, sells, quiz):
    """Return whether some full list of votes leads elsewhere: missing cast, review flipped."""
    ways = [
        ((B, A) if p.label is None else (B, A) if p.review_reasons else (p.label,))
        for p in problems
    ]
    current = by_the_book(
        sum(p.label is B for p in problems),
        sum(p.label is A for p in problems),
        revenue,
        sells,
        quiz,
    )[0]
    return any(
        by_the_book(votes.count(B), votes.count(A), revenue, sells, quiz)[0] != current
        for votes in product(*ways)
    )


def test_problems_without_a_label_never_vote_and_may_make_the_decision_provisional():
    few = ["a cent under 1M", "exactly 1M", "exactly 10M", "a cent over 10M", "unknown"]
    quizzes = [name for name in QUIZZES if name not in {"no points", "24 points"}]
    for b, a, missing in product(range(6), repeat=3):
        problems = rows_of(b, 0, a, 0, missing)
        for revenue, sells, quiz in product(few, SELLS, quizzes):
            decision = decide(problems, Profile(REVENUES[revenue][0], sells), QUIZZES[quiz][0])
            case = (b, a, missing, revenue, sells, quiz)
            expected = by_the_book(b, a, revenue, sells, quiz)[0]
            assert decision.recommendation.value == expected, case
            doubt = can_change_by_force(problems, revenue, sells, quiz)
            assert decision.provisional is doubt, case
            assert bool(decision.provisional_because) is doubt, case


def test_every_business_of_up_to_five_problems_is_provisional_exactly_when_a_change_could_matter():
    profiles = ["a cent under 1M", "5M", "exactly 10M", "over 10M"]
    quizzes = ["not taken", "12 points", "11 points with data at 0", "11 points with both at 1"]
    for kinds in product(range(6), repeat=5):
        if sum(kinds) > 5:
            continue
        problems = rows_of(*kinds)
        for revenue, sells, quiz in product(profiles, (True, None), quizzes):
            decision = decide(problems, Profile(REVENUES[revenue][0], sells), QUIZZES[quiz][0])
            named = {int(name) for name in decision.provisional_because}
            case = (kinds, revenue, sells, quiz)
            assert decision.provisional is can_change_by_force(problems, revenue, sells, quiz), case
            assert named == doubtful_by_force(problems, revenue, sells, quiz), case


def test_larger_businesses_are_provisional_exactly_when_a_change_could_matter():
    dice = random.Random(20)
    for _ in range(300):
        kinds = [dice.randint(0, most) for most in (3, 2, 3, 2, 2)]
        revenue, sells, quiz = (
            dice.choice(list(REVENUES)),
            dice.choice(SELLS),
            dice.choice(list(QUIZZES)),
        )
        problems = rows_of(*kinds)
        decision = decide(problems, Profile(REVENUES[revenue][0], sells), QUIZZES[quiz][0])
        case = (kinds, revenue, sells, quiz)
        assert decision.provisional is can_change_by_force(problems, revenue, sells, quiz), case
        named = {int(name) for name in decision.provisional_because}
        assert named == doubtful_by_force(problems, revenue, sells, quiz), case


def test_a_business_with_hundreds_of_doubtful_problems_is_decided():
    # Trying all counts of all kinds together would be millions of ways.
    problems = rows_of(40, 100, 20, 100, 200)
    decision = decide(problems, Profile(REVENUES["5M"][0], None), None)
    doubtful = {p.id for p in problems if p.label is None or (p.label is B and p.review_reasons)}
    assert decision.recommendation.value == "fractional-cto"
    assert set(decision.provisional_because) == doubtful


def votes_that_may_come(problem):
    """Return how many votes a problem may have beside the one that it has cast."""
    return (problem.label is None) + 2 * bool(problem.holds_several)


def doubtful_by_trying_all(problems, revenue, sells, quiz):
    """Return the positions in doubt: those that a smallest set of changes of votes touches."""

    def outcome(votes):
        return by_the_book(votes.count(B), votes.count(A), revenue, sells, quiz)[0]

    cast = [p.label for p in problems]
    changes = [(n, (A if p.label is B else B,)) for n, p in enumerate(problems) if p.needs_review]
    changes += [(n, (B, A)) for n, p in enumerate(problems) for _ in range(votes_that_may_come(p))]
    found = []  # sets of (place in `changes`, vote), the smallest first
    for size in range(1, len(changes) + 1):
        for places in combinations(range(len(changes)), size):
            for votes in product(*(changes[place][1] for place in places)):
                changed = dict(zip(places, votes, strict=True))
                if any(part <= set(changed.items()) for part in found):
                    continue
                now, more = cast[:], []
                for place, vote in changed.items():
                    number, kinds = changes[place]
                    if len(kinds) == 1:
                        now[number] = vote
                    else:
                        more.append(vote)
                if outcome([*now, *more]) != outcome(cast):
                    found.append(set(changed.items()))
    return {changes[place][0] for part in found for place, _ in part}


def test_a_problem_that_holds_several_may_have_two_votes_more():
    dice = random.Random(15)
    kinds = [(B, False), (A, False), (A, True), (None, False), "several"]
    seen = set()
    for _ in range(250):
        chosen = [dice.choice(kinds) for _ in range(dice.randint(1, 3))]
        revenue, sells = dice.choice(list(REVENUES)), dice.choice(SELLS)
        quiz = dice.choice(list(QUIZZES))
        problems = [
            replace(
                row(n, label := dice.choice([A, B, None]), review=label is not None),
                holds_several=True,
            )
            if kind == "several"
            else row(n, kind[0], review=kind[1])
            for n, kind in enumerate(chosen)
        ]
        decision = decide(problems, Profile(REVENUES[revenue][0], sells), QUIZZES[quiz][0])
        named = {int(name) for name in decision.provisional_because}
        case = (problems, revenue, sells, quiz)
        assert named == doubtful_by_trying_all(problems, revenue, sells, quiz), case
        assert decision.provisional is bool(named), case
        seen.add((decision.provisional, "several" in chosen))
    assert seen >= {(False, False), (True, True)}


SEVERAL = replace(row(1, A, review=True), holds_several=True)


@pytest.mark.parametrize(
    ("problems", "to_settle"),
    [
        pytest.param([row(0, A)] * 3, (), id="nothing"),
        pytest.param(
            [row(0, B), row(2, A), SEVERAL],
            ("problem 3 seems to hold several problems: write them one by one",),
            id="two votes more can turn two to one",
        ),
        pytest.param([row(0, A)] * 5 + [SEVERAL], (), id="two votes more cannot turn six"),
        pytest.param(
            [row(0, None), row(1, None)],
            (
                "problem 1 is too vague: say what goes wrong, and who does what today",
                "problem 2 could not be answered: run it again",
            ),
            id="an abstention and an error",
        ),
        pytest.param(
            [row(0, A, review=True)],
            (f"problem 1 {UNCERTAIN}",),
            id="a label that needs review",
        ),
        pytest.param(
            [
                replace(row(0, None), abstained_because=Abstention.NEITHER, source=Source(7, "P")),
                replace(
                    row(2, None),
                    abstained_because=Abstention.UNKNOWN_LANGUAGE,
                    source=Source(9, "P"),
                ),
            ],
            (
                f"row 7, problem 1 {ABSTAINED[Abstention.NEITHER]}",
                "row 9, problem 1 is in a language that could not be read: write it in English",
            ),
            id="problems of several rows of a table",
        ),
    ],
)
def test_what_is_to_be_settled_is_said_in_words(problems, to_settle):
    assert decide(problems).to_settle == to_settle


def test_a_problem_that_a_person_left_without_a_label_is_settled():
    left = replace(row(0, None), decided_by=DecidedBy.PERSON)
    assert decide([left, row(2, A)]).provisional is False
    assert decide([row(0, None), row(2, A)]).provisional is True


@pytest.mark.parametrize(
    ("problems", "profile", "named"),
    [
        pytest.param([A, A, A], {}, [], id="three firm votes are not provisional"),
        pytest.param([A, A, None], {}, [], id="one missing vote cannot turn two"),
        pytest.param([A, None, None], {}, ["1", "2"], id="two missing votes can turn one"),
        pytest.param([A, A, "b?"], {}, [], id="a shaky vote of the minority changes nothing"),
        pytest.param([A, "a?", B], {}, ["1"], id="a shaky vote of a majority of one matters"),
        pytest.param([None], {}, ["0"], id="the only problem is missing"),
        pytest.param([A, None, "b?"], {}, ["1", "2"], id="a tie turns either way"),
        pytest.param(
            ["b?", "b?", "b?", A, A, A, A],
            {"revenue": "20M", "sells": True},
            ["0", "1", "2"],
            id="all the votes of one kind have to flip before `both` falls",
        ),
        pytest.param(
            ["b?", B, A],
            {"revenue": "20M", "sells": True},
            [],
            id="`both` stands when one problem of each kind is firm",
        ),
        pytest.param(
            [A, A, None],
            {"revenue": "20M", "sells": True},
            ["2"],
            id="one missing vote to build would make it `both`",
        ),
        pytest.param(
            [A, "b?"],
            {"revenue": "500k"},
            [],
            id="under 1M a tie and a majority to automate are the same",
        ),
    ],
)
def test_provisional_names_exactly_the_problems_that_could_change_it(problems, profile, named):
    marks = {"a?": (A, True), "b?": (B, True)}
    rows = [row(n, *marks.get(p, (p,))[:1], review=p in marks) for n, p in enumerate(problems)]
    revenue = parse_revenue(profile.get("revenue", "3M"))
    decision = decide(rows, Profile(revenue, profile.get("sells")))
    assert list(decision.provisional_because) == named
    assert decision.provisional is bool(named)


@pytest.mark.parametrize(
    "reason",
    [
        ReviewReason.TB4,
        ReviewReason.NO_EVIDENCE,
        ReviewReason.INSTRUCTS_READER,
        ReviewReason.TRUNCATED,
        ReviewReason.BACKENDS_DISAGREE,
        ReviewReason.UNCERTAIN,
        ReviewReason.HOLDS_SEVERAL,
    ],
)
def test_whatever_the_reason_for_review_a_flip_is_tried(reason):
    shaky = Classification(
        "s", "", Outcome.CLASSIFIED, "fake", "m", label=A, review_reasons=(reason,)
    )
    assert decide([shaky]).provisional_because == ("s",)


def test_votes_are_counted_by_kind_and_the_rest_is_reported_apart():
    rows = rows_of(1, 1, 2, 1, 3)  # the missing ones are numbered 5, 6, 7: error, abstained, error
    assert decide(rows).votes == Votes(build=2, automate=3, abstained=1, errors=2)
    assert decide(rows).votes.cast == 5


@pytest.mark.parametrize(
    ("count", "few"), [(0, True), (1, True), (2, True), (3, False), (4, False)]
)
def test_fewer_than_three_problems_is_said(count, few):
    assert decide([row(n, A) for n in range(count)]).few_problems is few
    assert decide([row(n, None) for n in range(count)]).few_problems is few


def test_the_three_problems_of_the_method_give_the_ai_officer_by_d3():
    decision = decide([row(n, A) for n in range(3)])
    assert decision.recommendation is Recommendation.FRACTIONAL_AI_OFFICER
    assert decision.verdict.rule is Rule.D3
    assert not decision.provisional


problem_lists = st.lists(
    st.sampled_from([(B, False), (B, True), (A, False), (A, True), (None, False)])
)
profiles = st.builds(
    Profile, st.sampled_from([r[0] for r in REVENUES.values()]), st.sampled_from(SELLS)
)
quizzes = st.sampled_from([q[0] for q in QUIZZES.values()])


@given(problem_lists.filter(lambda kinds: len(kinds) < 12), profiles, quizzes, st.randoms())
def test_the_order_of_the_problems_never_changes_the_decision(kinds, profile, quiz, dice):
    rows = [row(n, label, review=review) for n, (label, review) in enumerate(kinds)]
    shuffled = rows[:]
    dice.shuffle(shuffled)
    one, other = decide(rows, profile, quiz), decide(shuffled, profile, quiz)
    assert other.verdict == one.verdict
    assert other.provisional is one.provisional
    assert set(other.provisional_because) == set(one.provisional_because)
    order = [problem.id for problem in shuffled if problem.id in one.provisional_because]
    assert list(other.provisional_because) == order


@given(problem_lists.filter(lambda kinds: len(kinds) < 12), profiles, quizzes)
def test_the_trace_ends_with_the_rule_that_applied(kinds, profile, quiz):
    rows = [row(n, label, review=review) for n, (label, review) in enumerate(kinds)]
    verdict = decide(rows, profile, quiz).verdict
    assert verdict.trace[-1].rule is verdict.rule
    assert verdict.trace[-1].applied
    assert not any(step.applied for step in verdict.trace[:-1])
