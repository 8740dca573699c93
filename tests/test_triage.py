"""The main flow as a library call: one text, one answer; the order is kept."""

import asyncio
import subprocess
import sys
import threading
from decimal import Decimal

import pytest

from support.openai_server import Fault, OpenAIServer
from triage_agent import (
    Advice,
    AsyncTriage,
    InputError,
    Label,
    Options,
    Outcome,
    Problem,
    Profile,
    Recommendation,
    SettingsError,
    StopError,
    Triage,
)
from triage_agent.advice import load_quiz, score
from triage_agent.intake import from_stream

AUTOMATE = "Two people type supplier invoices into the accounting program by hand every week"
BUILD = "Our customers want an app on their phones to follow their deliveries"
THREE = [
    "Leads get lost because nobody follows up fast enough",
    "Our inventory data is always wrong",
    "We spend 40 hours a week on reporting",
]
WEAK = dict.fromkeys((question.id for question in load_quiz().questions), 0)


@pytest.fixture(scope="module")
def triage():
    with Triage() as one:
        yield one


class TestClassify:
    def test_one_text_gets_one_classification(self, triage):
        row = triage.classify(AUTOMATE)
        assert (row.label, row.outcome, row.backend) == (
            Label.AUTOMATE,
            Outcome.CLASSIFIED,
            "embedded",
        )

    def test_a_list_in_a_text_is_not_split(self, triage):
        text = f"1. {AUTOMATE}\n2. {BUILD}"
        assert triage.classify(text).text == text
        assert [row.text for row in triage.classify_many([text])] == [text]

    def test_many_keep_their_order_and_their_ids(self, triage):
        given = [Problem("b", BUILD), AUTOMATE, Problem("a", AUTOMATE)]
        rows = list(triage.classify_many(given))
        assert [row.id for row in rows] == ["b", "2", "a"]
        assert [row.label for row in rows] == [Label.BUILD, Label.AUTOMATE, Label.AUTOMATE]

    def test_many_are_taken_as_they_are_wanted(self, triage):
        taken = []

        def endless():
            while True:
                taken.append(1)
                yield AUTOMATE

        rows = triage.classify_many(endless())
        assert next(rows).label is Label.AUTOMATE
        rows.close()
        assert len(taken) < 20

    def test_an_error_of_the_caller_is_raised_where_it_happened(self, triage):
        def broken():
            yield AUTOMATE
            raise ValueError("mine")

        rows = triage.classify_many(broken())
        with pytest.raises(ValueError, match="mine"):
            list(rows)

    def test_an_input_row_that_is_no_problem_is_a_row_in_error(self, triage, tmp_path):
        path = tmp_path / "in.jsonl"
        path.write_text('{"text": "Invoices go out late"}\n{"id": 7}\n', encoding="utf-8")
        with path.open("rb") as stream:
            rows = list(triage.classify_many(from_stream(stream)))
        assert [row.outcome for row in rows] == [Outcome.CLASSIFIED, Outcome.ERROR]
        assert rows[1].error.type == "InputError"


class TestAdvise:
    def test_three_problems_of_automation_lead_to_the_ai_officer(self, triage):
        advice = triage.advise(THREE, Profile.parse(revenue="3M"))
        assert isinstance(advice, Advice)
        assert advice.recommendation is Recommendation.FRACTIONAL_AI_OFFICER
        assert len(advice.problems) == 3
        assert not advice.failed

    def test_a_pasted_text_is_split_into_problems(self, triage):
        advice = triage.advise("My problems:\n1. Invoices go out late\n2. Stock is always wrong")
        assert [row.text for row in advice.problems] == [
            "Invoices go out late",
            "Stock is always wrong",
        ]

    def test_a_text_without_a_problem_is_an_input_error(self, triage):
        with pytest.raises(InputError, match="no problem to read"):
            triage.advise("  \n ")

    @pytest.mark.parametrize("quiz", [WEAK, score(WEAK)], ids=["answers", "result"])
    def test_the_quiz_decides_a_tie(self, triage, quiz):
        assert triage.advise([AUTOMATE, BUILD]).recommendation is Recommendation.TAKE_THE_QUIZ
        advice = triage.advise([AUTOMATE, BUILD], quiz=quiz)
        assert advice.recommendation is Recommendation.FRACTIONAL_CTO

    def test_half_a_quiz_is_an_input_error(self, triage):
        with pytest.raises(InputError, match="no answer for"):
            triage.advise([AUTOMATE], quiz={"data": 1})

    def test_the_hourly_cost_is_the_one_given(self, triage):
        plan = triage.advise(THREE, hourly_cost=Decimal(100)).plan
        assert "$100 an hour" in plan.hours_cost[0]


class TestOpening:
    def test_by_default_the_embedded_model_reads_whatever_the_environment_names(self, monkeypatch):
        monkeypatch.setenv("TRIAGE_MODEL", "gpt-x")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        with Triage() as triage:
            assert "(backend: embedded (" in triage.line

    def test_options_and_settings_by_name_go_together(self):
        with Triage(Options(threshold=0.7), prior=0.3) as triage:
            assert (triage.options.threshold, triage.options.prior) == (0.7, 0.3)

    def test_a_backend_may_be_named_by_a_string(self):
        with pytest.raises(SettingsError, match="needs the name of a model"):
            Triage(backend="cascade")

    @pytest.mark.parametrize(
        ("settings", "says"),
        [
            ({"votes": "abc"}, "votes must be int and at least 1 and at most 15, not 'abc'"),
            ({"votes": 0}, "votes must be int and at least 1"),
            ({"threshold": 7}, "threshold must be float and at least 0.5 and at most 1, not 7"),
            ({"timeout": None}, "timeout must be float"),
            ({"fresh": "yes"}, "fresh must be bool"),
            ({"backend": "embeded"}, "backend must be one of auto, llm, embedded, cascade"),
            ({"api_key": 5}, "api_key must be str, not what was given"),
        ],
    )
    def test_a_wrong_value_is_a_settings_error_that_names_it(self, settings, says):
        with pytest.raises(SettingsError, match=says):
            Triage(**settings)

    def test_what_is_not_a_text_is_a_type_error(self, triage):
        with pytest.raises(TypeError, match="not NoneType"):
            triage.classify(None)
        with pytest.raises(TypeError, match="several texts"):
            list(triage.classify_many("abc"))
        with pytest.raises(TypeError, match="model="):
            Triage("gpt-5-mini")

    def test_a_closed_one_says_so(self):
        triage = Triage()
        rows = triage.classify_many([AUTOMATE] * 9)
        next(rows)
        triage.close()
        with pytest.raises(RuntimeError, match="closed"):
            triage.classify(AUTOMATE)
        with pytest.raises(RuntimeError, match="closed"):
            next(rows)

    def test_a_setting_that_is_none_is_a_type_error(self):
        with pytest.raises(TypeError, match="modle"):
            Triage(modle="gpt-x")

    def test_close_ends_the_thread_and_a_second_call_does_nothing(self):
        before = threading.active_count()
        triage = Triage()
        triage.classify(AUTOMATE)
        triage.close()
        triage.close()
        assert threading.active_count() <= before + 1  # asyncio's own pool may keep one

    def test_it_works_where_an_event_loop_runs_already(self):
        async def notebook():
            with Triage() as triage:
                return triage.classify(AUTOMATE).label

        assert asyncio.run(notebook()) is Label.AUTOMATE


@pytest.mark.anyio
class TestAnLLM:
    async def test_key_and_address_come_from_the_environment(self, monkeypatch):
        async with OpenAIServer() as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
            async with AsyncTriage(model="m-1") as triage:
                row = await triage.classify(BUILD)
        assert (row.backend, row.model) == ("llm", "m-1")
        assert row.outcome is Outcome.CLASSIFIED

    async def test_a_server_on_this_machine_is_reached_without_a_proxy(self, monkeypatch):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nobody listens
        async with (
            OpenAIServer() as server,
            AsyncTriage(model="m-1", base_url=server.base_url) as triage,
        ):
            assert "on this machine" in triage.line
            assert (await triage.classify(BUILD)).outcome is Outcome.CLASSIFIED

    async def test_what_no_retry_can_change_is_raised(self):
        async with (
            OpenAIServer(schedule=[Fault.KEY] * 9) as server,
            AsyncTriage(model="m-1", base_url=server.base_url) as triage,
        ):
            with pytest.raises(StopError):
                await triage.advise(THREE)


class TestAProgram:
    """What a script does that uses `Triage`, in a process of its own."""

    @staticmethod
    def ends(code, **more):
        return subprocess.run(
            [sys.executable, "-c", f"from triage_agent import Triage\n{code}"],
            capture_output=True,
            timeout=60,
            check=False,
            **more,
        )

    @pytest.mark.parametrize(
        "code",
        [
            pytest.param("t = Triage(); t.classify('Invoices are late')", id="not closed"),
            pytest.param("t = Triage(); raise SystemExit(0)", id="an exit"),
            pytest.param(
                "t = Triage(); g = t.classify_many(['Invoices are late'] * 99); next(g)",
                id="a generator that is half read",
            ),
        ],
    )
    def test_that_forgets_to_close_ends(self, code):
        done = self.ends(code)
        assert (done.returncode, done.stderr) == (0, b"")

    def test_that_forks_is_told_to_make_one_in_each_process(self):
        done = self.ends(
            "import os\n"
            "t = Triage()\n"
            "if os.fork() == 0:\n"
            "    try:\n"
            "        t.classify('x')\n"
            "    except RuntimeError as error:\n"
            "        print(error, flush=True)\n"
            "    os._exit(0)\n"
            "os.wait()\n"
        )
        assert b"another process" in done.stdout

    def test_that_is_interrupted_gets_a_keyboard_interrupt(self):
        done = self.ends(
            "import os, signal, threading\n"
            "with Triage() as t:\n"
            "    threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
            "    try:\n"
            "        for row in t.classify_many(iter(lambda: 'Invoices are late', None)):\n"
            "            pass\n"
            "    except KeyboardInterrupt:\n"
            "        print('interrupted')\n"
        )
        assert done.stdout.strip() == b"interrupted", done.stderr


def test_problems_are_taken_in_the_callers_thread(triage):
    threads = set()

    def source():
        for _ in range(20):
            threads.add(threading.get_ident())
            yield AUTOMATE

    assert len(list(triage.classify_many(source()))) == 20
    triage.advise(source())
    assert threads == {threading.get_ident()}


def test_answers_before_an_error_of_the_source_are_given(triage):
    def source():
        yield from [AUTOMATE] * 20
        raise OSError("mine")

    rows = triage.classify_many(source())
    assert [next(rows).label for _ in range(20)] == [Label.AUTOMATE] * 20
    with pytest.raises(OSError, match="mine"):
        next(rows)
