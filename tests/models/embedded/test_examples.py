import json

import pytest

from triage_agent.errors import SettingsError
from triage_agent.files import folder
from triage_agent.models.embedded.examples import (
    EACH,
    FILES,
    LONGEST,
    Neighbours,
    PromptExample,
    fits_in_prompt,
    shown,
)
from triage_agent.types import Label

BUILD, AUTOMATE = Label.BUILD, Label.AUTOMATE
SIGNALS = ("customer_facing_software", "custom_system", "engineering_leadership")


def line(text, label="automate-process", **values):
    """Return an example as it stands in the pool."""
    build = label == "build-software"
    known = dict.fromkeys(SIGNALS, False) | {
        "customer_facing_software": build,
        "existing_process": not build,
        "mixed": False,
        "instructs_reader": False,
    }
    return {"id": text[:8], "text": text, "label": label, **known, **values}


TEXTS = {
    "Every invoice is typed by hand into QuickBooks.": AUTOMATE,
    "Somebody copies invoices from e-mails into our books each evening.": AUTOMATE,
    "We plan the shifts of forty cleaners in a spreadsheet every Sunday.": AUTOMATE,
    "Nobody answers leads from the website before Monday.": AUTOMATE,
    "Our tenants want an app to pay the rent and report repairs.": BUILD,
    "A portal where customers of our shop see their invoices has to be built.": BUILD,
    "Five developers work for us and nobody leads them.": BUILD,
    "We sell a booking platform and its code has to be rewritten.": BUILD,
}


def pool(path, texts=TEXTS, **values):
    rows = [line(text, label and label.value, **values) for text, label in texts.items()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory):
    return Neighbours([pool(tmp_path_factory.mktemp("small") / "examples.jsonl")])


@pytest.fixture(scope="module")
def shipped():
    return Neighbours()


def test_as_many_examples_of_each_label_are_found_and_the_nearest_of_all_stands_last(neighbours):
    found = neighbours.near("Invoices are typed into our books by hand.", each=2)
    assert sorted(example.label for example in found) == [AUTOMATE, AUTOMATE, BUILD, BUILD]
    for text, label in TEXTS.items():  # so that the last one is not always of the same label
        last = neighbours.near(text, each=2)[-1]
        assert (last.text, last.label) == (text, label)


def test_an_example_is_its_own_nearest_neighbour(neighbours):
    for text, label in TEXTS.items():
        assert (text, label) in [(e.text, e.label) for e in neighbours.near(text, each=1)]


@pytest.mark.parametrize(("each", "found"), [(0, 0), (1, 2), (3, 6), (4, 8), (9, 8)])
def test_so_many_of_each_label_are_found_as_there_are(neighbours, each, found):
    near = neighbours.near("Our shop wants an app.", each)
    assert len(near) == found
    assert len({example.text for example in near}) == found


def test_the_shipped_examples_are_found(shipped):
    found = shipped.near("Customer appointments are forgotten because the book is on paper.")
    assert sorted(example.label for example in found) == [AUTOMATE] * EACH + [BUILD] * EACH
    assert all(len(example.text) <= LONGEST for example in found)


@pytest.mark.parametrize(
    "text", ["", "\ud800", "zzzz qqqq", "x " * 5_000, "予約を自動化したい", "{problem} {examples}"]
)
def test_any_text_has_neighbours(shipped, text):
    assert len(shipped.near(text)) == 2 * EACH


def test_equal_texts_have_equal_examples_so_that_they_are_asked_once(shipped):
    text = "Quotes go out three days late."
    assert shipped.as_text(text) == shipped.as_text(text)


def test_an_example_is_shown_on_one_line_with_its_label_and_its_true_signals(neighbours):
    words = neighbours.as_text("Our tenants want an app.")
    assert words.count("Text: ") == words.count("\nlabel: ") == 2 * EACH
    assert words.endswith("label: build-software; true: customer_facing_software")
    assert (
        shown(PromptExample("a\n\n b", BUILD, ())) == "Text: a b\nlabel: build-software; true: none"
    )


@pytest.mark.parametrize(
    ("changes", "may_stand"),
    [
        pytest.param({}, True, id="clear and short"),
        pytest.param({"label": None}, False, id="no label"),
        pytest.param({"mixed": True}, False, id="both kinds"),
        pytest.param({"instructs_reader": True}, False, id="an attack"),
        pytest.param({"text": "x" * LONGEST}, True, id="just short enough"),
        pytest.param({"text": "x" * (LONGEST + 1)}, False, id="too long"),
    ],
)
def test_only_short_clear_examples_may_stand_in_a_prompt(changes, may_stand):
    assert fits_in_prompt(line("Text") | changes) is may_stand


def test_no_shipped_example_that_may_not_stand_in_a_prompt_does(shipped):
    files = [folder("prompts") / "training" / name for name in FILES]
    rows = [json.loads(one) for path in files for one in path.read_text("utf-8").split("\n") if one]
    assert {e.text for e in shipped._examples} == {
        row["text"] for row in rows if fits_in_prompt(row)
    }


def test_missing_examples_are_an_error_that_names_the_file(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.jsonl"):
        Neighbours([tmp_path / "none.jsonl"])


def test_damaged_examples_are_an_error_that_names_the_file(tmp_path):
    (tmp_path / "broken.jsonl").write_text('{"text": ', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"broken\.jsonl are damaged"):
        Neighbours([tmp_path / "broken.jsonl"])
