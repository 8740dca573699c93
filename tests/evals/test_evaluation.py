"""`triage eval` and its commands on recorded runs, as their users see them."""

import asyncio
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from rich.console import Console
from rich.text import Text

from support.eval_sets import Oracle, Sets, flag_figures, run_main, serving
from triage_agent.evals import evaluation, terminal
from triage_agent.evals.comparison import compare
from triage_agent.evals.evaluation import EvalRequest
from triage_agent.evals.gate import Check, Limit, MissingRecord
from triage_agent.evals.rates import rate
from triage_agent.evals.record import Run, settings_of, write_run
from triage_agent.evals.rows import EvalRow
from triage_agent.evals.summary import DecisionFigures, RunSummary, summarise_rows
from triage_agent.models import embedded
from triage_agent.settings import Backend, Options
from triage_agent.types import Label, Outcome, Usage

BUILD, AUTOMATE = Label.BUILD, Label.AUTOMATE


@pytest.fixture
def triage(capsys, monkeypatch):
    return lambda *arguments: run_main(["eval", *arguments], capsys, monkeypatch)


@pytest.fixture
def sets(tmp_path, monkeypatch):
    """Return small sets, read by a model that is mistaken about every fifth of them."""
    found = Sets(tmp_path, monkeypatch, problems=30)
    wrong = sorted(found.cases)[::5]
    monkeypatch.setattr(embedded, "EmbeddedModel", lambda prior: Oracle(prior, wrong=wrong))
    monkeypatch.setattr(evaluation, "_red_flags", lambda progress: flag_figures(3, 4))
    return found


def widest(text):
    return max(map(len, text.splitlines()))


def test_without_a_set_the_problems_are_measured_with_every_count_and_interval(sets, triage):
    ended = triage()
    assert ended.code == 0
    assert ended.err == "Read on this computer; nothing is sent. (backend: embedded (oracle))\n"
    right = sum(case.label is not None and case.counted for case in sets.cases.values())
    line = next(line for line in ended.out.splitlines() if line.startswith("accuracy  "))
    assert re.search(rf"0\.\d\d\d +\d+/{right} +0\.\d\d\d–\d\.\d\d\d", line)
    for word in (
        "coverage",
        "precision, build-software",
        "recall, automate-process",
        "abstained where that is right",
        "floor: majority",
        "floor: keyword",
        "surest 30 % of the answers",
        "AUC",
        "out-of-scope detection: AUROC 1.000",
        "(AURC)",
        "calibration error",
        "among owners with build=0.3",
    ):
        assert word in ended.out


@pytest.mark.parametrize(
    ("name", "shown", "hidden"),
    [
        ("decisions", "decisions by the rules", "accuracy"),
        ("businesses", "businesses from their own words", "accuracy"),
        ("attacks", "attacks that won", "other words"),
        ("perturbations", "other words, other label", "attacks"),
        ("red-flags", "red flags, all right", "accuracy"),
        ("redaction", "private values hidden", "accuracy"),
    ],
)
def test_one_set_is_measured_alone(sets, triage, name, shown, hidden):
    out = triage("--set", name).out
    assert shown in out
    assert hidden not in out


def test_the_reader_of_red_flags_may_have_an_event_loop_of_its_own(sets, triage, monkeypatch):
    async def read():
        return flag_figures(1, 4)

    monkeypatch.setattr(evaluation, "_red_flags", lambda progress: asyncio.run(read()))
    assert triage("--set", "red-flags", "--json").values["red_flags"]["exact"]["value"] == 0.25


def test_several_sets_are_measured_together(sets, triage):
    said = triage("--set", "decisions", "--set", "businesses", "--json").values
    assert set(said) == {"settings", "decisions", "businesses"}
    assert said["settings"]["sets"].keys() == {"decisions", "ties", "businesses"}


def test_another_prior_is_another_second_view(sets, triage):
    said = triage("--json", "--prior", "0.6").values
    assert set(said["problems"]["prior"]) == {"build=0.6"}
    assert said["problems"]["prior"]["build=0.6"]["prior_build"] == 0.6
    assert "among owners with build=0.6" in triage("--prior", "build=0.6").out


def test_the_threshold_of_the_tie_breaker_is_that_of_the_option(sets, triage, monkeypatch):
    said = triage("--json", "--threshold", "0.96").values  # the oracle is 0.95 sure
    assert set(said["problems"]["by_rule"]) == {"TB4"}
    assert said["settings"]["threshold"] == 0.96


def test_a_run_that_is_kept_has_its_rows_its_figures_and_a_page(sets, triage, tmp_path):
    folder = tmp_path / "deep" / "run"
    ended = triage("-o", folder)
    assert ended.code == 0
    assert str(folder / "report.html") in ended.err.replace("\n", "")
    assert sorted(path.name for path in folder.iterdir()) == [
        "report.html",
        "rows.jsonl",
        "settings.json",
        "summary.json",
    ]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "Evaluation of oracle" in page


@pytest.mark.parametrize("columns", [80, 60])
def test_what_is_printed_fits_the_terminal(sets, triage, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(embedded, "EmbeddedModel", lambda prior: Oracle(prior))
    for ended in (triage("--gate"), triage("--repeats", "2")):
        assert ended.code in {0, 7}
        assert "accuracy" in ended.out
        assert widest(ended.out) <= columns


@pytest.mark.parametrize("columns", ["20", "5", "1"])
def test_a_terminal_that_is_far_too_narrow_is_no_error(sets, triage, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    assert triage("--gate").code in {0, 7}


def rows_of(*outcomes):
    return [
        EvalRow(
            str(n),
            BUILD,
            Outcome.CLASSIFIED if got else Outcome.ERROR,
            (BUILD if got == "right" else AUTOMATE) if got else None,
            error=None if got else "service_timeout",
        )
        for n, got in enumerate(outcomes)
    ]


def printed(draw, columns, monkeypatch):
    """Return what is drawn on a console of this width."""
    out = io.StringIO()
    console = Console(file=out, width=columns, highlight=False)
    monkeypatch.setattr(terminal, "stdout_console", lambda: console)
    draw()
    return out.getvalue()


@pytest.mark.parametrize("columns", [80, 60])
def test_the_longest_names_and_counts_fit_the_terminal(monkeypatch, columns):
    problems = summarise_rows(rows_of("right", "wrong", ""))
    names = ("accuracy", "coverage", "answered_accuracy", "tie_breaker_off")
    headline = replace(
        problems.headline,
        **dict.fromkeys(names, rate(123_456, 234_567)),
        latency_p50=123.45,
        latency_p95=543.21,
        live=123_456,
        usage=Usage(10**6, 10**9, 10**9),
    )
    summary = RunSummary(problems=replace(problems, headline=headline))
    settings = settings_of("llm", "org/" + "model-" * 20, "guide-examples@12345678", {})
    text = printed(lambda: terminal.show_summary(settings, summary), columns, monkeypatch)
    assert widest(text) <= columns
    assert "123456/234567" in text


def test_what_comes_from_outside_is_no_markup_and_steers_no_terminal(monkeypatch):
    settings = settings_of("llm", "[bold]m[/x]\x1b[31m :smile:", "a[/b]@1", {})
    text = printed(lambda: terminal.show_summary(settings, RunSummary()), 80, monkeypatch)
    assert text == "llm: [bold]m[/x][31m :smile:, prompt a[/b]@1\n"
    checks = [Check("[/b]\x1b x", 1.0, Limit(min=0.5)), MissingRecord("p[/q]@1", "recorded run")]
    text = printed(lambda: terminal.show_checks(checks), 200, monkeypatch)
    assert "  [/b] x 1.000, at least 0.500: kept\n" in text
    assert "! the prompt p[/q]@1 has no recorded run" in text
    assert text.endswith("gate: 1 of 2 kept\n")


def test_decisions_that_are_wrong_are_named_and_of_many_the_first():
    wrong = {f"d-{n}": "rule D3, not D2" for n in range(7)}
    none, some = (DecisionFigures(rate(0, 1), None, names) for names in ({}, wrong))
    shown = terminal.wrong_decisions(RunSummary(decisions=some, businesses=none))
    assert shown[0] == "! d-0: rule D3, not D2"
    assert shown[5:] == ["! and 2 more decisions (--json lists all)"]


def test_repeats_are_told_with_how_far_apart_they_are_and_what_wavered():
    first, second = rows_of("right", "right", ""), rows_of("right", "wrong", "")
    again = [replace(row, repeat=1) for row in second]
    assert terminal.running(summarise_rows([*first, *again]).headline)[1] == (
        "2 repeats: accuracy from 0.333 to 0.667; 1 of 3 answers changed"
    )
    assert len(terminal.running(summarise_rows(first).headline)) == 1


def test_rows_in_error_and_what_the_calls_were_like_are_told(monkeypatch):
    rows = rows_of("right", "", "")
    figures = replace(
        summarise_rows(rows).headline,
        latency_p50=1.5,
        latency_p95=2.5,
        live=3,
        usage=Usage(4, 5, 6),
    )
    assert terminal.running(figures) == [
        "2 of 3 rows ended in an error: wrong",
        "live calls: 3, median 1.50 s, 95th percentile 2.50 s",
        "4 calls, 5 tokens in, 6 out; answered from the cache: 0 of 3",
    ]


def kept(folder, *outcomes, ids=None, model="m"):
    rows = rows_of(*outcomes)
    if ids:
        rows = [EvalRow(i, r.expected, r.outcome, r.label) for i, r in zip(ids, rows, strict=True)]
    write_run(folder, Run(settings_of("b", model, None, {}), tuple(rows)), {})
    return folder


def half(total=400, right=200):
    return ["right"] * right + ["wrong"] * (total - right)


@pytest.mark.parametrize(
    ("a", "b", "code", "verdict"),
    [
        pytest.param(half(), half(), 0, "no difference", id="identical runs"),
        pytest.param(half(), half(right=201), 0, "no difference", id="one better row"),
        pytest.param(half(), half(right=230), 0, "better", id="30 better rows"),
        pytest.param(half(right=230), half(), 7, "worse", id="30 worse rows"),
        pytest.param(half(20, 10), half(20, 11), 8, "underpowered", id="few rows"),
        pytest.param(half(), [*half(right=150), *[]], 7, "worse", id="50 worse rows"),
        pytest.param(half(), ["" if n % 3 else "right" for n in range(400)], 7, "worse",
                     id="many errors"),
    ],
)  # fmt: skip
def test_the_verdict_on_two_runs_is_an_exit_code(tmp_path, triage, a, b, code, verdict):
    first, second = kept(tmp_path / "a", *a), kept(tmp_path / "b", *b)
    ended = triage("compare", first, second)
    assert ended.code == code
    # A long path may be folded.
    assert f"against {first}: {verdict}".replace(" ", "") in re.sub(r"\s", "", ended.out)
    found = triage("compare", "--json", first, second)
    assert (found.code, found.values["verdict"]) == (code, verdict)
    assert found.values["changed"] == [
        {"id": str(n), "a": got(x), "b": got(y), "became": "right" if y == "right" else "wrong"}
        for n, (x, y) in enumerate(zip(a, b, strict=True))
        if (x == "right") != (y == "right")
    ]


def got(outcome):
    return {"right": BUILD.value, "wrong": AUTOMATE.value, "": "error"}[outcome]


def test_of_several_runs_one_that_is_worse_decides_the_exit_code(tmp_path, triage):
    base = kept(tmp_path / "a", *half())
    better = kept(tmp_path / "b", *half(right=240))
    worse = kept(tmp_path / "c", *half(right=160))
    ended = triage("compare", "--json", base, better, worse)
    assert ended.code == 7
    said = [json.loads(line) for line in ended.out.splitlines()]
    assert [(one["run"], one["verdict"]) for one in said] == [
        (str(better), "better"),
        (str(worse), "worse"),
    ]
    assert all(one["p_holm"] >= one["p"] for one in said)


def test_a_wider_margin_settles_what_a_narrow_one_leaves_open(tmp_path, triage):
    a, b = kept(tmp_path / "a", *half(100, 50)), kept(tmp_path / "b", *half(100, 52))
    assert triage("compare", a, b).code == 8
    assert triage("compare", "--margin", "0.2", a, b).code == 0


@pytest.mark.parametrize(
    ("ids", "said"),
    [(["x", "y"], "have no case in common"), (["0", "y"], "and .* does not")],
    ids=["disjoint sets", "another case"],
)
def test_runs_of_different_cases_are_an_error_and_no_verdict(tmp_path, triage, ids, said):
    first = kept(tmp_path / "a", "right", "wrong")
    ended = triage("compare", first, kept(tmp_path / "b", "right", "right", ids=ids))
    assert (ended.code, ended.out) == (4, "")
    assert re.search(said, " ".join(ended.err.split()))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["a", "no-such"], 4, "no-such holds no run"),
        (["no-such", "a"], 4, "no-such holds no run"),
        (["a", "empty"], 4, "empty holds no run"),
        (["a", "a/rows.jsonl"], 4, "holds no run"),
        (["a", "b", "b"], 4, "The same run is named twice"),
        (["a"], 2, "Missing argument"),
        (["a", "b", "--margin", "0"], 2, "--margin"),
        (["a", "b", "--margin", "-1"], 2, "--margin"),
        (["a", "torn"], 4, "torn/rows.jsonl, line 1 is not a row of a run"),
    ],
)
def test_a_run_that_is_none_is_an_error_that_names_it(
    tmp_path, monkeypatch, triage, arguments, code, said
):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b", "torn"):
        kept(tmp_path / name, "right", "wrong")
    (tmp_path / "torn" / "rows.jsonl").write_text('{"id": 1', encoding="utf-8")
    (tmp_path / "empty").mkdir()
    ended = triage("compare", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert said in " ".join(ended.err.replace("│", " ").split())


@pytest.mark.parametrize("columns", ["80", "60"])
def test_ids_from_outside_are_no_markup_and_fit_the_terminal(
    tmp_path, triage, monkeypatch, columns
):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.chdir(tmp_path)
    ids = ["[/b]", "[red]x", "a\x1b[31mb", ":smile:", "y" * 200]
    kept(tmp_path / "a", *["right"] * 5, ids=ids)
    kept(tmp_path / "b", *["wrong"] * 5, ids=ids)
    ended = triage("compare", "a", "b")
    for shown in ("wrong: [/b] (", "wrong: [red]x (", "wrong: a[31mb (", "wrong: :smile: ("):
        assert shown in ended.out
    assert widest(ended.out) <= int(columns)


def test_of_many_changed_rows_ten_are_shown_and_the_rest_counted():
    shown = compare(rows_of(*half()), rows_of(*half(right=230))).lines("a", "b")
    assert sum(line.startswith("  now right: ") for line in shown) == 10
    assert shown[-1] == "  and 20 more (--json lists all)"


def test_the_names_of_a_cascades_models_are_text_and_no_markup(tmp_path, triage):
    small = kept(tmp_path / "a", "right", "wrong", model="[bold]s[/x]")
    ended = triage("cascade", small, kept(tmp_path / "b", "right", "right", model="l\x1b[31m"))
    assert ended.code == 0
    assert ended.out.splitlines()[-2:] == [
        "[bold]s[/x] alone: 0.500 (1/2)",
        "l[31m alone: 1.000 (2/2)",
    ]


def test_a_program_measures_without_a_terminal(sets, tmp_path):
    reported, started = [], []

    def progress(title, total):
        done = []
        started.append((title, total, done))
        return done.append

    request = EvalRequest(
        ("problems", "decisions"), None, False, 8, 1, 0.3, None, Options(Backend.EMBEDDED)
    )
    result = evaluation.evaluate(request, progress, reported.append)
    assert reported == ["Read on this computer; nothing is sent. (backend: embedded (oracle))"]
    assert started == [("problems", 8, [1, 2, 3, 4, 5, 6, 7, 8])]
    assert result.summary.problems.headline.rows <= 8
    assert result.summary.decisions.right.value == 1
    assert result.summary.attacks is None
    assert (result.checks, result.exit_code) == (None, 0)
    page = result.write(tmp_path / "run")
    assert json.loads((page.parent / "summary.json").read_text("utf-8")) == {
        name: part
        for name, part in json.loads(json.dumps(result.values())).items()
        if name != "settings"
    }


TRIAGE = [sys.executable, "-m", "triage_agent.cli.main", "eval"]


def program(*arguments, **more):
    environment = {**os.environ, "COLUMNS": "80"}
    return subprocess.run(
        [*TRIAGE, *map(str, arguments)],
        capture_output=True,
        timeout=120,
        check=False,
        env=environment,
        **more,
    )


def test_the_installed_program_measures_the_shipped_decisions():
    ended = program("--set", "decisions")
    assert ended.returncode == 0
    assert re.search(r"decisions by the rules +1\.000 +\d+/\d+", ended.stdout.decode())


def test_help_loads_none_of_what_measuring_needs():
    code = (
        "import sys; sys.argv = ['triage', 'eval', '--help']\n"
        "from triage_agent.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'scipy', 'sklearn', 'onnxruntime', 'openai', 'jinja2', 'pygal'}\n"
        "sys.stderr.write(','.join(sorted(heavy & set(sys.modules))))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert ended.stderr == b""
    for option in (
        b"--set",
        b"--cases",
        b"--gate",
        b"--limit",
        b"--repeats",
        b"--prior",
        b"compare",
    ):
        assert option in ended.stdout


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    kept(tmp_path / "a", *half())
    kept(tmp_path / "b", *half(right=230))
    command = [*TRIAGE, "compare", str(tmp_path / "a"), str(tmp_path / "b")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_ctrl_c_ends_a_run_with_130_and_without_a_traceback(tmp_path):
    cases = tmp_path / "cases.csv"
    cases.write_text("text,label\nInvoices are typed by hand,automate-process\n", "utf-8")
    with serving(latency_s=30.0) as slow:
        command = [*TRIAGE, "--cases", str(cases), *slow.options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            until = time.monotonic() + 60
            while not slow.server.calls and time.monotonic() < until:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err


def test_cases_may_come_from_a_pipe():
    table = b'{"text": "Invoices are typed by hand.", "label": "automate-process"}\n'
    ended = program("--json", "--cases", "-", input=table)
    assert ended.returncode == 0
    said = json.loads(ended.stdout)
    assert said["problems"]["rows"] == 1
    assert said["settings"]["sets"] == {"cases": {"file": "-", "sha256": None}}


def test_a_text_is_a_text_to_the_console():
    """The reason for `Text` in what is printed: a bare string is markup to rich."""
    out = io.StringIO()
    Console(file=out).print(Text("[bold]x"))
    assert out.getvalue() == "[bold]x\n"
