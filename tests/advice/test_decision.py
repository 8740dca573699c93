"""The decision about a business, over its whole space and against two independent oracles."""

import random
from dataclasses import replace
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.rulebook import MAY_BE, QUIZZES, REVENUES, SELLS, by_the_book
from triage_agent.advice.decision import decide
from triage_agent.advice.rules import Profile, Recommendation, Rule, Votes
from triage_agent.types import (
    Abstention,
    Classification,
    DecidedBy,
    Failure,
    Label,
    Outcome,
    ReviewReason,
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


def open_votes(problems):
    """Return what may happen to votes: (the problem's place or "not given", the votes it may cast).

    A problem whose vote may flip stands there with the other vote alone.
    """
    found = []
    for n, one in enumerate(problems):
        if one.needs_review:
            found.append((n, (A if one.label is B else B,)))
        out = one.abstained_because is Abstention.NEITHER or one.decided_by is DecidedBy.PERSON
        more = (one.label is None and not out) + 2 * bool(one.holds_several)
        found += [(n, (B, A))] * more
    return found + [("not given", (B, A))] * (3 - len(problems))


def open_facts(revenue, sells):
    """Return the facts that are not known, with what they may be."""
    facts = [("revenue", MAY_BE[revenue])] if revenue in MAY_BE else []
    return facts + ([("sells_software", (True, False))] if sells is None else [])


def outcome_with(problems, settled, revenue, sells, quiz):
    """Return the recommendation if these (what, value) are settled; a lone vote is a flip."""
    votes = [one.label for one in problems]
    for (what, ways), value in settled:
        if what == "revenue":
            revenue = value
        elif what == "sells_software":
            sells = value
        elif len(ways) == 1:
            votes[what] = value
        else:
            votes.append(value)
    return by_the_book(votes.count(B), votes.count(A), revenue, sells, quiz)[0]


def doubts_by_force(problems, revenue, sells, quiz):
    """Return what is in doubt, trying every way to settle what is open.

    Something is in doubt if it takes part in a set of changes that changes the recommendation
    while no smaller part of that set does.
    """
    current = outcome_with(problems, (), revenue, sells, quiz)
    is_open = [*open_votes(problems), *open_facts(revenue, sells)]
    found = []  # sets of (place in `is_open`, value), the smallest first
    for size in range(1, len(is_open) + 1):
        for places in combinations(range(len(is_open)), size):
            for values in product(*(is_open[place][1] for place in places)):
                changed = set(zip(places, values, strict=True))
                if any(part <= changed for part in found):
                    continue
                settled = [(is_open[place], value) for place, value in changed]
                if outcome_with(problems, settled, revenue, sells, quiz) != current:
                    found.append(changed)
    return {is_open[place][0] for part in found for place, _ in part}


def can_change_by_force(problems, revenue, sells, quiz):
    """Return whether some way to settle everything that is open leads elsewhere.

    Whatever is open may also stay as it is, for a problem that is not given may be out of scope.
    """
    is_open = [*open_votes(problems), *open_facts(revenue, sells)]
    current = outcome_with(problems, (), revenue, sells, quiz)
    for values in product(*((None, *ways) for _, ways in is_open)):
        settled = [pair for pair in zip(is_open, values, strict=True) if pair[1] is not None]
        if outcome_with(problems, settled, revenue, sells, quiz) != current:
            return True
    return False


def doubts_of(decision):
    """Return what a decision names as in doubt, as `doubts_by_force` does."""
    doubts = decision.doubts
    return {
        *map(int, doubts.problems),
        *(["not given"] if doubts.not_given else []),
        *(["revenue"] if doubts.revenue else []),
        *(["sells_software"] if doubts.sells_software else []),
    }


def test_every_business_of_few_problems_is_provisional_exactly_when_a_change_could_matter():
    revenues = ["a cent under 1M", "5M", "exactly 10M", "unknown", "500k to 1M", "10M to 20M"]
    quizzes = ["not taken", "12 points", "11 points with data at 0", "11 points with both at 1"]
    seen = set()
    for kinds in product(range(4), repeat=5):
        if sum(kinds) > 3:
            continue
        problems = rows_of(*kinds)
        for revenue, sells, quiz in product(revenues, (True, None), quizzes):
            decision = decide(problems, Profile(REVENUES[revenue][0], sells), QUIZZES[quiz][0])
            case = (kinds, revenue, sells, quiz)
            expected = by_the_book(kinds[0] + kinds[1], kinds[2] + kinds[3], revenue, sells, quiz)
            assert decision.recommendation.value == expected[0], case
            assert doubts_of(decision) == doubts_by_force(problems, revenue, sells, quiz), case
            assert decision.provisional is bool(doubts_of(decision)), case
            assert len(decision.to_settle) == len(doubts_of(decision)), case
            seen |= doubts_of(decision) or {None}
    assert seen >= {None, 0, 1, 2, "not given", "revenue", "sells_software"}


def test_larger_businesses_are_provisional_exactly_when_a_change_could_matter():
    dice = random.Random(20)
    for _ in range(150):
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
        assert doubts_of(decision) == doubts_by_force(problems, revenue, sells, quiz), case


def test_a_business_with_hundreds_of_doubtful_problems_is_decided():
    # Trying all counts of all kinds together would be millions of ways.
    problems = rows_of(40, 100, 20, 100, 200)
    decision = decide(problems, Profile(REVENUES["5M"][0], None), None)
    doubtful = {p.id for p in problems if p.label is None or (p.label is B and p.review_reasons)}
    assert decision.recommendation.value == "fractional-cto"
    assert set(decision.provisional_because) == doubtful


def test_a_problem_that_holds_several_may_have_two_votes_more():
    dice = random.Random(15)
    kinds = [(B, False), (A, False), (A, True), (None, False), "several"]
    seen = set()
    for _ in range(250):
        chosen = [dice.choice(kinds) for _ in range(dice.randint(1, 3))]
        if chosen.count("several") > 2:  # too many ways to try
            continue
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
        case = (problems, revenue, sells, quiz)
        assert doubts_of(decision) == doubts_by_force(problems, revenue, sells, quiz), case
        seen.add((decision.provisional, "several" in chosen))
    assert seen >= {(False, False), (True, True)}


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
    assert decide([shaky, row(1, B), row(2, A)]).provisional_because == ("s",)


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
    decision = decide([row(n, A) for n in range(3)], Profile(REVENUES["5M"][0]))
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
