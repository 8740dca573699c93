"""`evals.run`, and `triage eval` with backends that fail, abstain, remember or waver."""

import hashlib
import json
from dataclasses import replace

import pytest

from support.eval_sets import Oracle, prediction, run_main, serving
from support.openai_server import Fault, reply_for
from triage_agent.advice.rules import Recommendation, Rule
from triage_agent.classify.classifier import Policy
from triage_agent.errors import ServiceError, StopError
from triage_agent.evals import run as run_module
from triage_agent.evals.cases import BusinessCase, Case, DecisionCase, Expected, TieCase
from triage_agent.evals.run import (
    given_rows,
    judge_decision,
    run_businesses,
    run_cases,
    run_decisions,
    run_ties,
)
from triage_agent.evals.summary import decision_figures
from triage_agent.models import embedded
from triage_agent.types import DecidedBy, Label, ReviewReason, Signals

BUILD, AUTOMATE = Label.BUILD, Label.AUTOMATE
CASES = [
    Case(id="b1", text="Tenants want an app.", label=BUILD, difficulty="easy"),
    Case(id="a1", text="Invoices are typed by hand.", label=AUTOMATE, difficulty="hard"),
    Case(id="n1", text="Paint my kitchen.", label=None, difficulty="easy"),
    Case(id="g1", text="Wir brauchen eine App.", label=BUILD, language="de"),
]
OFFICER, CTO = Recommendation.FRACTIONAL_AI_OFFICER, Recommendation.FRACTIONAL_CTO


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Reader(Oracle):
    """An oracle about the cases above."""

    def __init__(self, says=None, wrong=(), backend="embedded"):
        self.labels, self.texts = {}, {case.text: case.label for case in CASES}
        self.wrong, self.says, self.backend = set(wrong), says, backend


@pytest.mark.anyio
async def test_each_case_becomes_a_row_in_the_order_of_the_cases():
    rows, answers = await run_cases(CASES, Reader(wrong=["a1"]), Policy(), width=2, repeat=3)
    assert [row.id for row in rows] == [answer.id for answer in answers] == [c.id for c in CASES]
    assert [row.expected for row in rows] == [case.label for case in CASES]
    assert [row.right for row in rows] == [True, False, True, True]
    assert [row.slices for row in rows] == [case.slices for case in CASES]
    assert {row.repeat for row in rows} == {3}
    assert rows[0].p_build == pytest.approx(0.95)
    assert rows[2].abstained_because == "neither"


@pytest.mark.anyio
async def test_progress_is_told_after_every_case():
    seen = []
    await run_cases(CASES, Reader(), Policy(), step=seen.append)
    assert seen == [1, 2, 3, 4]


@pytest.mark.anyio
async def test_a_failed_case_is_a_row_like_any_other():
    def fails(problem, label):
        if problem.id == "a1":
            raise ServiceError("The service is busy.", "rate_limit")
        return prediction(label)

    rows, _ = await run_cases(CASES, Reader(fails), Policy())
    assert [row.outcome.value for row in rows] == [
        "classified",
        "error",
        "abstained",
        "classified",
    ]
    assert (rows[1].error, rows[1].label, rows[1].right) == ("service_rate_limit", None, False)


@pytest.mark.anyio
async def test_what_concerns_every_case_ends_the_run():
    def stops(problem, label):
        raise StopError("The key is wrong.", "key")

    with pytest.raises(StopError):
        await run_cases(CASES, Reader(stops), Policy())


@pytest.mark.anyio
async def test_the_threshold_decides_what_the_tie_rules_decide():
    def torn(problem, label):
        return prediction(label, p=0.6, existing_process=True)

    reader = Reader(torn)
    strict, _ = await run_cases(CASES[:1], reader, Policy(threshold=0.65))
    lax, _ = await run_cases(CASES[:1], reader, Policy(threshold=0.5))
    assert (strict[0].label, strict[0].decided_by) == (AUTOMATE, DecidedBy.TB3)
    assert strict[0].model_label is BUILD
    assert (lax[0].label, lax[0].decided_by) == (BUILD, DecidedBy.MODEL)


def given(*labels, review=(), revenue="3M", sells=False, quiz=None, **expected):
    """Return a business with given labels: None abstained, "error" failed."""
    wanted = {"recommendation": OFFICER, "rule": Rule.D3, "provisional": False} | expected
    return DecisionCase(
        id="d1",
        problems=tuple(
            {
                "label": label if isinstance(label, Label) else None,
                "outcome": "classified" if isinstance(label, Label) else label or "abstained",
                "needs_review": place in review,
            }
            for place, label in enumerate(labels)
        ),
        revenue=revenue,
        sells_software=sells,
        quiz=quiz,
        expected=Expected(**wanted),
        reason="r",
    )


A, B = AUTOMATE, BUILD


@pytest.mark.parametrize(
    ("case", "why"),
    [
        pytest.param(given(A, A, B), "", id="right"),
        pytest.param(
            given(A, A, B, recommendation=CTO),
            "recommendation fractional-ai-officer, not fractional-cto",
            id="another recommendation",
        ),
        pytest.param(given(A, A, B, rule=Rule.D2), "rule D3, not D2", id="another rule"),
        pytest.param(
            given(A, A, B, provisional=True), "provisional False, not True", id="firm after all"
        ),
        pytest.param(
            given(A, B, B, recommendation=OFFICER),
            "recommendation fractional-cto, not fractional-ai-officer; rule D2, not D3",
            id="two differences",
        ),
        pytest.param(
            given(A, A, B, None, provisional=True, provisional_because=(3,)),
            "",
            id="which is in doubt",
        ),
        pytest.param(
            given(A, A, B, None, provisional=True, provisional_because=(0,)),
            "provisional_because [3], not [0]",
            id="another one is in doubt",
        ),
        pytest.param(given(A, A, B, None, provisional=True), "", id="which is not stated"),
        pytest.param(
            given(A, A, B, review=[0], provisional=True, provisional_because=(0,)),
            "",
            id="a review may turn it",
        ),
        pytest.param(
            given(A, A, "error", provisional=False), "", id="an error that cannot turn it"
        ),
        pytest.param(
            given(A, A, revenue=None, provisional=True, open_facts=["revenue"]),
            "",
            id="revenue unknown",
        ),
        pytest.param(
            given(A, A, revenue=None, provisional=True, provisional_because=()),
            "open_facts ['revenue'], not []",
            id="a fact that is not named",
        ),
        pytest.param(
            given(A, A, revenue="12M", recommendation="full-time-ai-lead"), "", id="above $10M"
        ),
    ],
)
def test_a_decision_is_right_if_everything_about_it_is(case, why):
    (row,) = run_decisions([case])
    assert (row.why, row.right) == (why, not why)


def test_the_problems_of_a_business_are_named_by_their_places():
    rows = given_rows(given(A, None, B, review=[2]))
    assert [row.id for row in rows] == ["0", "1", "2"]
    assert [row.outcome for row in rows] == ["classified", "abstained", "classified"]
    assert rows[2].review_reasons == (ReviewReason.NO_EVIDENCE,)
    assert not rows[0].needs_review


TIES = [
    TieCase(id="t1", signals=("existing_process",), label=AUTOMATE, rule=DecidedBy.TB3),
    TieCase(id="t2", signals=("custom_system",), label=BUILD, rule=DecidedBy.TB2),
    TieCase(id="t3", signals=(), label=AUTOMATE, rule=DecidedBy.TB4),
]


def test_the_tie_breaker_is_held_to_label_and_rule():
    assert [(row.id, row.right, row.why) for row in run_ties(TIES)] == [
        ("t1", True, ""),
        ("t2", True, ""),
        ("t3", True, ""),
    ]
    wrong = [TIES[0].model_copy(update={"rule": DecidedBy.TB4})]
    wrong += [TIES[1].model_copy(update={"label": AUTOMATE})]
    assert [row.why for row in run_ties(wrong)] == [
        "automate-process by TB3, not automate-process by TB4",
        "build-software by TB2, not automate-process by TB2",
    ]


def test_a_broken_tie_rule_is_found(monkeypatch):
    def broken(signals: Signals):
        return (BUILD, DecidedBy.TB3) if signals.existing_process else (AUTOMATE, DecidedBy.TB4)

    monkeypatch.setattr(run_module, "break_tie", broken)
    figures = decision_figures(run_ties(TIES))
    assert (figures.right.right, figures.right.total) == (1, 3)
    assert set(figures.wrong) == {"t1", "t2"}


def business(*texts, labels, **values):
    known = {
        "id": "e1",
        "problems": texts,
        "labels": labels,
        "revenue": "3M",
        "sells_software": False,
        "quiz": None,
        "expected": Expected(recommendation=OFFICER, rule=Rule.D3, provisional=True),
        "reason": "r",
    }
    return BusinessCase(**known | values)


BUSINESS = business("Invoices are typed by hand.", "Paint my kitchen.", labels=(AUTOMATE, None))


@pytest.mark.anyio
async def test_a_business_in_its_own_words_is_held_to_its_recommendation_only():
    (row,) = await run_businesses([BUSINESS], Reader(), Policy())
    assert (row.right, row.why) == (True, "")
    assert (row.labels_right, row.labels, row.errors) == (2, 2, 0)
    firm = BUSINESS.expected.model_copy(update={"rule": Rule.D4, "provisional": False})
    (other,) = await run_businesses(
        [BUSINESS.model_copy(update={"expected": firm})], Reader(), Policy()
    )
    assert other.right


@pytest.mark.anyio
async def test_a_business_that_is_read_wrongly_says_what_came_out():
    def builds(problem, label):
        return prediction(BUILD)

    (row,) = await run_businesses([BUSINESS], Reader(builds), Policy())
    assert (row.right, row.labels_right) == (False, 0)
    assert row.why == "recommendation fractional-cto, not fractional-ai-officer"
    assert decision_figures([row]).labels.value == 0


@pytest.mark.anyio
async def test_a_business_of_which_a_problem_failed_says_so():
    def fails(problem, label):
        if "kitchen" in problem.text:
            raise ServiceError("The service is busy.", "rate_limit")
        return prediction(label)

    (row,) = await run_businesses([BUSINESS], Reader(fails), Policy())
    assert (row.right, row.errors, row.labels_right) == (True, 1, 1)


@pytest.mark.anyio
async def test_a_decision_that_depends_on_the_order_of_the_problems_is_wrong(monkeypatch):
    def first_wins(answers, profile, quiz):
        found = original(answers, profile, quiz)
        to = OFFICER if answers[0].label is AUTOMATE else CTO
        return replace(found, verdict=replace(found.verdict, recommendation=to))

    original = run_module.decide
    monkeypatch.setattr(run_module, "decide", first_wins)
    (row,) = await run_businesses([BUSINESS], Reader(), Policy())
    assert (row.right, row.why) == (False, "fractional-cto if the problems are read in reverse")


@pytest.mark.anyio
async def test_each_business_is_told_of():
    seen = []
    await run_businesses([BUSINESS, BUSINESS], Reader(), Policy(), step=seen.append)
    assert seen == [1, 2]


def test_a_decision_about_nothing_is_judged_too():
    case = given(recommendation="no-decision", rule="D0", provisional=True)
    assert run_decisions([case])[0].right
    decision = run_module.decide([], case.profile, None)
    assert judge_decision("d", decision, case.expected, labels=()).right


CSV = "id,text,label\n" + "".join(
    f"{n},Case {n}: orders are typed by hand into two lists,automate-process\n"
    if n % 2
    else f"{n},Case {n}: our customers want an app,build-software\n"
    for n in range(60)
)


def right(text):
    """Return the right reply about the cases above."""
    build = "want an app" in text
    return reply_for(text) | {
        "label": "build-software" if build else "automate-process",
        "customer_facing_software": build,
        "existing_process": not build,
        "confidence_percent": 95,
    }


@pytest.fixture
def cases(tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


@pytest.fixture
def triage(capsys, monkeypatch):
    return lambda *arguments: run_main(["eval", *arguments], capsys, monkeypatch)


def test_calls_that_fail_lower_the_accuracy_and_the_exit_code_says_so(triage, cases):
    with serving(reply=right) as whole:
        good = triage("--json", "--cases", cases, *whole.options)
    with serving(reply=right, faults=[Fault.REFUSAL], fault_rate=0.3) as broken:
        bad = triage("--json", "--cases", cases, *broken.options, "--fresh")
    before, after = good.values["problems"], bad.values["problems"]
    failed = after["errors"]
    assert (good.code, bad.code) == (0, 3)
    assert 10 <= failed <= 26
    assert before["accuracy"]["value"] == 1
    assert after["accuracy"] == {
        **after["accuracy"],
        "right": 60 - failed,
        "total": 60,
        "value": pytest.approx((60 - failed) / 60, abs=1e-6),
    }
    assert after["answered_accuracy"]["value"] == 1


def test_a_terminal_is_told_how_many_rows_failed(triage, cases):
    with serving(reply=right, faults=[Fault.REFUSAL], fault_rate=0.3) as broken:
        ended = triage("--cases", cases, *broken.options)
    assert ended.code == 3
    assert "of 60 rows ended in an error: wrong" in ended.out


def test_a_backend_that_always_abstains_has_no_accuracy(triage, cases):
    with serving(reply=lambda text: right(text) | {"neither": True}) as nobody:
        problems = triage("--json", "--cases", cases, *nobody.options).values["problems"]
    assert (problems["accuracy"]["value"], problems["coverage"]["value"]) == (0, 0)
    assert problems["accuracy"]["total"] == 60
    assert problems["false_abstentions"]["value"] == 1


def test_a_key_that_is_refused_stops_the_run_with_code_5(triage, cases):
    with serving(reply=right, key="sk-right") as locked:
        ended = triage("--cases", cases, *locked.options, "--api-key", "sk-wrong")
    assert (ended.code, ended.out) == (5, "")


def test_a_run_says_which_prompt_and_model_and_where_the_text_went(triage, cases):
    with serving(reply=right) as service:
        ended = triage("--json", "--cases", cases, "--prompt", "definition", *service.options)
    assert ended.err.splitlines()[0].startswith("backend: llm (m) at 127.0.0.1")
    settings = ended.values["settings"]
    assert (settings["backend"], settings["model"]) == ("llm", "m")
    assert settings["prompt"].startswith("definition@")
    assert (settings["brief"], settings["votes"], settings["repeats"]) == (False, 1, 1)


def test_brief_replies_are_asked_for_and_measured(triage, cases):
    with serving(reply=brief) as service:
        ended = triage("--json", "--brief", "--cases", cases, *service.options)
        schema = service.server.bodies[0]["response_format"]["json_schema"]["schema"]
    assert ended.code == 0
    assert ended.values["problems"]["accuracy"]["value"] == 1
    assert ended.values["settings"]["brief"] is True
    assert "rationale" not in schema["properties"]


def brief(text):
    reply = right(text)
    return {key: reply[key] for key in reply if key not in {"function", "evidence", "rationale"}}


def test_a_prompt_with_examples_shows_the_nearest_ones(triage, cases):
    with serving(reply=right) as service:
        options = ("--limit", "4", "--prompt", "guide-neighbours")
        ended = triage("--json", "--cases", cases, *options, *service.options)
        said = [body["messages"][1]["content"] for body in service.server.bodies]
    assert ended.code == 0
    assert len(said) == 4
    assert all(text.count("\nlabel: automate-process") == 3 for text in said)
    assert all(text.count("\nlabel: build-software") == 3 for text in said)


class Wavering:
    """Replies rightly the first time that it is asked about a text, and the other way later."""

    def __init__(self, turns_from):
        self.turns_from, self.seen = turns_from, {}

    def __call__(self, text):
        self.seen[text] = self.seen.get(text, 0) + 1
        reply = right(text)
        digest = hashlib.sha256(text.encode()).digest()
        if self.seen[text] > self.turns_from and digest[0] % 2:
            build = reply["label"] == "build-software"
            reply["label"] = "automate-process" if build else "build-software"
        return reply


def test_repeats_ask_anew_and_their_spread_is_told(triage, cases):
    wavering = Wavering(turns_from=1)
    with serving(reply=wavering) as service:
        values = triage("--json", "--repeats", "3", "--cases", cases, *service.options).values
        assert service.server.calls == 3 * 60
    problems, spread = values["problems"], values["problems"]["spread"]
    assert (problems["rows"], values["settings"]["repeats"]) == (180, 3)
    assert spread["repeats"] == 3
    assert spread["high"] == 1
    assert spread["low"] < 0.8
    turned = sum(hashlib.sha256(text.encode()).digest()[0] % 2 for text in wavering.seen)
    assert (spread["unstable"]["right"], spread["unstable"]["total"]) == (turned, 60)


def test_repeats_with_votes_ask_for_samples_of_their_own(triage, cases):
    with serving(reply=right) as service:
        options = ("--repeats", "2", "--votes", "3", "--limit", "5")
        assert triage("--json", "--cases", cases, *options, *service.options).code == 0
        assert service.server.calls == 2 * 3 * 5


def test_a_second_run_is_answered_from_the_cache_and_costs_nothing(triage, cases):
    with serving(reply=right) as service:
        options = ("--json", "--repeats", "2", "--limit", "10", "--cases", cases, *service.options)
        first = triage(*options).values["problems"]
        second = triage(*options).values["problems"]
        fresh = triage(*options, "--fresh").values["problems"]
        assert service.server.calls == 2 * 20
    for problems, calls in ((first, 20), (second, 0), (fresh, 20)):
        assert problems["usage"]["calls"] == problems["live"] == calls
        assert (problems["cached"]["right"], problems["cached"]["total"]) == (20 - calls, 20)
    assert second["accuracy"] == first["accuracy"]


def test_what_was_never_sent_does_not_count_as_cached(triage, tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text("text,label\n🙂 !!!,\nOrders are typed by hand,automate-process\n", "utf-8")
    with serving(reply=right) as service:
        problems = triage("--json", "--cases", path, *service.options).values["problems"]
        assert service.server.calls == 1
    assert problems["cached"]["right"] == 0
    assert problems["accuracy"]["value"] == problems["abstention_recall"]["value"] == 1


def test_what_the_embedded_half_of_a_cascade_answers_does_not_count_as_cached(
    triage, cases, monkeypatch
):
    class Sure(Oracle):
        def __init__(self, prior=0.5):
            super().__init__(says=lambda problem, _: prediction(AUTOMATE, p=0.99))

    monkeypatch.setattr(embedded, "EmbeddedModel", Sure)
    with serving(reply=right) as service:
        options = ("--backend", "cascade", "--cases", cases, *service.options)
        problems = triage("--json", *options).values["problems"]
        assert service.server.calls == 0
    assert (problems["cached"]["right"], problems["live"], problems["rows"]) == (0, 0, 60)


def test_errors_of_pairs_and_businesses_are_told_by_the_exit_code(triage, monkeypatch):
    class Fails(Oracle):
        def __init__(self, prior=0.5):
            super().__init__(says=self.answer)

        def answer(self, problem, label):
            if "+x-" in problem.id or problem.id == "1":
                raise ServiceError("The service is busy.", "rate_limit")
            return prediction(label)

    monkeypatch.setattr(embedded, "EmbeddedModel", Fails)
    ended = triage("--json", "--set", "attacks", "--limit", "5")
    assert ended.code == 3
    assert ended.values["attacks"]["to_abstention_or_error"]["value"] == 1
    assert triage("--json", "--set", "businesses").code == 3
    assert triage("--json", "--set", "problems", "--limit", "5").code == 0


def test_the_figures_are_those_of_the_rows(triage, cases, tmp_path):
    with serving(reply=right) as service:
        options = ("--json", "--cases", cases, "-o", tmp_path / "run", *service.options)
        values = triage(*options).values
    assert json.loads((tmp_path / "run" / "summary.json").read_text("utf-8")) == {
        key: value for key, value in values.items() if key != "settings"
    }
