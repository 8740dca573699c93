"""Which of several sources sets an option, and what a settings file may not set."""

import json
import os
from pathlib import Path

import pytest

from support.program import triage
from triage_agent.errors import SettingsError
from triage_agent.settings import read_files, settings_of_options, user_file, variable_of
from triage_agent.settings.sources import MAPPINGS

COMMANDS = {
    "classify": ["model", "votes", "threshold", "api_key"],
    "batch": ["model", "votes", "threshold", "api_key", "problem_column", "sheet", "output"],
}


@pytest.fixture
def files(tmp_path):
    """Return a function that reads two settings files, given as text."""

    def read(local="", user=""):
        (tmp_path / "triage.toml").write_text(local, encoding="utf-8")
        (tmp_path / "config.toml").write_text(user, encoding="utf-8")
        found = read_files(COMMANDS, tmp_path / "triage.toml", tmp_path / "config.toml")
        return {name: {k: v.value for k, v in values.items()} for name, values in found.items()}

    return read


def test_a_missing_file_sets_nothing(tmp_path):
    found = read_files(COMMANDS, tmp_path / "no.toml", tmp_path / "none.toml")
    assert found == {"classify": {}, "batch": {}}


def test_an_option_at_the_top_holds_for_every_command_that_offers_it(files):
    assert files(user='model = "m"\nproblem_column = ["a"]') == {
        "classify": {"model": "m"},
        "batch": {"model": "m", "problem_column": ["a"]},
    }


def test_a_table_holds_for_its_command_and_wins_over_the_top(files):
    found = files(user="[batch]\nvotes = 5\n[classify]\nthreshold = 0.7")
    assert found == {"classify": {"threshold": 0.7}, "batch": {"votes": 5}}
    assert files(user="votes = 3\n[batch]\nvotes = 5")["batch"] == {"votes": 5}


def test_the_working_folder_wins_over_the_users_own_file(files):
    found = files(local='[batch]\nsheet = "A"', user='sheet = "B"\n[batch]\nproblem_column = ["p"]')
    assert found["batch"] == {"sheet": "A", "problem_column": ["p"]}


def test_names_may_be_written_as_on_the_command_line(files):
    assert files(local='[batch]\nproblem-column = ["a"]')["batch"] == {"problem_column": ["a"]}


ROUTES = [
    name for name, (_, setting) in settings_of_options().items() if not setting.secret
]  # each says who reads the text, where it goes, what it costs, or how it is judged


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize("place", ["", "[batch]\n"])
def test_the_working_folder_decides_nothing_about_where_text_goes(tmp_path, name, place):
    (tmp_path / "triage.toml").write_text(f'{place}{name} = "x"\n', encoding="utf-8")
    commands = {"batch": [*settings_of_options(), "sheet"]}
    with pytest.raises(SettingsError, match="may not set") as caught:
        read_files(commands, tmp_path / "triage.toml", tmp_path / "none")
    assert variable_of(name) in caught.value.message
    assert name in caught.value.message


@pytest.mark.parametrize("file", ["local", "user"])
@pytest.mark.parametrize("place", ["", "[batch]\n"])
def test_a_key_is_refused_in_any_file_and_not_repeated(files, file, place):
    with pytest.raises(SettingsError, match="no file may hold a key") as caught:
        files(**{file: f'{place}api_key = "sk-verysecret"'})
    assert "verysecret" not in caught.value.message
    assert "OPENAI_API_KEY" in caught.value.message


@pytest.mark.parametrize("file", ["local", "user"])
def test_no_file_says_where_output_is_written(files, file):
    with pytest.raises(SettingsError, match="'output' cannot be set here"):
        files(**{file: '[batch]\noutput = "/etc/passwd"'})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(
            "[bach]\nsheet = 1", "no command 'bach' (did you mean 'batch'?)", id="command"
        ),
        pytest.param("[batch]\nsheeet = 1", "did you mean 'sheet'?", id="option"),
        pytest.param("sheet = ", "is not valid TOML", id="not TOML"),
        pytest.param("[batch.x]\nsheet = 1", "table in a table", id="a table in a table"),
        pytest.param("[classify]\nsheet = 1", "'sheet' cannot be set here", id="another command's"),
    ],
)
def test_a_mistake_is_named_with_its_file(files, text, says):
    with pytest.raises(SettingsError) as caught:
        files(local=text)
    assert says in caught.value.message
    assert "triage.toml" in caught.value.message


def test_a_file_that_is_not_text_is_an_error_that_names_it(tmp_path):
    (tmp_path / "triage.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"triage\.toml"):
        read_files(COMMANDS, tmp_path / "triage.toml", tmp_path / "none")


@pytest.mark.parametrize("make", ["fifo", "folder", "device", "huge"])
def test_what_is_not_a_small_file_is_refused_at_once(tmp_path, make):
    path = tmp_path / "triage.toml"
    if make == "fifo":
        os.mkfifo(path)
    elif make == "folder":
        path.mkdir()
    elif make == "device":
        path.symlink_to("/dev/zero")
    else:
        path.write_text("# " + "x" * 1_000_001)
    with pytest.raises(SettingsError, match=r"triage\.toml"):
        read_files(COMMANDS, path, tmp_path / "none")


def test_a_byte_order_mark_is_read_over_and_deep_nesting_is_an_error(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b'\xef\xbb\xbfmodel = "m"')
    assert read_files(COMMANDS, tmp_path / "no", path)["batch"]["model"].value == "m"
    path.write_text("sheet = " + "[" * 9999)
    with pytest.raises(SettingsError, match="not valid TOML"):
        read_files(COMMANDS, tmp_path / "no", path)


def test_a_configuration_folder_that_cannot_be_is_no_error(tmp_path):
    found = read_files(COMMANDS, tmp_path / "no", Path(os.devnull, "triage-agent", "config.toml"))
    assert found["batch"] == {}


class TestTheProgram:
    """The same over the whole program; `doctor` shows what set each value."""

    @pytest.fixture(autouse=True)
    def here(self, monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)
        self.user = user_file()
        self.user.parent.mkdir(parents=True)
        self.local = tmp_path / "triage.toml"

    @staticmethod
    def settings(*arguments, environment=None):
        result = triage("doctor", "--json", *arguments, environment=environment)
        return json.loads(result.stdout)["settings"]["values"]

    def test_command_line_then_environment_then_the_users_file_then_the_default(self):
        self.user.write_text("threshold = 0.9\nprior = 0.4\ntimeout = 7\n", encoding="utf-8")
        environment = {"TRIAGE_THRESHOLD": "0.8", "TRIAGE_PRIOR": "0.3"}
        found = self.settings("--threshold", "0.7", environment=environment)
        assert found["threshold"] == {
            "name": "threshold",
            "value": "0.7",
            "source": "the command line",
        }
        assert found["prior"]["value"] == "0.3"
        assert found["prior"]["source"] == "the environment variable TRIAGE_PRIOR"
        assert found["timeout"]["value"] == "7.0"
        assert found["timeout"]["source"] == str(self.user)
        assert found["votes"] == {"name": "votes", "value": "1", "source": "default"}

    def test_a_key_is_not_shown(self):
        result = triage("doctor", environment={"OPENAI_API_KEY": "sk-verysecret-0123456789"})
        assert (
            "api_key = set, from the environment variable OPENAI_API_KEY" in result.stdout.decode()
        )
        assert b"verysecret" not in result.stdout + result.stderr

    def test_a_forbidden_setting_in_the_working_folder_stops_every_command_with_2(self):
        self.local.write_text('base_url = "http://evil.example"\n', encoding="utf-8")
        result = triage("classify", "Leads get lost")
        assert result.returncode == 2
        assert b"may not set 'base_url'" in result.stderr

    def test_a_value_that_does_not_fit_names_its_file(self):
        self.local.write_text('[batch]\nsplit = "perhaps"\n', encoding="utf-8")
        result = triage("classify", "Leads get lost")
        assert result.returncode == 2
        assert b"triage.toml: split: " in result.stderr

    def test_mappings_of_the_working_folder_are_followed_and_the_command_line_wins(self, tmp_path):
        (tmp_path / "in.csv").write_text(
            "a,b\nInvoices are typed by hand every day,We need an app for our customers\n",
            encoding="utf-8",
        )
        self.local.write_text('[batch]\nproblem_column = ["b"]\n', encoding="utf-8")
        assert triage("batch", "in.csv", "-o", "out.jsonl").returncode == 0
        row = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))
        assert row["triage_1_label"] == "build-software"
        assert triage("batch", "in.csv", "-o", "out.jsonl", "--problem-column", "a").returncode == 0
        row = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))
        assert row["triage_1_label"] == "automate-process"

    @pytest.mark.parametrize("name", sorted(MAPPINGS))
    def test_every_documented_mapping_is_an_option_of_some_command(self, name):
        values = {"split": "true", "header": "true", "usd_rate": "1", "quiz_scale": '"0-3"'}
        value = values.get(name, '"x=y"')
        self.local.write_text(f"{name} = {value}\n", encoding="utf-8")
        result = triage("doctor", "--json")
        assert result.returncode == 0, result.stderr

    def test_one_column_needs_no_list_and_the_format_is_followed(self, tmp_path):
        (tmp_path / "in.txt").write_text("a\nInvoices are typed by hand every day\n")
        self.local.write_text('[batch]\nproblem_column = "a"\nformat = "csv"\n', encoding="utf-8")
        assert triage("batch", "in.txt", "-o", "out.jsonl").returncode == 0

    def test_a_shared_prior_is_not_the_prior_of_eval(self):
        self.user.write_text("prior = 0.2\n", encoding="utf-8")
        result = triage("eval", "--set", "decisions", "--json")
        assert json.loads(result.stdout)["settings"]["prior"] == 0.3
