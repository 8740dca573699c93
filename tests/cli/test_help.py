"""Help that fits a screen, and what is said when a setting that nobody typed is at fault."""

import itertools
from types import SimpleNamespace

import pytest

from support.hostile import run_here

SCREEN_ROWS, SCREEN_COLUMNS = 24, 80
WITH_MODEL = ["advise", "classify", "batch", "eval", "doctor"]


@pytest.fixture
def triage(monkeypatch):
    """Return what runs the program in this process, 80 columns wide."""

    def run(*arguments, environment=None):
        for name, value in {"COLUMNS": str(SCREEN_COLUMNS), **(environment or {})}.items():
            monkeypatch.setenv(name, value)
        code, out, err = run_here(arguments, monkeypatch)
        return SimpleNamespace(code=code, out=out, err=err)

    return run


@pytest.fixture
def help_of(triage):
    """Return what gives the help of a command."""

    def text(*arguments):
        ended = triage(*arguments)
        assert ended.code == 0, ended.err
        return ended.out

    return text


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["advise"],
        ["classify"],
        ["doctor"],
        ["serve"],
        ["roi"],
        ["review"],
        ["check-hire"],
        ["mcp"],
        ["eval", "calibrate"],
        ["eval", "compare"],
    ],
    ids=" ".join,
)
def test_help_fits_a_screen_with_the_prompt_below_it(command, help_of):
    lines = help_of(*command, "--help").splitlines()
    assert len(lines) < SCREEN_ROWS
    assert max(map(len, lines)) <= SCREEN_COLUMNS


@pytest.mark.parametrize(
    ("command", "first"),
    [
        ("batch", ["--output", "--problem-column", "--group-by", "--previous", "--reports"]),
        ("eval", ["--set", "--cases", "--gate", "calibrate", "compare", "cascade"]),
    ],
)
def test_what_is_longer_begins_with_the_purpose_and_what_is_used_most(command, first, help_of):
    lines = help_of(command, "--help").splitlines()
    screen = "\n".join(lines[: SCREEN_ROWS - 1])
    assert len(lines) <= 33
    assert [one for one in first if one not in screen] == []
    assert "More options, which --help-all explains:" in screen


COMMANDS = [
    "advise", "classify", "batch", "review", "quiz", "roi", "compare-roles", "check-hire", "mcp",
    "cache", "doctor", "eval", "eval calibrate", "eval compare", "eval cascade",
    "serve", "serve backup", "serve restore", "serve password",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_of_any_help_is_wider_than_the_screen(command, help_of):
    short = help_of(*command.split(), "--help")
    full = help_of(*command.split(), "--help-all") if "--help-all" in short else short
    assert max(map(len, [*short.splitlines(), *full.splitlines()])) <= SCREEN_COLUMNS


def test_every_option_of_batch_is_explained_by_help_all(help_of):
    short, full = help_of("batch", "--help"), help_of("batch", "--help-all")
    named = short.partition("More options")[2].replace(",", " ").split()
    for option in (one for one in named if one.startswith("--")):
        assert f"  {option} " in full or f", {option} " in full


def test_advise_explains_what_an_owner_needs_and_names_the_rest_below(help_of):
    text = help_of("advise", "--help")
    first, _, below = text.partition("More options, which --help-all explains:")
    for option in ("--revenue", "--[no-]sells-software", "--quiz", "--output", "--resume"):
        assert f"{option} " in first
    for option in ("--model", "--base-url", "--votes", "--cascade-calls"):
        assert option in below
        assert option not in first
    assert "triage.toml" in below


@pytest.mark.parametrize("command", WITH_MODEL)
def test_the_options_of_the_model_stand_in_a_group_of_their_own_and_help_all_explains_them(
    command, help_of
):
    short, full = help_of(command, "--help"), help_of(command, "--help-all")
    group = full.partition("\nModel and LLM:\n")[2].partition("\n\n")[0]
    assert "Address of an OpenAI-compatible server." in " ".join(group.split())
    assert "OPENAI_BASE_URL" in group
    assert "OpenAI-compatible" not in short
    named = " ".join(short.partition("Model and LLM: ")[2].split())
    for line in group.splitlines():
        option = next((word for word in line.split() if word.startswith("--")), "")
        if line.startswith("  -"):
            assert option in named


@pytest.mark.parametrize("command", [[], ["eval"]])
def test_each_command_is_listed_with_a_whole_sentence(command, help_of):
    listed = help_of(*command, "--help").partition("\nCommands:\n")[2].partition("\n\n")[0]
    commands: list[str] = []
    for line in listed.splitlines():
        if line[2] == " ":
            commands[-1] += " " + line.strip()
        else:
            commands.append(line.strip())
    assert len(commands) >= 3
    for command_line in commands:
        assert command_line.endswith("."), command_line
        assert "..." not in command_line


def broken(tmp_path, text="this is = = not toml"):
    (tmp_path / "triage.toml").write_text(text)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["advise", "--help"], ["eval", "compare", "--help"], ["--version"]]
)
def test_a_broken_settings_file_does_not_stop_help(arguments, tmp_path, monkeypatch, triage):
    monkeypatch.chdir(tmp_path)
    broken(tmp_path)
    ended = triage(*arguments)
    assert ended.code == 0
    assert ended.out


@pytest.mark.parametrize(
    "arguments",
    [["advise", "x"], ["roi", "--monthly-cost", "5"], ["eval", "compare", "a", "b"], ["cache"]],
)
def test_a_broken_settings_file_stops_every_command_that_runs(
    arguments, tmp_path, monkeypatch, triage
):
    monkeypatch.chdir(tmp_path)
    broken(tmp_path)
    ended = triage(*arguments)
    assert ended.code == 2
    assert "triage.toml is not valid TOML" in ended.err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TRIAGE_VOTES", "many"),
        ("TRIAGE_BACKEND", "guess"),
        ("TRIAGE_PRIOR", "2"),
        ("TRIAGE_THRESHOLD", "7"),
    ],
)
def test_a_bad_value_in_the_environment_is_blamed_on_its_variable(variable, value, triage):
    ended = triage("classify", "Leads get lost", environment={variable: value})
    assert ended.code == 2
    assert f"the environment variable {variable}" in " ".join(ended.err.split())


@pytest.mark.parametrize(
    ("setting", "arguments"),
    [
        ("prior = 2", ["classify", "Leads get lost"]),
        ("prior = 0.3\nmodel = 'm'", ["classify", "Leads get lost"]),
        ('[advise]\nhourly_cost = "much"', ["advise", "Leads get lost"]),
        ('backend = "llm"', ["classify", "Leads get lost"]),
        ("cascade_calls = 0.5", ["classify", "Leads get lost"]),
    ],
)
def test_an_option_that_a_file_sets_is_blamed_on_the_file(setting, arguments, no_user, triage):
    path = no_user / "xdg_config_home" / "triage-agent" / "config.toml"
    path.parent.mkdir()
    path.write_text(setting)
    ended = triage(*arguments)
    assert ended.code in {2, 4}
    assert "config.toml" in ended.err
    assert "was not typed" in ended.err


def test_an_option_that_was_typed_is_blamed_as_typed(triage):
    ended = triage("classify", "--prior", "2", "Leads get lost")
    assert ended.code == 2
    assert "was not typed" not in ended.err


def test_an_address_without_a_model_is_refused_and_other_idle_options_are_named(triage):
    ended = triage("classify", "--base-url", "http://127.0.0.1:9/v1", "Leads get lost")
    assert ended.code == 2
    assert "--model NAME" in ended.err
    ended = triage("classify", "--votes", "3", "--fresh", "Leads get lost")
    assert ended.code == 0
    assert "not used, since no LLM is asked: --votes, --fresh" in ended.err


def test_an_address_in_the_environment_alone_is_no_error(triage):
    ended = triage(
        "classify", "Leads get lost", environment={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    )
    assert ended.code == 0
    assert "not used" not in ended.err


def test_an_empty_argument_is_an_input_error_that_helps(triage):
    ended = triage("classify", "")
    assert ended.code == 4
    assert "error:" in ended.err


def test_the_gate_refuses_a_sample(triage):
    ended = triage("eval", "--gate", "--limit", "5")
    assert ended.code == 2
    assert "leave out --limit" in ended.err


def test_no_option_has_two_names_in_the_groups(help_of):
    text = help_of("batch", "--help-all")
    names = [line.split()[0] for line in text.splitlines() if line.startswith("  --")]
    assert len(names) > 20
    assert [name for name, same in itertools.groupby(sorted(names)) if len(list(same)) > 1] == []
