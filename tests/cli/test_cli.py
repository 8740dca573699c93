"""The program as a user starts it: commands, pipes, terminals, Ctrl-C."""

import json
import re
import signal
import subprocess
import sys

import pytest

from support.program import TRIAGE, in_pseudo_terminal, triage
from triage_agent.cli.reading import noted
from triage_agent.intake import Passage, ReadText
from triage_agent.types import Problem, Source

THREE = [
    "Leads get lost because nobody follows up fast enough",
    "Our inventory data is always wrong",
    "We spend 40 hours a week on reporting",
]
TIE = [
    "We copy every order by hand into QuickBooks",
    "Our customers want an app to follow their deliveries",
]


def rows_of(result):
    return [json.loads(line) for line in result.stdout.decode().splitlines()]


def test_three_problems_of_automation_lead_to_the_ai_officer_by_rule_d3():
    result = triage("advise", "--json", "--revenue", "3M", *THREE)
    advice = json.loads(result.stdout)
    assert result.returncode == 0
    assert advice["recommendation"] == "fractional-ai-officer"
    assert advice["rule_trace"][-1] == {
        "rule": "D3",
        "applied": True,
        "because": "0 to build, 3 to automate; revenue $3M, from $1M to $10M",
    }
    assert list(advice) == [
        "schema_version",
        "problems",
        "votes",
        "profile",
        "quiz",
        "recommendation",
        "provisional",
        "provisional_because",
        "to_settle",
        "rule_trace",
        "plan",
    ]


def test_a_classified_row_has_the_keys_of_the_contract_in_order():
    row = rows_of(triage("classify", "--json", THREE[2]))[0]
    assert " ".join(row) == (
        "schema_version id text source holds_several outcome label p_build probability "
        "probability_from decided_by abstained_because needs_review review_reasons signals "
        "function hours_per_week evidence rationale truncated backend model prompt usage "
        "duration_s error"
    )
    assert row["label"] == "automate-process"
    assert row["hours_per_week"] == 40
    assert row["backend"] == "embedded"


def test_the_prior_multiplies_the_odds_of_build_software_by_its_own():
    text = "We need a tool that turns our price list into quotes for customers"
    usual, low = (
        rows_of(triage("classify", "--json", *prior, text))[0]["p_build"]
        for prior in ([], ["--prior", "0.2"])
    )
    assert low / (1 - low) == pytest.approx(usual / (1 - usual) / 4, rel=0.01)


def test_the_first_line_on_stderr_names_the_backend_and_results_are_on_stdout():
    result = triage("classify", THREE[0])
    assert "(backend: embedded (" in result.stderr.decode().splitlines()[0]
    assert "work to automate" in result.stdout.decode()
    assert "\x1b" not in result.stdout.decode()


def test_json_lines_keep_their_ids_and_a_bad_line_ends_only_its_own_row():
    lines = (
        b'{"id": "a", "text": "Two people type supplier invoices by hand", "x": 1}\n'
        b'{"id": 7}\nno json\n{"text": "Invoices go out late every month"}\n'
    )
    result = triage("classify", "--json", stdin=lines)
    rows = rows_of(result)
    assert [row["id"] for row in rows] == ["a", "7", "3", "4"]
    assert [row["outcome"] for row in rows] == ["classified", "error", "error", "classified"]
    assert "Line 3" in rows[2]["error"]["message"]
    assert result.returncode == 3


def test_pasted_lists_are_split_into_problems():
    pasted = b"My problems:\n1. Invoices go out late\n2. Leads are not followed up\n"
    assert [row["text"] for row in rows_of(triage("classify", "--json", stdin=pasted))] == [
        "Invoices go out late",
        "Leads are not followed up",
    ]


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "says"),
    [
        pytest.param(["classify"], b"", 4, "no problem to read", id="no input"),
        pytest.param(["classify"], b" \n\t\n", 4, "no problem to read", id="white space"),
        pytest.param(["classify"], b"ok\nb\xe9d", 4, "line 2", id="not UTF-8"),
        pytest.param(["classify", "forms.csv"], b"", 4, "name of a file", id="a path"),
        pytest.param(["classify", "README.md"], b"", 4, "name of a file", id="an existing file"),
        pytest.param(["advise", "--revenue", "banana", "x"], b"", 4, "'banana'", id="a fruit"),
        pytest.param(["advise", "--revenue", "-5M", "x"], b"", 4, "negative", id="negative"),
        pytest.param(
            ["advise", "--usd-rate", "0", "--revenue", "€3M", "x"], b"", 4, "positive", id="no rate"
        ),
        pytest.param(["advise", "--quiz", "none.json", "x"], b"", 4, "none.json", id="no quiz"),
        pytest.param(["classify", "--backend", "llm", "x"], b"", 2, "--model", id="no model"),
        pytest.param(["classify", "--backend", "cloud", "x"], b"", 2, "cloud", id="bad choice"),
        pytest.param(["classify", "--nonsense"], b"", 2, "--nonsense", id="unknown option"),
        pytest.param(["classify", "--threshold", "2", "x"], b"", 2, "threshold", id="threshold"),
        pytest.param(["classify", "--backend", "cascade", "x"], b"", 2, "--model", id="no LLM"),
        pytest.param(["classify", "--prior", "0", "x"], b"", 2, "between 0 and 1", id="prior 0"),
        pytest.param(["advise", "--prior", "nan", "x"], b"", 2, "between 0 and 1", id="no prior"),
        pytest.param(["classify", "--prior", "30%", "x"], b"", 2, "--prior", id="prior in percent"),
        pytest.param(
            ["doctor", "-m", "m", "--cascade-calls", "2"], b"", 2, "--cascade-calls", id="calls"
        ),
        pytest.param(
            ["classify", "--cascade-threshold", "0.9", "x"],
            b"",
            2,
            "--backend cascade",
            id="a threshold without a cascade",
        ),
        pytest.param(
            ["classify", "-m", "m", "--backend", "llm", "--prior", "0.3", "x"],
            b"",
            2,
            "embedded model and the cascade",
            id="a prior for the LLM",
        ),
        pytest.param(
            ["classify", "-m", "m", "--backend", "cascade", "--cascade-calls", "0.01", "x"],
            b"",
            2,
            "No threshold",
            id="a share of calls that is out of reach",
        ),
        pytest.param(["quiz"], b"", 4, "--answers", id="quiz without a terminal"),
        pytest.param(
            ["classify", "--model", "m", "--base-url", "ftp://x", "x"],
            b"",
            2,
            "URL",
            id="address",
        ),
        pytest.param(
            ["classify", "-m", "m", "--base-url", "http://127.0.0.1:9/v1", "--prompt", "no", "x"],
            b"",
            2,
            "guide",
            id="unknown prompt",
        ),
    ],
)
def test_bad_input_is_a_clear_message_with_its_exit_code(arguments, stdin, code, says):
    result = triage(*arguments, stdin=stdin)
    assert result.returncode == code
    assert says in result.stderr.decode()
    assert "Traceback" not in result.stderr.decode()
    assert result.stdout == b""


@pytest.mark.parametrize(
    ("text", "outcome", "because"),
    [
        pytest.param("", "abstained", "too_vague", id="empty"),
        pytest.param(" \t ", "abstained", "too_vague", id="white space"),
        pytest.param("🙂🙂🙂", "abstained", "too_vague", id="emoji"),
        pytest.param("\x00\x01\x1b[31m", "abstained", "too_vague", id="control characters"),
        pytest.param(
            "Jeden Tag tippen wir die Bestellungen von Hand in das System ein und es dauert ewig.",
            "abstained",
            "unknown_language",
            id="German",
        ),
        pytest.param(
            "אנחנו מעתיקים כל יום את ההזמנות ביד לתוך המערכת וזה לוקח המון זמן",
            "abstained",
            "unknown_language",
            id="right to left",
        ),
    ],
)
def test_text_without_an_answer_abstains_with_its_reason(text, outcome, because):
    result = triage("classify", "--json", stdin=json.dumps({"text": text}).encode())
    row = rows_of(result)[0]
    assert (row["outcome"], row["abstained_because"], row["label"]) == (outcome, because, None)
    assert result.returncode == 0


def test_a_megabyte_of_text_is_cut_and_says_so_and_lone_surrogates_survive():
    long = "We copy every order by hand into the accounting system. " * 18_000
    lines = json.dumps({"text": long}) + "\n" + '{"text": "Orders are copied by hand \\ud800"}\n'
    rows = rows_of(triage("classify", "--json", stdin=lines.encode()))
    assert rows[0]["truncated"] is True
    assert "truncated" in rows[0]["review_reasons"]
    assert rows[1]["outcome"] == "classified"


def test_escape_sequences_in_a_text_do_not_reach_the_terminal():
    result = triage("classify", "We copy orders by hand \x1b]0;owned\x07 every single day \u202e")
    assert b"\x1b" not in result.stdout
    assert "\u202e" not in result.stdout.decode()


def test_a_tie_without_a_terminal_says_which_command_to_run():
    result = triage("advise", "--revenue", "3M", *TIE)
    assert "take-the-quiz" in json.loads(triage("advise", "--json", *TIE).stdout)["recommendation"]
    assert "triage quiz --save answers.json" in result.stdout.decode()
    assert result.returncode == 0


def test_a_saved_quiz_decides_the_tie(tmp_path):
    answers = tmp_path / "answers.json"
    names = ["process", "volume", "data", "systems", "team", "leadership", "budget", "governance"]
    answers.write_text(json.dumps(dict.fromkeys(names, 2)))
    advice = json.loads(triage("advise", "--json", "--quiz", str(answers), *TIE).stdout)
    assert advice["recommendation"] == "fractional-ai-officer"
    assert advice["quiz"]["score"] == 66.7
    shown = triage("quiz", "--answers", str(answers)).stdout.decode()
    assert "Readiness: 67 of 100" in shown
    assert "██████░░░" in shown


@pytest.fixture
def long_run(tmp_path):
    """A run with more rows than it can finish, after its first row is out."""
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "Order one is copied by hand"}\n' * 20_000)
    with (
        rows.open("rb") as stdin,
        subprocess.Popen(
            [*TRIAGE, "classify", "--json"],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process,
    ):
        process.stdout.readline()
        yield process
        process.kill()


def test_a_closed_pipe_ends_quietly_with_0(long_run):
    long_run.stdout.close()
    assert long_run.wait(60) == 0
    assert long_run.stderr.read().decode().splitlines()[1:] == []


def test_ctrl_c_ends_quietly_with_130(long_run):
    long_run.send_signal(signal.SIGINT)
    long_run.stdout.read()
    assert long_run.wait(60) == 130
    assert "Traceback" not in long_run.stderr.read().decode()


LIST = "My problems:\n1. Orders are typed by hand every week\n2. Stock is typed by hand every week"


def test_ctrl_c_at_the_split_ends_with_130():
    shown, code = in_pseudo_terminal(["classify", LIST], [("Is that right?", "\x03")])
    assert "Traceback" not in shown
    assert code == 130


@pytest.mark.parametrize("command", ["classify", "advise"])
@pytest.mark.parametrize("through", ["argument", "standard input"])
def test_a_text_is_split_wherever_it_comes_from(command, through):
    given = {"argument": ([LIST], b""), "standard input": ([], LIST.encode())}[through]
    result = triage(command, "--json", *given[0], stdin=given[1])
    rows = rows_of(result)
    rows = rows[0]["problems"] if command == "advise" else rows
    places = [(row["source"]["start"], row["source"]["end"]) for row in rows]
    assert [row["id"] for row in rows] == ["1", "2"]
    assert [LIST[start:end] for start, end in places] == [row["text"] for row in rows]
    assert {row["source"]["row"] for row in rows} == {None}


def test_each_argument_is_split_and_the_numbers_go_on():
    rows = rows_of(triage("classify", "--json", LIST, "Bills are typed by hand"))
    assert [(row["id"], row["source"]["row"]) for row in rows] == [("1", 1), ("2", 1), ("3", 2)]


def test_json_lines_are_not_split_and_flagged():
    line = json.dumps({"id": "a", "text": LIST}).encode()
    (row,) = rows_of(triage("classify", "--json", stdin=line))
    assert (row["id"], row["text"], row["source"], row["holds_several"]) == ("a", LIST, None, True)
    assert row["label"] is None or "holds_several" in row["review_reasons"]


def test_what_is_set_aside_is_said_without_telephone_numbers(capsys):
    text = "Hi Mark,\nstock is wrong\nAnn, +1 555 010 9999"
    greeting, problem, signature = text.split("\n")
    start = len(greeting) + 1
    read = ReadText(
        (Problem("1", problem, Source(None, None, start, start + len(problem)), False),),
        text,
        (Passage(greeting, 0, 8), Passage(signature, 24, len(text))),
    )
    assert [one.text for one in noted([read])] == [problem]
    assert capsys.readouterr().err == "Set aside: “Hi Mark,” · “Ann, [number]”\n"


def test_the_problems_that_a_text_may_hold_are_shown_where_nobody_can_be_asked(capsys):
    text = "bills go out late and nobody knows the stock"
    parts = tuple(Passage(text[start:end], start, end) for start, end in ((0, 17), (22, 44)))
    whole = Problem("1", text, Source(None, None, 0, len(text)), holds_several=True)
    assert [*noted([ReadText((whole,), text, (), parts)])] == [whole]
    assert capsys.readouterr().err.endswith("“bills go out late” · “nobody knows the stock”\n")


def test_a_technology_wish_is_pointed_out_where_nobody_can_be_asked():
    result = triage("advise", "We need an app")
    assert "What is the business problem behind it?" in result.stderr.decode()
    assert "We need an app" in result.stdout.decode()


def test_ctrl_c_at_a_question_ends_with_130():
    shown, code = in_pseudo_terminal(["quiz"], [("1 of 8", "\x03")])
    assert "Traceback" not in shown
    assert code == 130


@pytest.mark.parametrize("unwanted", ["openai", "numpy", "pydantic", "httpx2"])
def test_help_is_shown_without_importing(unwanted):
    code = (
        "import sys; sys.argv = ['triage', '--help']\n"
        "from triage_agent.cli.main import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"sys.exit({unwanted!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, stdout=-3).returncode == 0


def test_the_embedded_path_never_imports_openai():
    code = (
        "import sys; sys.argv = ['triage', 'advise', 'Invoices are typed by hand']\n"
        "from triage_agent.cli.main import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "sys.exit('openai' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, stdout=-3).returncode == 0


def test_doctor_names_the_backend_and_why():
    result = triage("doctor", "--json")
    checks = json.loads(result.stdout)
    assert checks["backend"] == {
        "ok": True,
        "says": "embedded, because no model is named by --model or TRIAGE_MODEL",
    }
    assert all(check["ok"] for check in checks.values())


def test_doctor_says_what_fails_and_never_shows_the_key():
    key = "sk-veryverysecret123"
    result = triage(
        "doctor",
        "--model",
        "m",
        "--base-url",
        "http://127.0.0.1:9/v1",
        environment={"OPENAI_API_KEY": key},
    )
    shown = (result.stdout + result.stderr).decode()
    assert result.returncode == 5
    assert "FAIL endpoint" in shown
    assert "a key is set" in shown
    assert key not in shown


def test_a_report_is_written_in_the_format_of_its_ending(tmp_path):
    for name in ("r.html", "r.md", "R.JSON"):
        result = triage("advise", "--revenue", "3M", "-o", str(tmp_path / name), *THREE)
        assert result.returncode == 0
        assert f"The report is in {tmp_path / name}" in result.stderr.decode()
        assert "Hire a fractional AI officer." in result.stdout.decode()
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    markdown = (tmp_path / "r.md").read_text(encoding="utf-8")
    values = json.loads((tmp_path / "R.JSON").read_text(encoding="utf-8"))
    assert html.startswith("<!DOCTYPE html>")
    assert '<h1>Hire a fractional AI officer. <span class="tag">firm</span></h1>' in html
    assert markdown.startswith("# Advice\n")
    assert values["recommendation"] == "fractional-ai-officer"
    assert values["plan"]["order"][0] == "3"
    # Only what is written remains, with the rights that a new file usually has.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["R.JSON", "r.html", "r.md"]
    (tmp_path / "plain").touch()
    assert (tmp_path / "r.html").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_the_plan_is_printed_in_the_owners_words_if_it_is_asked_for():
    result = triage("advise", "--explain", "--revenue", "3M", *THREE)
    shown = " ".join(result.stdout.decode().split())
    assert "Where to start - Start with problem 3, “We spend 40 hours a week on reporting”" in shown
    assert "Week 1 - " in shown
    assert "holds ten questions for the interview" in shown
    parts = ["WHY", "WHAT WOULD CHANGE IT", "THE PLAN", "WHOM YOU WOULD HIRE", "FOR THE RECORD"]
    assert [*map(shown.index, parts)] == sorted(map(shown.index, parts))
    before, record = shown.split("FOR THE RECORD")
    assert not re.search(r"\bD[0-4]\b|--explain|-o report", before)
    assert re.search(r"\(D3\)", record)


def test_json_and_a_report_go_together(tmp_path):
    result = triage("advise", "--json", "-o", str(tmp_path / "r.html"), *THREE)
    assert json.loads(result.stdout)["recommendation"] == "fractional-ai-officer"
    assert (tmp_path / "r.html").exists()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param("r.docx", "must end in .html, .pdf, .md or .json", id="another format"),
        pytest.param("report", "must end in", id="no ending"),
        pytest.param("folder.html", "is a folder", id="a folder"),
        pytest.param("none/r.html", "no folder", id="a folder that is not there"),
    ],
)
def test_a_report_that_cannot_be_written_is_said_before_anything_is_read(name, says, tmp_path):
    (tmp_path / "folder.html").mkdir()
    result = triage("advise", "-o", str(tmp_path / name), *THREE)
    assert (result.returncode, result.stdout) == (2, b"")
    assert says in result.stderr.decode()
    assert "backend" not in result.stderr.decode()


@pytest.mark.parametrize("unwanted", ["jinja2", "pygal", "triage_agent.batch.answering"])
@pytest.mark.parametrize("command", ["classify", "advise"])
def test_without_a_report_nothing_is_imported_that_makes_one(command, unwanted):
    code = (
        f"import sys; sys.argv = ['triage', '{command}', 'Invoices are typed by hand']\n"
        "from triage_agent.cli.main import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"sys.exit({unwanted!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, stdout=-3).returncode == 0
