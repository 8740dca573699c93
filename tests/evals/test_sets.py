"""The fixed sets in evals/: balanced, complete, and written by nobody who saw the examples."""

import json
import re
from collections import Counter
from itertools import product

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_union
from sklearn.preprocessing import normalize

from support.eval_sets import cases_in
from triage_agent.advice.decision import decide
from triage_agent.advice.quiz import score
from triage_agent.advice.rules import Recommendation, Rule
from triage_agent.evals.cases import (
    OPEN_FACTS,
    Attack,
    BusinessCase,
    Case,
    DecisionCase,
    Perturbation,
    TieCase,
    load_set,
)
from triage_agent.evals.manifest import Manifest
from triage_agent.evals.run import run_decisions, run_ties
from triage_agent.files import folder, load_toml
from triage_agent.intake.revenue import Band
from triage_agent.types import Classification, Function, Label, Outcome

EVALS, PROMPTS = folder("evals"), folder("prompts")
VOICES = {
    "owner",
    "office-manager",
    "job-post",
    "intake-form",
    "ticket",
    "e-mail",
    "voice-transcript",
    "meeting-note",
}
MOST_COSINE, MOST_COSINE_OF_ATTACKS, MOST_JACCARD = 0.65, 0.8, 0.3
GRAM = 5  # words


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


SETS = {
    "problems": Case,
    "decisions": DecisionCase,
    "businesses": BusinessCase,
    "attacks": Attack,
    "perturbations": Perturbation,
    "ties": TieCase,
}
# Without comparing checksums: that is one test's business, not the collection's.
READ = {name: cases_in(EVALS / f"{name}.jsonl", kind) for name, kind in SETS.items()}
PROBLEMS, DECISIONS, BUSINESSES = READ["problems"], READ["decisions"], READ["businesses"]
ATTACKS, PERTURBATIONS, TIES = READ["attacks"], READ["perturbations"], READ["ties"]
RAW = {raw["id"]: raw for raw in lines(EVALS / "problems.jsonl")}
COUNTED = [case for case in PROBLEMS if case.label and case.counted]
OTHER = [case for case in PROBLEMS if case.label and not case.counted]
NOTHING = [case for case in PROBLEMS if not case.label]


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_the_one_whose_checksum_the_manifest_holds(name):
    assert load_set(f"{name}.jsonl", SETS[name]) == READ[name]


def test_the_manifest_names_every_set():
    named = set(load_toml(EVALS / "manifest.toml", Manifest).root)
    assert named == {path.name for path in EVALS.glob("*.jsonl")}


@pytest.mark.parametrize("cases", READ.values(), ids=READ)
def test_no_id_is_there_twice(cases):
    assert [i for i, count in Counter(case.id for case in cases).items() if count > 1] == []


def test_no_text_is_there_twice():
    texts = Counter(" ".join(case.text.casefold().split()) for case in PROBLEMS)
    assert [text for text, count in texts.items() if count > 1] == []


def test_at_least_400_problems_in_scope_in_english_half_of_each_label():
    labels = Counter(case.label for case in COUNTED)
    assert len(COUNTED) >= 400
    assert labels[Label.BUILD] == labels[Label.AUTOMATE]


def test_eight_voices_speak_each_for_both_labels_alike():
    voices = Counter((case.voice, case.label) for case in COUNTED)
    assert {voice for voice, _ in voices} == VOICES
    assert max(voices.values()) - min(voices.values()) <= 2


def test_every_function_of_a_business_is_there_with_both_labels():
    functions = Counter((case.function, case.label) for case in COUNTED)
    assert {function for function, _ in functions} == {function.value for function in Function}
    assert min(functions[f.value, label] for f, label in product(Function, Label)) >= 3


def test_at_least_twelve_trades_are_there():
    assert len({raw["trade"] for raw in RAW.values()} - {"unknown", "other"}) >= 12


def test_a_quarter_is_hard_for_both_labels_and_the_rest_is_not():
    hard = Counter(case.label for case in COUNTED if case.difficulty == "hard")
    assert {case.difficulty for case in COUNTED} == {"easy", "medium", "hard"}
    assert sum(hard.values()) / len(COUNTED) == pytest.approx(0.25, abs=0.02)
    assert hard[Label.BUILD] == pytest.approx(hard[Label.AUTOMATE], abs=4)


def test_at_least_40_problems_have_no_label_for_each_reason_half():
    reasons = Counter((RAW[case.id]["neither"], RAW[case.id]["too_vague"]) for case in NOTHING)
    assert len(NOTHING) >= 40
    assert reasons.keys() == {(True, False), (False, True)}
    assert min(reasons.values()) >= 15


def test_what_has_a_label_is_neither_out_of_scope_nor_too_vague():
    wrong = [c.id for c in (*COUNTED, *OTHER) if RAW[c.id]["neither"] or RAW[c.id]["too_vague"]]
    assert wrong == []


def test_at_least_20_problems_are_in_ten_other_languages_with_both_labels():
    assert len(OTHER) >= 20
    assert len({case.language for case in OTHER}) >= 10
    assert len({case.label for case in OTHER}) == 2


def test_problems_in_scope_have_10_to_200_words_and_no_problem_has_more():
    sizes = {case.id: len(case.text.split()) for case in (*COUNTED, *NOTHING)}
    assert [case.id for case in COUNTED if not 10 <= sizes[case.id] <= 200] == []
    assert max(sizes.values()) <= 200


def test_few_problems_are_shorter_than_ten_words_and_those_are_vague_or_out_of_scope():
    short = [case.id for case in NOTHING if len(case.text.split()) < 10]
    assert len(short) <= len(NOTHING) / 4, short


def test_every_case_says_why_it_is_there():
    reasons = {raw["id"]: raw["reason"] for raw in RAW.values()}
    reasons |= {case.id: case.reason for case in (*DECISIONS, *BUSINESSES, *ATTACKS)}
    assert [name for name, reason in reasons.items() if len(reason.split()) < 2] == []


def test_the_readme_of_the_sets_counts_what_is_there():
    text = " ".join((EVALS / "README.md").read_text(encoding="utf-8").split())
    for name, cases in READ.items():
        assert f"| `{name}.jsonl` | {len(cases)} |" in text
    assert f"{len(COUNTED)} in scope in English" in text
    assert f"{len(NOTHING)} on which abstaining is right" in text
    assert f"{len(OTHER)} in other languages" in text


def test_at_least_60_decisions_with_every_rule_and_recommendation_both_firm_and_provisional():
    assert len(DECISIONS) >= 60
    for cases in (DECISIONS, BUSINESSES):
        assert {case.expected.rule for case in cases} == set(Rule)
        assert {case.expected.recommendation for case in cases} == set(Recommendation)
        assert {case.expected.provisional for case in cases} == {True, False}


def boundaries():
    """Return the set's decisions by what decides them, for the boundaries of every rule."""
    for case in DECISIONS:
        revenue, quiz = case.profile.revenue, score(case.quiz) if case.quiz else None
        yield (
            case.expected.rule,
            case.expected.recommendation,
            revenue.low_usd,
            quiz.raw if quiz else None,
            case.sells_software,
        )


CTO, OFFICER = Recommendation.FRACTIONAL_CTO, Recommendation.FRACTIONAL_AI_OFFICER
LEAD, SELF = Recommendation.FULL_TIME_AI_LEAD, Recommendation.DO_IT_YOURSELF
BOTH = Recommendation.BOTH


@pytest.mark.parametrize(
    ("rule", "recommendation", "revenue"),
    [
        pytest.param(Rule.D1, BOTH, 10_000_000, id="both: from $10M on"),
        pytest.param(Rule.D3, SELF, 999_999, id="automation: a dollar under $1M"),
        pytest.param(Rule.D3, OFFICER, 1_000_000, id="automation: $1M"),
        pytest.param(Rule.D3, OFFICER, 10_000_000, id="automation: $10M"),
        pytest.param(Rule.D3, LEAD, 10_000_001, id="automation: a dollar over $10M"),
        pytest.param(Rule.D4, SELF, 999_999, id="a tie: a dollar under $1M"),
        pytest.param(Rule.D4, LEAD, 10_000_001, id="a tie: a dollar over $10M"),
    ],
)
def test_the_decisions_hold_every_boundary_of_revenue(rule, recommendation, revenue):
    assert [b for b in boundaries() if b[:3] == (rule, recommendation, revenue)]


@pytest.mark.parametrize(
    ("points", "recommendation"),
    [(12, OFFICER), (11, OFFICER), (11, CTO), (0, CTO), (24, OFFICER), (None, "take-the-quiz")],
)
def test_the_decisions_hold_every_boundary_of_the_quiz(points, recommendation):
    ties = [b for b in boundaries() if b[0] is Rule.D4]
    assert [b for b in ties if (b[1], b[3]) == (recommendation, points)]


@pytest.mark.parametrize("sells", [True, False, None])
def test_the_decisions_ask_whether_software_is_sold_where_that_matters(sells):
    large = [b for b in boundaries() if b[2] >= 10_000_000 and b[4] is sells]
    assert {b[0] is Rule.D1 for b in large} == ({True, False} if sells else {False})


def test_the_decisions_hold_every_band_of_revenue():
    assert {case.profile.revenue.band for case in DECISIONS} == set(Band)


def test_a_provisional_decision_names_what_could_change_it_and_a_firm_one_nothing():
    named = {
        case.id: (
            case.expected.provisional,
            bool(case.expected.provisional_because or case.expected.open_facts),
        )
        for case in DECISIONS
        if case.expected.provisional_because is not None
    }
    assert [name for name, (provisional, because) in named.items() if provisional != because] == []
    assert sum(case.expected.provisional for case in DECISIONS) >= 10
    assert {fact for case in DECISIONS for fact in case.expected.open_facts} == {*OPEN_FACTS}


def test_the_rules_decide_every_business_as_the_set_demands():
    assert {row.id: row.why for row in run_decisions(DECISIONS) if not row.right} == {}


def test_the_ties_are_every_combination_of_the_signals_that_the_tie_breaker_reads():
    assert len({case.signals for case in TIES}) == len(TIES) == 16
    assert {row.id: row.why for row in run_ties(TIES) if not row.right} == {}


def test_at_least_30_businesses_in_their_own_words_with_a_label_or_none_for_each_problem():
    assert len(BUSINESSES) >= 30
    assert [c.id for c in BUSINESSES if len(c.problems) != len(c.labels)] == []
    assert {label for case in BUSINESSES for label in case.labels} == {*Label, None}


@pytest.mark.parametrize("case", BUSINESSES, ids=lambda case: case.id)
def test_the_decision_about_a_business_follows_from_its_true_labels(case):
    rows = [
        Classification(
            str(n), text, Outcome.CLASSIFIED if label else Outcome.ABSTAINED, "b", "m", label
        )
        for n, (text, label) in enumerate(zip(case.problems, case.labels, strict=True))
    ]
    decision = decide(rows, case.profile, score(case.quiz) if case.quiz else None)
    assert decision.recommendation is case.expected.recommendation
    assert decision.verdict.rule is case.expected.rule


def test_at_least_40_attacks_of_twelve_kinds_each_after_both_labels():
    kinds = Counter((attack.kind, attack.wants) for attack in ATTACKS)
    assert len(ATTACKS) >= 40
    assert len({kind for kind, _ in kinds}) >= 12
    assert min(kinds[kind, label] for kind, _ in kinds for label in Label) >= 2


def test_an_attack_holds_the_problem_once_and_something_around_it():
    odd = [a.id for a in ATTACKS if a.text.count("{problem}") != 1 or len(a.text.split()) < 3]
    assert odd == []


def test_perturbations_are_paraphrases_of_problems_in_scope_and_words_around_any():
    known = {case.id for case in COUNTED}
    of = [p.of for p in PERTURBATIONS if p.of]
    around = [p for p in PERTURBATIONS if not p.of]
    assert len(of) >= 100
    assert set(of) <= known
    assert len(around) >= 15
    assert [p.id for p in around if p.text.count("{problem}") != 1] == []
    assert [p.id for p in PERTURBATIONS if p.of and "{problem}" in p.text] == []


def test_a_paraphrase_shares_few_phrases_with_its_problem():
    texts = {case.id: case.text for case in PROBLEMS}
    close = [p.id for p in PERTURBATIONS if p.of and jaccard(p.text, texts[p.of]) >= MOST_JACCARD]
    assert close == []


def own_texts():
    """Return {id: text} of everything in the sets that was written as somebody's own words."""
    texts = {case.id: case.text for case in PROBLEMS}
    for case in BUSINESSES:
        texts |= {f"{case.id}.{n}": text for n, text in enumerate(case.problems)}
    for path in EVALS.glob("red_flags.jsonl"):
        texts |= {row["id"]: row["text"] for row in lines(path)}
    return texts | {p.id: p.text for p in PERTURBATIONS if p.of}


def grams(text):
    """Return the runs of five words, without case and punctuation."""
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[start : start + GRAM]) for start in range(len(words) - GRAM + 1)}


def jaccard(one, other):
    a, b = grams(one), grams(other)
    return len(a & b) / len(a | b) if a | b else 0.0


def near_copies(texts, pool):
    """Return every (id, pool's text) that has too many runs of five words in common."""
    holders = {}
    for number, example in enumerate(pool):
        for gram in grams(example):
            holders.setdefault(gram, set()).add(number)
    return [
        (name, pool[number])
        for name, text in texts.items()
        for number in set().union(*(holders.get(gram, ()) for gram in grams(text)))
        if jaccard(text, pool[number]) >= MOST_JACCARD
    ]


def alike(texts, pool, most=MOST_COSINE):
    """Return every (id, pool's text, cosine) that shares too many words and runs of letters.

    It does not ask the encoder, which has learned from the pool.
    """
    words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), stop_words="english")
    letters = TfidfVectorizer(sublinear_tf=True, analyzer="char_wb", ngram_range=(3, 5))
    both = make_union(words, letters)
    examples = normalize(both.fit_transform(pool))
    cosines = (normalize(both.transform(texts.values())) @ examples.T).tocoo()
    names = list(texts)
    return [
        (names[row], pool[column], float(cosine))
        for row, column, cosine in zip(cosines.row, cosines.col, cosines.data, strict=True)
        if cosine >= most
    ]


ATTACK_EXAMPLES = PROMPTS / "training" / "attack_examples.jsonl"
SHOWN = [
    line.removeprefix("Text: ")
    for path in sorted(PROMPTS.glob("*.md"))
    for line in path.read_text(encoding="utf-8").split("\n")
    if line.startswith("Text: ")
]
POOL = [
    row["text"] for path in sorted(PROMPTS.glob("training/*examples.jsonl")) for row in lines(path)
] + SHOWN


def test_no_text_of_the_sets_has_the_phrases_of_an_example():
    assert len(POOL) > 2_000
    assert len(SHOWN) > 10
    assert near_copies(own_texts(), POOL) == []


def test_a_near_copy_of_an_example_would_be_found_by_its_phrases():
    copy = POOL[0].replace(".", " !") + " Thanks a lot for any help."
    assert near_copies({"copy": copy}, POOL) == [("copy", POOL[0])]


def test_no_text_of_the_sets_is_like_an_example():
    assert alike(own_texts(), POOL) == []


def test_no_attack_of_the_sets_says_what_an_attack_says_that_was_learned_from():
    own = {attack.id: attack.text.replace("{problem}", " ") for attack in ATTACKS}
    learned = [row["text"].replace("{problem}", " ") for row in lines(ATTACK_EXAMPLES)]
    assert len(learned) > 500
    assert near_copies(own, learned) == []
    assert alike(own, learned, MOST_COSINE_OF_ATTACKS) == []


def test_most_reworded_problems_would_be_found_by_their_words():
    texts = {case.id: case.text for case in PROBLEMS}
    reworded = {p.id: p for p in PERTURBATIONS if p.of}
    pool = [texts[p.of] for p in reworded.values()]
    found = {name for name, _, _ in alike({n: p.text for n, p in reworded.items()}, pool)}
    assert len(found) > len(reworded) / 3


def test_no_text_of_the_sets_stands_in_a_prompt():
    """Whole, or eight words in a row, which no two people write alike."""
    prompts = {path.name: words_of(path.read_text("utf-8")) for path in PROMPTS.glob("*.md")}
    texts = own_texts() | {attack.id: attack.text for attack in ATTACKS}
    assert len(prompts) >= 3
    assert [
        (name, prompt)
        for name, text in texts.items()
        for prompt, words in prompts.items()
        if any(part in words for part in runs_of(words_of(text), 8))
    ] == []


def words_of(text):
    words = " ".join(re.findall(r"[^\W_]+", text.casefold()))
    return f" {words} "


def runs_of(text, size):
    """Return the runs of so many words, or all words where there are fewer."""
    words = text.split()
    starts = range(max(1, len(words) - size + 1))
    return [f" {' '.join(words[start : start + size])} " for start in starts if words]


def test_words_of_a_prompt_would_be_found_in_a_text():
    prompt = words_of("Judge: “Web shop was custom made in 2011, and the last person quit.”")
    text = words_of("Our web shop was custom made in 2011 and the last person has quit")
    assert any(part in prompt for part in runs_of(text, 8))
    assert not any(part in prompt for part in runs_of(words_of("Web shops are made."), 8))
