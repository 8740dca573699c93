"""What owners do in a terminal, from the first question to what is left of it."""

import json
import os
import stat
from pathlib import Path

import pytest

from support.terminal import DOWN, LEFT, Terminal, pasted

LEADS = "Leads from our web form get lost because nobody copies them into the CRM in time"
STOCK = "Our stock figures are wrong because deliveries are typed in by hand, days later"
REPORTS = "Two of our staff spend 40 hours a week copying figures into reports"
COPYING = "We copy every order by hand into QuickBooks"
APP = "Our customers want an app to follow their deliveries"
READY = [(f"{number} of 8", "4\r") for number in range(1, 9)]  # the best answer each time
HIRE = "Hire a fractional AI officer."


def known(terminal, keys):
    for prompt, answer in keys:
        terminal.answer(prompt, answer)
    return terminal


def about_business(company="\r", revenue="2\r", software="2\r"):
    """The questions about the business, with their answers."""
    return [("company called", company), ("yearly revenue", revenue), ("for customers?", software)]


def kept_file():
    return next(Path(os.environ["XDG_STATE_HOME"]).rglob("left.json"), None)


def test_an_owner_gets_from_three_problems_to_a_saved_report(tmp_path):
    path = tmp_path / "acme.html"
    with Terminal() as terminal:
        terminal.answer("three biggest problems", f"{LEADS}\r{STOCK}\r{REPORTS}\r")
        terminal.send("\r")
        terminal.answer("three problems. Is that right?", "\r")
        known(terminal, about_business(company="Acme Ltd\r"))
        terminal.answer("would you like to do?", "1\r")
        terminal.answer("Where to?", f"\x15{path}\r")
        terminal.answer("The report is in", "5\r")
        assert terminal.end() == 0
        assert HIRE in terminal.words
        assert "> yes" in terminal.lines  # a choice stays, without the others
        assert "--explain" not in terminal.words  # the list offers it
    page = path.read_text(encoding="utf-8")
    assert "Acme Ltd" in page
    assert HIRE in page
    assert kept_file() is None


def test_the_name_that_is_proposed_for_a_report_is_the_companys(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme-ltd.html").touch()
    with Terminal("--revenue", "3M", "--no-sells-software") as terminal:
        known(terminal, [("three biggest", f"{LEADS}\r"), (LEADS[-9:], "\r")])
        known(terminal, [("company", "Acme, Ltd.\r"), ("to do?", "1\r"), ("Where to?", "\r")])
        terminal.answer("The report is in", "5\r")
        assert terminal.end() == 0
    assert len(list(tmp_path.glob("acme-ltd*.html"))) == 2


def test_a_voice_note_is_taken_apart_by_hand():
    note = (
        "so okay the leads they come in by the form and nobody copies them over and um then the "
        "stock is typed in by hand days later so it is always wrong"
    )
    with Terminal("--revenue", "3M", "--no-sells-software") as terminal:
        known(terminal, [("three biggest", f"{note}\r"), ("wrong", "\r")])
        terminal.answer("problem", DOWN + "\r")
        terminal.until("another problem begins")
        terminal.send(LEFT * len("the stock is typed in by hand days later so it is always wrong"))
        terminal.send("\r").send("\x1b[F")
        terminal.send("\r").until(">").send("\r")
        terminal.until("2. the stock is typed in by hand days later")
        terminal.send("\r")
        terminal.answer("company", "\r").until("to do?")
        assert "2 the stock is typed" in terminal.words
        terminal.send("5\r")
        assert terminal.end() == 0


def test_a_tie_says_why_the_quiz_is_asked_and_back_changes_an_answer():
    with Terminal("--revenue", "3M", "--no-sells-software", COPYING, APP) as terminal:
        terminal.answer("It is a tie", "1\r")
        terminal.answer("2 of 8", "5\r")  # back
        terminal.answer("1 of 8", "4\r")
        known(terminal, READY[1:])
        assert terminal.end() == 0
        assert HIRE in terminal.words
        assert "Most of what" not in terminal.words


def test_a_correction_is_credited_and_decides_anew():
    with Terminal("--revenue", "3M", "--no-sells-software") as terminal:
        known(terminal, [("three biggest", f"{LEADS}\r"), (LEADS[-9:], "\r"), ("company", "\r")])
        terminal.until(HIRE).answer("to do?", "3\r")
        known(terminal, [("Which one?", "1\r"), ("What is it?", "1\r")])
        terminal.until("as you said").until("Hire a fractional CTO.")
        terminal.answer("to do?", "5\r")
        assert terminal.end() == 0


def test_revenue_can_be_changed_after_the_verdict():
    with Terminal("--revenue", "3M", "--no-sells-software") as terminal:
        known(terminal, [("three biggest", f"{LEADS}\r"), (LEADS[-9:], "\r"), ("company", "\r")])
        terminal.until(HIRE).answer("to do?", "4\r")
        known(terminal, [("yearly revenue", "1\r"), ("for customers?", "2\r")])
        terminal.until("do it yourself").answer("to do?", "5\r")
        assert terminal.end() == 0


def test_ctrl_c_keeps_what_was_typed_and_resume_goes_on_with_it():
    with Terminal("--revenue", "3M") as terminal:
        known(terminal, [("three biggest", f"{LEADS}\r"), (LEADS[-9:], "Stock is wr")])
        terminal.answer("Stock is wr", "\x03").until("triage --resume", typing=False)
        assert terminal.end() == 130
        assert "Traceback" not in terminal.words
    assert stat.S_IMODE(kept_file().stat().st_mode) == 0o600
    with Terminal("--resume") as terminal:
        terminal.answer("Stock is wr", "ong every week\r").answer("every week", "\r")
        terminal.answer("two problems", "\r")
        known(terminal, [("company", "\r"), ("for customers?", "2\r")])  # its revenue is known
        terminal.answer("to do?", "5\r")
        assert terminal.end() == 0
        assert HIRE in terminal.words
    assert kept_file() is None


def test_ctrl_c_while_a_problem_is_changed_keeps_the_change():
    with Terminal("advise", f"- {LEADS}\n- {STOCK}") as terminal:
        known(terminal, [("Is that right?", "2\r"), ("1. Leads", "2\r"), (LEADS, ", every day")])
        terminal.answer("every day", "\x03").until("--resume", typing=False)
        assert terminal.end() == 130
    with Terminal("--resume") as terminal:
        terminal.until("in time").until(", every day")
        terminal.send("\x03")
        assert terminal.end() == 130


def test_what_was_left_is_offered_when_a_new_conversation_begins():
    with Terminal() as terminal:
        known(terminal, [("three biggest", f"{LEADS}\r"), (LEADS[-9:], "\r"), ("company", "\x03")])
        assert terminal.end() == 130
    with Terminal() as terminal:
        terminal.answer("go on with it?", "\r").answer("company", "\x03")
        assert terminal.end() == 130
    with Terminal() as terminal:
        terminal.answer("go on with it?", "2\r").until("three biggest")
        assert LEADS not in terminal.words


@pytest.mark.parametrize("columns", [60, 80])
def test_lines_wrap_between_words_and_no_answer_or_figure_is_cut(columns):
    arguments = ["--revenue", "3M", "--no-sells-software", LEADS, STOCK, REPORTS]
    with Terminal(*arguments, columns=columns) as terminal:
        terminal.until("Next:", typing=False)
        assert terminal.end() == 0
        lines = terminal.lines
    assert len([line for line in lines if line.endswith("% sure")]) == 3
    assert len([line for line in lines if " automate " in line]) == 3
    words = set(" ".join([*lines, LEADS, STOCK, REPORTS]).split())
    wide = [line for line in lines if len(line) == columns]  # a word that is cut ends there
    assert all(line.split()[-1] in words for line in wide)


def test_the_hints_of_every_prompt_are_whole_at_60_columns():
    with Terminal("--revenue", "3M", columns=60) as terminal:
        terminal.until("stop for now.")
        known(terminal, [("three biggest", f"{LEADS}\r"), (LEADS[-9:], "\r")])
        terminal.until("company").until("Type back to go back.").until("stop for now.").send("\r")
        terminal.until("for customers?").until("stop for now.")


def test_a_paste_of_20_000_characters_arrives_whole(tmp_path):
    path = tmp_path / "report.json"
    line = "We copy every order by hand into the accounting system. "
    text = (line * (20_000 // len(line) + 1))[:20_000].strip()
    arguments = ["advise", "--revenue", "3M", "--no-sells-software", "-o", str(path)]
    with Terminal(*arguments) as terminal:
        terminal.until("three biggest").send(pasted(text))
        terminal.until("stop for now").send("\r").send("\r")
        terminal.until("company" if False else "?")
        while "company" not in terminal._said():
            terminal.send("\r").until("?")
        terminal.send("\r").answer("to do?", "5\r")
        assert terminal.end() == 0
    rows = json.loads(path.read_text())["problems"]
    assert "".join(row["text"] for row in rows).count("accounting system") == text.count("system")


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_paste_without_marks_may_have_blank_lines(end):
    text = end.join([LEADS, "", STOCK, "", REPORTS])
    with Terminal("--revenue", "3M") as terminal:
        terminal.until("three biggest").send(text)
        terminal.until("into reports").send("\r").send("\r")
        terminal.until("three problems. Is that right?")
        for number, problem in enumerate([LEADS, STOCK, REPORTS], start=1):
            assert f"{number}. {problem}" in terminal.words
