"""The question file of a decision model: what it must hold, and how it is named."""

import tomllib

import pytest

from triage_agent.errors import SettingsError
from triage_agent.files import folder
from triage_agent.models.llm.questions import load_questions

SHIPPED = folder("prompts") / "typed" / "guide.toml"


@pytest.fixture
def own(tmp_path):
    """Return the path of a copy of the shipped file in which words were replaced."""

    def write(*changes):
        text = SHIPPED.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_a_file_of_ones_own_has_its_own_name_and_a_hash_of_what_it_asks(own):
    shipped, same = load_questions("guide"), load_questions(own())
    assert shipped.id.startswith("guide@")
    assert same.id == shipped.id.replace("guide", "mine")
    assert load_questions(own(("Being known", "Being seen"))).id != same.id
    assert load_questions(own(("# You may edit", "# You can edit"))).id == same.id  # a comment


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param(("mixed =", "both ="), "signals must be", id="a signal nobody reads"),
        pytest.param(("automate-process =", "automate ="), "label.choices", id="an unknown label"),
        pytest.param(('other = "None of these"', ""), "function.choices", id="a choice short"),
        pytest.param(("{problem}\n", "\n"), "{problem} once", id="no place for the problem"),
        pytest.param(("{problem}\n", "{problem} {problem}\n"), "{problem} once", id="two places"),
        pytest.param(('"None of these"', '" "'), "function.choices.other", id="no words"),
        pytest.param(("[label]\n", "[label]\nmore = 1\n"), "label.more", id="an unknown key"),
        pytest.param(("[signals]", "[signals"), "not valid TOML", id="no TOML"),
    ],
)
def test_a_file_that_does_not_fit_is_named_with_the_place(changes, said, own):
    with pytest.raises(SettingsError) as error:
        load_questions(own(changes))
    assert said in error.value.message
    assert "mine.toml" in error.value.message


@pytest.mark.parametrize("name", ["nothing", "guide-examples", "x" * 5_000, "a\0b", "no/such.toml"])
def test_questions_that_are_not_there_name_those_that_are(name):
    with pytest.raises(SettingsError, match=r"Shipped: guide; or give the path"):
        load_questions(name)


def test_everything_that_is_asked_counts_as_words_that_the_model_knows():
    words = load_questions("guide").words
    for part in tomllib.loads(SHIPPED.read_text(encoding="utf-8"))["signals"].values():
        assert part in words
    assert "Own use wins over coding" in words


def test_the_size_of_a_request_is_about_that_of_its_questions_and_its_text():
    questions = load_questions("guide")
    more = questions.request_bytes("x" * 500) - questions.request_bytes("")
    assert more == 500
    assert questions.request_bytes("") > len(questions.words)
