"""Another language is one more file: with it, an owner is asked nothing in English."""

import html
import itertools
import json
import re
from string import Formatter

import pytest

from support.site import Form, begin, heading, send, site, walk
from triage_agent.conversation import english
from triage_agent.errors import SettingsError
from triage_agent.web.texts import _questions, load_page_words, shipped_texts

ALL = {**shipped_texts(), **_questions(english())}


NUMBERS = itertools.count()


def made_up(value):
    """Return every text as a word that no language has, with what is filled in."""
    if isinstance(value, str):
        blanks = dict.fromkeys(name for _, name, _, _ in Formatter().parse(value) if name)
        return " ".join([f"Xq{next(NUMBERS)}z", *(f"{{{name}}}" for name in blanks)])
    if isinstance(value, list | tuple):
        return [made_up(one) for one in value]
    return {name: made_up(one) for name, one in value.items()}


def texts_in(value):
    """Yield every text of a nest of tables and lists."""
    if isinstance(value, str):
        yield value
    else:
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts_in(one)


def as_toml(table, prefix=""):
    """Return tables of texts and lists as TOML."""
    plain = {name: one for name, one in table.items() if not isinstance(one, dict)}
    lines = [f"[{prefix}]"] if prefix else []
    lines += [f"{json.dumps(name)} = {json.dumps(one)}" for name, one in plain.items()]
    for name, one in table.items():
        if isinstance(one, dict):
            lines.append(as_toml(one, f"{prefix}.{json.dumps(name)}" if prefix else name))
    return "\n".join(lines)


def left_english(page, among=ALL):
    """Return the English texts that stand on a page, each as the text of an element."""
    shown = html.unescape(page.text)
    pieces = {" ".join(one.split()) for one in re.findall(r">([^<>]+)<", shown)}
    found = []
    for text in filter(None, texts_in(among)):
        parts = [part.strip() for part in re.split(r"\{\w+\}", text)]
        long = [part for part in parts if len(part) > 14]
        if text in pieces or any(part in shown for part in long):
            found.append(text)
    return found


@pytest.fixture
def xx(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "xx.toml").write_text(as_toml(made_up(ALL)), "utf-8")
    with site(tmp_path, language="xx") as client:
        yield client


def test_the_check_finds_english_where_there_is_some(tmp_path):
    with site(tmp_path) as client:
        found = left_english(begin(client, "1. Invoices are typed by hand\n2. An app is wanted"))
    assert "Yes, that is right" in found
    assert "I read {count}. Is that right?" in found


def test_an_owner_is_asked_nothing_in_english_from_the_first_page_to_the_result(xx):
    seen = set()
    assert left_english(xx.get("/")) == []
    assert left_english(begin(xx, "...")) == []
    page = begin(xx, "1. Invoices are typed by hand\n2. We need an app\n3. Some thing is off")
    while not page.url.path.endswith("/verdict"):
        assert page.status_code == 200
        assert 'lang="xx"' in page.text
        assert left_english(page) == [], heading(page)
        step = Form(page.text).fields["id"].partition(":")[0]
        seen.add(step)
        if step not in {"company", "behind"}:  # which may be empty
            empty = {name: " " for name in Form(page.text).fields if name.startswith("piece-")}
            wrong = send(xx, page, do="confirm", text="", choice="", **empty)
            assert wrong.status_code == 422
            assert left_english(wrong) == [], heading(wrong)
        choices = re.findall(r'name="choice" value="([^"]+)"', page.text)
        chosen = {"unclear": -1}.get(step, 1)  # not sure; else the second answer
        page = send(xx, page, do="confirm", choice=choices[chosen] if choices else "")
    assert {"split", "behind", "company", "revenue", "software", "unclear", "quiz"} <= seen
    # What the verdict itself says is the report's, which is in English.
    around = {"verdict": ALL["verdict"], "revenue": ALL["conversation"]["revenue"]}
    assert left_english(page, around) == []


@pytest.mark.parametrize(
    "path", ["/quiz", "/roles", "/red-flags", "/returns", "/nothing", "/sign-in"]
)
def test_the_other_pages_say_nothing_that_a_file_could_say(xx, path):
    assert left_english(xx.get(path)) == []


def test_the_result_of_the_quiz_is_in_the_language(xx):
    answers = {one.id: "1" for one in english().quiz.questions}
    assert left_english(xx.post("/quiz", data=answers)) == []


def test_what_is_asked_again_is_in_the_language(xx):
    page = walk(xx, begin(xx, "Invoices are typed by hand every day"))
    for path in ("again/quiz", "again/unclear/1"):
        assert left_english(xx.get(page.url.path.replace("verdict", path))) == []


def test_what_stands_beside_the_verdict_can_be_saved_as_it_is(xx):
    page = walk(xx, begin(xx, "Invoices are typed by hand every day"), revenue="unknown")
    shown = re.search(r'name="revenue"[^>]* value="([^"]*)"', page.text)[1]
    assert xx.post(page.url.path, data={"revenue": shown, "software": "no"}).status_code == 200
    assert xx.app.state.site.submissions.by_id(1).state.answers["revenue"] == "unknown"


def test_what_is_kept_is_the_same_in_every_language(xx, tmp_path):
    walk(xx, begin(xx, "1. Invoices are typed by hand\n2. Stock is counted on paper"))
    kept = xx.app.state.site.submissions.by_id(1)
    assert kept.state.answers["revenue"] == "1M to 10M"
    assert kept.advice["recommendation"] == "fractional-ai-officer"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '[conversation.revenue.answers]\n"below 1M" = "wenig"\n',
            "no page shows conversation.rev",
        ),
        ('[conversation.unclear]\nask = "{txt}"\n', r"conversation.unclear.ask has words in \{\}"),
        ("[conversation.company]\nask = 3\n", "conversation.company.ask is 3"),
        ('[quiz_questions.process]\nanswers = ["a", "b"]\n', "must have 4 texts, not 2"),
        ('[quiz_questions.people]\nquestion = "a"\n', "no page shows quiz_questions.people"),
        ('[conversation]\ncompany = "a"\n', "conversation.company is 'a'"),
        ('[conversation.count]\nnumbers = ["null", 1]\n', r"conversation.count.numbers\[1\] is 1"),
    ],
)
def test_a_file_that_could_break_a_question_is_refused(tmp_path, text, says):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "de.toml").write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=says):
        load_page_words(tmp_path, "de")


def test_a_part_of_a_question_can_be_said_otherwise_and_the_rest_stays(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "de.toml").write_text(
        '[conversation.count]\nmany = "{number} Probleme"\nnumbers = ["keine", "ein", "zwei"]\n'
        '[conversation.split]\nask = "Ich lese {count}."\n',
        "utf-8",
    )
    with site(tmp_path, language="de") as client:
        page = begin(client, "1. Invoices are typed by hand\n2. Stock is counted on paper")
        assert heading(page) == "Ich lese zwei Probleme."
        page = send(client, page, new="Calls are not returned", do="add")
        assert heading(page) == "Ich lese 3 Probleme."
        assert "To change one, edit its text." in page.text
