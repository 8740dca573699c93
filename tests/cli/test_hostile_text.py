"""Text from outside steers no terminal and forges no line, by whatever way it comes in.

Every command of the program must be in `COMMANDS`, and every one of its options is tried.
"""

import asyncio
import csv
import json
import re
import shutil
import socket
import threading

import pytest
import typer
from openpyxl import Workbook

from support.hostile import HOSTILE, OURS, forged, run_here, steering
from support.openai_server import Fault, OpenAIServer, reply_for
from support.program import in_pseudo_terminal
from triage_agent.cli.main import app

START = HOSTILE[:20]
TEXT = "Two people copy orders by hand every day"
TEXTS = [TEXT, "We need to modernise"]
# Arguments with which each command works, in the folder that `folder` makes.
COMMANDS = {
    "": [],
    "advise": ["--no-ask", TEXT],
    "classify": ["--no-ask", TEXT],
    "batch": ["forms.csv", "-o", "out.csv"],
    "review": ["answered.csv", "--list"],
    "quiz": ["--answers", "quiz.json"],
    "eval": ["--cases", "cases.csv"],
    "eval calibrate": ["--cases", "cases.csv"],
    "eval compare": ["run-a", "run-b"],
    "eval cascade": ["run-a", "run-b"],
    "roi": ["portfolio.csv"],
    "compare-roles": [],
    "check-hire": ["--role", "cto", "--answers", "hire.json"],
    "cache": [],
    "doctor": [],
    "mcp": ["--threshold", "2"],  # refused: else it waits for its client
    "serve": ["--port", "PORT"],  # at which another program listens, so that it ends
    "serve backup": ["backup.zip", "--data", "data"],
    "serve restore": ["kept.zip", "--data", "restored"],
    "serve password": ["--data", "data"],
}
TRIED_ELSEWHERE = {"gate"}  # a flag that reads every set, which takes minutes


def commands(command, path=()):
    """Yield (name, command) of the program and of every command below it."""
    yield " ".join(path), command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


ALL = dict(commands(typer.main.get_command(app)))
OPTIONS = [
    pytest.param(name, parameter, id=f"{name or 'triage'} {parameter.name}")
    for name, command in ALL.items()
    for parameter in command.params
    if parameter.name not in {"help", *TRIED_ELSEWHERE}
]


class Server:
    """The fake server in a thread of its own, so that the program can run in this one."""

    def __init__(self, **options):
        self.loop, self.server = asyncio.new_event_loop(), OpenAIServer(**options)

    def __enter__(self):
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        asyncio.run_coroutine_threadsafe(self.server.__aenter__(), self.loop).result(10)
        return self.server.base_url

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self.server.__aexit__(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


TAKEN = socket.create_server(("127.0.0.1", 0))


def called(name, *more):
    port = str(TAKEN.getsockname()[1])
    return [*name.split(), *(one.replace("PORT", port) for one in COMMANDS[name]), *more]


@pytest.fixture(scope="module")
def address():
    """Where a server refuses every request, with hostile words."""
    with Server(schedule=lambda _: Fault.FORBIDDEN, words=HOSTILE) as base_url:
        yield base_url


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A folder with every kind of file that a command reads, each with hostile text in it."""
    folder = tmp_path_factory.mktemp("hostile")
    rows = [("id", "problem", "revenue", HOSTILE)]
    rows += [(f"{n}{HOSTILE}", f"{text} {HOSTILE}", HOSTILE, n) for n, text in enumerate(TEXTS)]
    (folder / "forms.csv").write_text(table(rows), "utf-8", newline="")
    write_answered(folder / "answered.csv")
    cases = [("id", "text", "label", HOSTILE)]
    cases += [(f"{n}{HOSTILE}", f"{TEXT} {n} {HOSTILE}", "automate-process", n) for n in range(3)]
    (folder / "cases.csv").write_text(table(cases), "utf-8")
    amounts = [("name", "hours saved per week", "hourly cost", "monthly cost", HOSTILE)]
    amounts += [(f"one{HOSTILE}", 12, 35, 400, 1), (f"two{HOSTILE}", HOSTILE, HOSTILE, 9, 1)]
    amounts += [(f"three{HOSTILE}", 1, 1, 1, 1)]
    (folder / "portfolio.csv").write_text(table(amounts), "utf-8")
    dimensions = "process volume data systems team leadership budget governance"
    (folder / "quiz.json").write_text(json.dumps(dict.fromkeys(dimensions.split(), 2)))
    (folder / "hire.json").write_text(json.dumps({"financial-ties": True}))
    for name in ("run-a", "run-b"):
        write_run(folder / name)
    with pytest.MonkeyPatch.context() as patch:
        for ended in (
            run_here(["serve", "password", "--data", str(folder / "data")], patch),
            run_here(
                ["serve", "backup", str(folder / "kept.zip"), "--data", str(folder / "data")], patch
            ),
        ):
            assert ended[0] == 0, ended
    return folder


@pytest.fixture
def folder(shared, address, tmp_path, monkeypatch):
    """The working folder with these files; the terminal is so wide that nothing wraps."""
    shutil.copytree(shared, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "6000")
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    return tmp_path


def table(rows):
    """Return rows as CSV, every cell quoted."""
    quoted = (",".join('"' + str(cell).replace('"', '""') + '"' for cell in row) for row in rows)
    return "\n".join(quoted) + "\n"


def write_run(path):
    """Write a recorded run whose settings and rows hold hostile text."""
    path.mkdir()
    settings = {"format": 1, "backend": HOSTILE, "model": HOSTILE, "prompt": HOSTILE}
    settings |= {"sets": {HOSTILE: HOSTILE}}
    row = {
        "expected": "automate-process",
        "outcome": "classified",
        "label": "automate-process",
        "p_build": 0.1,
        "probability": 0.9,
        "decided_by": "model",
        "abstained_because": None,
        "needs_review": False,
        "error": None,
        "slices": {HOSTILE: HOSTILE},
        "repeat": 0,
        "usage": {"calls": 0, "input_tokens": 0, "output_tokens": 0},
        "cached": False,
        "duration_s": 0.1,
    }
    rows = [row | {"id": f"{number}{HOSTILE}"} for number in range(30)]
    (path / "settings.json").write_text(json.dumps(settings))
    (path / "rows.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))


def write_answered(path):
    """Write the output of a batch that needs review, and was changed on its way back to us."""
    with pytest.MonkeyPatch.context() as patch:
        forms = str(path.with_name("forms.csv"))
        run_here(["batch", forms, "-o", str(path), "--no-split"], patch)  # each text is whole
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    hostile = re.compile("_(?:rationale|evidence|model|error|notes|recommendation)$")
    for row in rows:
        for at, name in enumerate(header):
            if hostile.search(name):
                row[at] = HOSTILE
            elif name.endswith("_needs_review"):
                row[at] = "true"
    path.write_text(table([header, *rows]), "utf-8", newline="")


def harmless(result):
    """Assert that neither output holds what steers a terminal or looks like a line of ours."""
    _, output, error = result
    assert "Traceback" not in error
    for shown in (output, error):
        assert steering(shown) == set()
        assert forged(shown) == []
    return result


def test_every_command_is_tried():
    assert set(COMMANDS) == set(ALL)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_reads_does_not_steer_the_terminal(name, folder, monkeypatch):
    code, output, error = harmless(run_here(called(name), monkeypatch))
    assert output + error
    expected = {"roi": 3, "eval calibrate": 4, "eval compare": 8, "serve": 2, "mcp": 2}.get(name, 0)
    assert code == expected, error


@pytest.mark.parametrize(("name", "parameter"), OPTIONS)
def test_a_value_on_the_command_line_does_not_steer_the_terminal(
    name, parameter, folder, monkeypatch
):
    given = called(name)
    if parameter.opts[0].startswith("-"):
        is_flag = getattr(parameter, "is_flag", False)
        given += [max(parameter.opts, key=len), *([] if is_flag else [HOSTILE])]
    else:
        given = [HOSTILE if one in {TEXT, "forms.csv", "run-a"} else one for one in given]
        given += [HOSTILE] if given == called(name) else []
    harmless(run_here(given, monkeypatch))


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(
    "more", [[f"--{HOSTILE}"], [f"-{HOSTILE}"], ["--json", HOSTILE]], ids=ascii
)
def test_a_usage_error_does_not_steer_the_terminal(name, more, folder, monkeypatch):
    harmless(run_here(called(name, *more), monkeypatch))


QUOTED = json.dumps(HOSTILE).replace("\\u007f", "\x7f")  # TOML has the same escapes
SETTINGS = {
    "a table": f"[{QUOTED}]\nencoding = 'utf-8'\n",
    "a key": f"{QUOTED} = 1\n",
    "a key of a command": "[COMMAND]\n" + f"{QUOTED} = 1\n",
    "a value": f"problem_column = {QUOTED}\n",
    "a value of a command": "[COMMAND]\n" + f"encoding = {QUOTED}\nsheet = {QUOTED}\n",
    "a model": f"model = {QUOTED}\nprompt = {QUOTED}\nbase_url = {QUOTED}\n",
    "no TOML": f"{HOSTILE}\n",
}


@pytest.mark.parametrize("user", [False, True], ids=["triage.toml", "config.toml"])
@pytest.mark.parametrize("text", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_settings_file_does_not_steer_the_terminal(
    name, text, user, folder, no_user, monkeypatch
):
    path = folder / "triage.toml"
    if user:
        path = no_user / "xdg_config_home" / "triage-agent" / "config.toml"
        path.parent.mkdir()
    path.write_bytes(text.replace("COMMAND", name.split(" ")[0] or "batch").encode())
    for more in ([], ["--help"]):
        harmless(run_here(called(name, *more), monkeypatch))


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["quiz", "--answers", "broken.json"], id="answers of the quiz"),
        pytest.param(["advise", "--quiz", "broken.json", TEXT], id="answers for advise"),
        pytest.param(["check-hire", "--role", "cto", "--answers", "broken.json"], id="a hire"),
        pytest.param(["check-hire", "--role", "cto", f"{TEXT} {HOSTILE}"], id="a story"),
        pytest.param(["review", "answered.csv", "--apply"], id="reviews"),
        pytest.param(["review", "answered.csv", "--export", HOSTILE], id="an export"),
        pytest.param(["eval", "compare", "run-a", HOSTILE], id="a run without settings"),
        pytest.param(["eval", "compare", "run-a", "run-b", "--json"], id="runs as JSON"),
        pytest.param(["quiz", "--answers", "quiz.json", "--save", HOSTILE], id="a saved quiz"),
        pytest.param(["advise", TEXT, "-o", f"{HOSTILE}.html"], id="a report"),
        pytest.param(["eval", "--cases", "cases.csv", "-o", HOSTILE], id="a run"),
        pytest.param(["classify", "-m", "m", "--prompt", "prompt.md", TEXT], id="a prompt"),
        pytest.param(["roi", "--hours-saved", HOSTILE], id="an amount"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_does_not_steer_the_terminal(
    arguments, folder, monkeypatch
):
    (folder / "broken.json").write_text(json.dumps({HOSTILE: HOSTILE}))
    (folder / "answered.csv.reviews.jsonl").write_text(json.dumps({HOSTILE: HOSTILE}) + "\n")
    (folder / "prompt.md").write_text(f"{HOSTILE} {{{HOSTILE}}}", "utf-8")
    (folder / HOSTILE).mkdir()
    (folder / HOSTILE / "settings.json").write_text(json.dumps([HOSTILE]))
    harmless(run_here(arguments, monkeypatch))


@pytest.mark.parametrize("name", ["advise", "classify", "batch", "eval", "doctor"])
@pytest.mark.parametrize(
    "variable",
    ["TRIAGE_BACKEND", "TRIAGE_MODEL", "TRIAGE_PROMPT", "TRIAGE_THRESHOLD", "OPENAI_BASE_URL"],
)
def test_the_environment_does_not_steer_the_terminal(name, variable, folder, monkeypatch):
    if variable != "TRIAGE_MODEL":
        monkeypatch.setenv("TRIAGE_MODEL", "m")
        monkeypatch.setenv("TRIAGE_BACKEND", "llm")
    monkeypatch.setenv(variable, HOSTILE)
    harmless(run_here(called(name), monkeypatch))


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "xlsx", "txt"])
@pytest.mark.parametrize("command", ["batch", "roi", "eval", "review"])
def test_a_file_with_a_hostile_name_does_not_steer_the_terminal(command, kind, folder, monkeypatch):
    path = folder / f"{HOSTILE}.{kind}"
    if kind == "xlsx":
        book = Workbook()
        book.active.title = "a\x9b2J\u202eb\u200b"
        book.create_sheet("\u2066c\x85d")
        book.active.append(["problem \x9b1m\u202e_x001B_[2J", "_x000A_FORGED"])
        book.active.append([TEXT, "_x001B_]52;c;cm0=_x0007_"])
        book.save(path)
    elif kind == "csv":
        path.write_text((folder / "forms.csv").read_text("utf-8"), "utf-8")
    else:
        values = {"text": TEXT, HOSTILE: HOSTILE}
        path.write_text(json.dumps([values] if kind == "json" else values) + "\n")
    given = {
        "batch": ["batch", str(path), "-o", f"out{HOSTILE}.csv"],
        "roi": ["roi", str(path)],
        "eval": ["eval", "--cases", str(path)],
        "review": ["review", str(path), "--list"],
    }[command]
    harmless(run_here(given, monkeypatch))
    harmless(run_here([*given, "--sheet", HOSTILE], monkeypatch))
    harmless(run_here([*given, "--json"], monkeypatch))


@pytest.mark.parametrize(
    ("arguments", "exact"),
    [
        pytest.param(["classify", "--json"], HOSTILE, id="classify"),
        pytest.param(["advise", "--json"], HOSTILE, id="advise"),
        # A reader of CSV has its own view of line ends.
        pytest.param(["review", "answered.csv", "--list", "--json"], START, id="review"),
        pytest.param(["roi", "portfolio.csv", "--json"], START, id="roi"),
    ],
)
def test_json_is_exact_and_yet_steers_no_terminal(arguments, exact, folder, monkeypatch):
    stdin = json.dumps({"id": HOSTILE, "text": f"{TEXT} {HOSTILE}"}).encode()
    _, output, _ = harmless(run_here(arguments, monkeypatch, stdin))
    texts = [text for line in output.split("\n") if line for text in strings(json.loads(line))]
    assert any(exact in text for text in texts)


def strings(value):
    """Yield every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def test_json_files_are_exact_and_yet_steer_no_terminal(folder, monkeypatch):
    run_here(["batch", "forms.csv", "-o", "out.jsonl"], monkeypatch)
    run_here(["advise", "--no-ask", "-o", "advice.json", f"{TEXT} {HOSTILE}"], monkeypatch)
    run_here(["eval", "--cases", "cases.csv", "-o", "run"], monkeypatch)
    for name in ("out.jsonl", "advice.json", "run/rows.jsonl"):
        text = (folder / name).read_text("utf-8")
        assert steering(text) == set()
        texts = [text] if name == "advice.json" else text.splitlines()
        assert START in "".join(strings([json.loads(one) for one in texts]))


FAULTS = [
    Fault.BAD_REQUEST,
    Fault.FORBIDDEN,
    Fault.NOT_FOUND,
    Fault.QUOTA,
    Fault.UNPROCESSABLE,
    Fault.CONTEXT_LENGTH,
    Fault.REFUSAL,
    Fault.OFF_SCHEMA,
    Fault.NOT_JSON,
]


def model_at(base_url):
    # A name with control characters in it is refused; this one shows that the model is named.
    return ["--backend", "llm", "--base-url", base_url, "-m", "m38;5;201mX"]


ASKING = ["advise", "classify", "batch", "eval", "doctor"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ASKING)
def test_the_words_of_a_server_do_not_steer_the_terminal(name, fault, folder, monkeypatch):
    with Server(schedule=lambda _: fault, words=HOSTILE) as base_url:
        given = called(name, *model_at(base_url))
        code, *shown = harmless(run_here(given, monkeypatch))
    assert code in {3, 5}
    assert "38;5;201mX" in "".join(shown)  # the name of the model at least


@pytest.mark.parametrize("name", [*ASKING, "eval calibrate"])
def test_the_reply_of_a_model_does_not_steer_the_terminal(name, folder, monkeypatch):
    def reply(text):
        quoted = [text[:160], HOSTILE]
        return reply_for(text) | {"evidence": quoted, "rationale": HOSTILE, "function": HOSTILE}

    for say in (reply, lambda text: reply_for(text) | {"rationale": HOSTILE}):
        with Server(reply=say) as base_url:
            given = called(name, *model_at(base_url))
            harmless(run_here(given, monkeypatch))
            if name == "batch":
                harmless(run_here(["review", "out.csv", "--list"], monkeypatch))
                harmless(run_here([*given, "--dry-run"], monkeypatch))


@pytest.mark.parametrize("name", [name for name in COMMANDS if name])
def test_in_a_terminal_only_our_own_sequences_are_written(name, folder):
    given = called(name)
    if name in {"advise", "classify"}:
        given = [*given, f"{TEXT} {HOSTILE}", "--prompt", HOSTILE]
    shown, _ = in_pseudo_terminal(given, [], columns=6000)
    assert steering(OURS.sub("", shown)) == set()
    assert forged(OURS.sub("", shown)) == []


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["advise", f"{TEXT} {HOSTILE}"], id="advise"),
        pytest.param(["classify", f"1. {TEXT} {HOSTILE}\n2. {TEXT}"], id="classify"),
        pytest.param(["check-hire", "--role", "cto", f"{TEXT} {HOSTILE}"], id="check-hire"),
    ],
)
def test_in_a_terminal_a_question_writes_only_our_own_sequences(arguments, folder):
    shown, code = in_pseudo_terminal(arguments, [("stop for now.", "\x03")], columns=6000)
    assert steering(OURS.sub("", shown)) == set()
    assert forged(OURS.sub("", shown)) == []
    assert code == 130


def test_in_a_terminal_the_dialogue_of_a_review_shows_the_text_behind_a_bar(folder):
    keys = [("call for?", "\x03")]
    shown, code = in_pseudo_terminal(["review", "answered.csv"], keys, columns=6000)
    plain = OURS.sub("", shown)
    assert steering(plain) == set()
    assert forged(plain) == []
    assert "   │ FORGED\n" in plain
    assert code == 130


def test_a_file_name_with_a_line_break_forges_no_line(folder, monkeypatch):
    _, _, error = run_here(["batch", "x\nwritten: all.csv", "-o", "out.csv"], monkeypatch)
    assert error.count("\n") == 1
    assert "x written: all.csv" in error
