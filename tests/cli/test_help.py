"""Help that fits a screen, and what is said when a setting that nobody typed is at fault."""

import itertools

import pytest

from support.program import triage

SCREEN_ROWS, SCREEN_COLUMNS = 24, 80
WITH_MODEL = ["advise", "classify", "batch", "eval", "doctor"]


def help_of(*arguments, columns="80"):
    ended = triage(*arguments, environment={"COLUMNS": columns})
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.decode()


@pytest.mark.parametrize("command", [[], ["advise"], ["classify"], ["doctor"]])
def test_help_fits_a_screen_with_the_prompt_below_it(command):
    lines = help_of(*command, "--help").splitlines()
    assert len(lines) < SCREEN_ROWS
    assert max(map(len, lines)) <= SCREEN_COLUMNS


def test_advise_explains_what_an_owner_needs_and_names_the_rest_below():
    text = help_of("advise", "--help")
    first, _, below = text.partition("More options, which --help-all explains:")
    for option in ("--revenue", "--[no-]sells-software", "--quiz", "--output", "--resume"):
        assert f"{option} " in first
    for option in ("--model", "--base-url", "--votes", "--cascade-calls"):
        assert option in below
        assert option not in first
    assert "triage.toml" in below


@pytest.mark.parametrize("command", WITH_MODEL)
def test_the_options_of_the_model_stand_in_a_group_of_their_own_and_help_all_explains_them(command):
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
def test_each_command_is_listed_with_a_whole_sentence(command):
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
def test_a_broken_settings_file_does_not_stop_help(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    broken(tmp_path)
    ended = triage(*arguments)
    assert ended.returncode == 0
    assert ended.stdout


@pytest.mark.parametrize(
    "arguments",
    [["advise", "x"], ["roi", "--monthly-cost", "5"], ["eval", "compare", "a", "b"], ["cache"]],
)
def test_a_broken_settings_file_stops_every_command_that_runs(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    broken(tmp_path)
    ended = triage(*arguments)
    assert ended.returncode == 2
    assert b"triage.toml is not valid TOML" in ended.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TRIAGE_VOTES", "many"),
        ("TRIAGE_BACKEND", "guess"),
        ("TRIAGE_PRIOR", "2"),
        ("TRIAGE_THRESHOLD", "7"),
    ],
)
def test_a_bad_value_in_the_environment_is_blamed_on_its_variable(variable, value):
    ended = triage("classify", "Leads get lost", environment={variable: value})
    assert ended.returncode == 2
    assert f"the environment variable {variable}" in " ".join(ended.stderr.decode().split())


@pytest.mark.parametrize(
    ("setting", "arguments"),
    [
        ("prior = 2", ["classify", "Leads get lost"]),
        ("prior = 0.3\nmodel = 'm'", ["classify", "Leads get lost"]),
        ('[advise]\nhourly_cost = "much"', ["advise", "Leads get lost"]),
        ("cascade_calls = 0.5", ["classify", "Leads get lost"]),
    ],
)
def test_an_option_that_a_file_sets_is_blamed_on_the_file(setting, arguments, no_user):
    path = no_user / "xdg_config_home" / "triage-agent" / "config.toml"
    path.parent.mkdir()
    path.write_text(setting)
    ended = triage(*arguments)
    assert ended.returncode in {2, 4}
    assert "config.toml" in ended.stderr.decode()
    assert "was not typed" in ended.stderr.decode()


def test_an_option_that_was_typed_is_blamed_as_typed():
    ended = triage("classify", "--prior", "2", "Leads get lost")
    assert ended.returncode == 2
    assert b"was not typed" not in ended.stderr


def test_an_address_without_a_model_is_refused_and_other_idle_options_are_named():
    ended = triage("classify", "--base-url", "http://127.0.0.1:9/v1", "Leads get lost")
    assert ended.returncode == 2
    assert b"--model NAME" in ended.stderr
    ended = triage("classify", "--votes", "3", "--fresh", "Leads get lost")
    assert ended.returncode == 0
    assert b"not used, since no LLM is asked: --votes, --fresh" in ended.stderr


def test_an_address_in_the_environment_alone_is_no_error():
    ended = triage(
        "classify", "Leads get lost", environment={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    )
    assert ended.returncode == 0
    assert b"not used" not in ended.stderr


def test_an_empty_argument_is_an_input_error_that_helps():
    ended = triage("classify", "")
    assert ended.returncode == 4
    assert b"error:" in ended.stderr


def test_the_gate_refuses_a_sample():
    ended = triage("eval", "--gate", "--limit", "5")
    assert ended.returncode == 2
    assert b"leave out --limit" in ended.stderr


def test_no_option_has_two_names_in_the_groups():
    text = help_of("batch", "--help-all")
    names = [line.split()[0] for line in text.splitlines() if line.startswith("  --")]
    assert len(names) > 20
    assert [name for name, same in itertools.groupby(sorted(names)) if len(list(same)) > 1] == []
