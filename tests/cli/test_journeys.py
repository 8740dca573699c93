"""What owners do in a terminal, from the first question to what is left of it."""

import json
import os
import re
import socket
import stat
import time
from pathlib import Path

import pytest

from support.program import triage
from support.terminal import DOWN, END, HOME, LEFT, UP, Terminal, pasted
from support.terminal import RIGHT as RIGHT_KEY
from triage_agent.cli.after_verdict import BUSINESS as ABOUT_BUSINESS
from triage_agent.cli.after_verdict import WRONG, Next
from triage_agent.cli.arranging import ADD, DIVIDE, DROP, JOIN, RIGHT
from triage_agent.conversation import quiz_questions
from triage_agent.conversation.words import load_words

LEADS = "Leads from our web form get lost because nobody copies them into the CRM in time"
STOCK = "Our stock figures are wrong because deliveries are typed in by hand, days later"
REPORTS = "Two of our staff spend 40 hours a week copying figures into reports"
COPYING = "We copy every order by hand into QuickBooks"
PORTAL = "We want to build a portal where customers order and pay"
APP = "Our customers want an app to follow their deliveries"
READY = [(f"{number} of 8", "4\r") for number in range(1, 9)]  # the best answer each time
BUSINESS = ["--revenue", "3M", "--no-sells-software"]
HIRE = "Hire a fractional AI officer."
ASKED = "three biggest problems"
SPLIT = "Is that right?"
COMPANY = "company called"
NEXT = "would you like to do?"
DONE = "5\r"


def known(terminal, keys):
    for prompt, answer in keys:
        terminal.answer(prompt, answer)
    return terminal


def wrote(terminal, *problems):
    """Type problems, and an empty line behind them."""
    terminal.until(ASKED).type(*problems)
    return terminal.send("\r")


def kept_files():
    return sorted(Path(os.environ["XDG_STATE_HOME"]).rglob("left-*.json"))


def kept():
    """Return what is kept of the only conversation that was left."""
    (path,) = kept_files()
    return json.loads(path.read_text("utf-8"))


def left(terminal):
    """Press Ctrl-C, and return what is kept then."""
    terminal.send("\x03").until("triage --resume", typing=False)
    assert terminal.end() == 130
    assert "Traceback" not in terminal.words
    return kept()


def whole(words, lines):
    """Assert that each word of some texts stands on a line in one piece."""
    shown = {word for line in lines for word in line.split()}
    assert {word for text in words for word in text.split()} - shown == set()


def test_an_owner_gets_from_three_problems_to_a_saved_report(tmp_path):
    path = tmp_path / "acme.html"
    with Terminal() as terminal:
        wrote(terminal, LEADS, STOCK, REPORTS).answer("I read three problems. " + SPLIT, "\r")
        known(terminal, [(COMPANY, "Acme Ltd\r"), ("yearly revenue", "2\r")])
        known(terminal, [("for customers?", "2\r"), (NEXT, "1\r")])
        terminal.answer("What should its name be?", f"\x15{path}\r")
        terminal.answer("The report is in", DONE)
        assert terminal.end() == 0
        assert HIRE in terminal.words
        assert "> yes" in terminal.lines  # a choice stays, without the others
        assert "--explain" not in terminal.words  # the list offers it
    page = path.read_text(encoding="utf-8")
    assert "Acme Ltd" in page
    assert HIRE in page
    assert kept_files() == []


def test_the_name_that_is_proposed_for_a_report_is_the_companys(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme-ltd-report.html").touch()
    with Terminal(*BUSINESS) as terminal:
        wrote(terminal, LEADS)
        known(
            terminal, [(COMPANY, "Acme, Ltd.\r"), (NEXT, "1\r"), ("What should its name be?", "\r")]
        )
        terminal.answer("The report is in", DONE)
        assert terminal.end() == 0
    assert "Acme, Ltd." in (tmp_path / "acme-ltd-report-2.html").read_text("utf-8")
    assert (tmp_path / "acme-ltd-report.html").read_text("utf-8") == ""


def test_a_voice_note_is_shown_as_it_might_be_taken_apart_and_can_be_cut_by_hand():
    note = (
        "so okay the leads they come in by the form and nobody copies them over and um then the "
        "stock is typed in by hand days later so it is always wrong and the other thing is the "
        "reports take us forty hours every single week"
    )
    late = "days later so it is always wrong"
    with Terminal(*BUSINESS) as terminal:
        wrote(terminal, note).until("I read three problems, but I am not sure")
        terminal.send("3\r").until("Which one?")
        terminal.send("2\r").until("another problem begins")
        terminal.send(END + LEFT * len(late)).send("\r")
        terminal.send(END).type("", "")
        terminal.until(f"3. {late}")
        terminal.until("4. the other thing is")
        terminal.send("6\r").answer(COMPANY, "\r").until(NEXT)  # all of it is one problem
        terminal.send(DONE)
        assert terminal.end() == 0


def test_enter_twice_takes_a_problem_apart_and_back_leaves_all_as_it_was():
    late = "days later"
    with Terminal("advise", f"1. {LEADS}\n2. {STOCK}") as terminal:
        known(terminal, [(SPLIT, "5\r"), ("What else goes wrong", "back\r")])
        terminal.until("4. leave one out").send("5\r")
        known(terminal, [("What else goes wrong", "idk\r"), ("no problem in this", "\x15\r")])
        terminal.until("4. leave one out").send("3\r").answer("Which one?", "2\r")
        terminal.until("another problem begins").send(END + LEFT * len(late))
        terminal.send("\r").send("\r").until(f"3. {late}")
        assert left(terminal)["drafts"]["split"][2]["text"] == late


def test_enter_alone_takes_no_answer_that_the_program_does_not_believe_in():
    with Terminal("--revenue", "3M", LEADS) as terminal:
        terminal.until("for customers?").until("stop for now.")
        assert any(line.startswith("> 3. not sure") for line in terminal.screen)
    with Terminal(*BUSINESS, COPYING, APP) as terminal:
        terminal.until("1 of 8").until("stop for now.").send("\r")
        assert not any(line.startswith(">") for line in terminal.screen)
        terminal.send(DOWN + "\r")
        terminal.until("2 of 8")


def test_enter_through_all_questions_hires_nobody_and_says_who_helps():
    text = (
        "I want to hire a receptionist. Our logo looks dated. An ex-employee is suing us. "
        "Also we should use AI."
    )
    with Terminal() as terminal:
        wrote(terminal, text).until(SPLIT).send("\r").until("Nothing is chosen yet")
        terminal.send("1\r").answer(COMPANY, "\r").answer("yearly revenue", "4\r")
        known(terminal, [("for customers?", "\r"), *[("Which of these", "\r")] * 4])
        terminal.until(NEXT)
        assert "Hire a fractional" not in terminal.words
        assert "(firm)" not in terminal.words
        assert "a lawyer (problem 3)" in terminal.words
        terminal.send("\r").until("Nothing is chosen yet")  # it saves no report
        terminal.send(DONE)
        assert terminal.end() == 0


def test_the_headline_stays_above_the_list_on_a_small_screen():
    with Terminal(*BUSINESS, columns=60, rows=20) as terminal:
        wrote(terminal, LEADS, STOCK, PORTAL).until(SPLIT).send("1\r")
        known(terminal, [(COMPANY, "\r")]).until(NEXT).until("stop for now.")
        assert any(HIRE in line for line in terminal.screen), terminal.lines


def test_why_says_more_than_the_verdict_and_no_flags_are_offered_where_nobody_is_hired():
    with Terminal("--revenue", "500k", "--no-sells-software") as terminal:
        wrote(terminal, LEADS)
        terminal.answer(COMPANY, "\r").until("see the reasons and the plan").send("2\r")
        terminal.answer("want to read?", "1\r").until("More to automate than to build? Yes:")
        assert terminal.words.count("a monthly fee would eat what they save") == 1


def test_a_quiz_that_was_left_goes_on_where_it_was_left():
    with Terminal(*BUSINESS) as terminal:
        wrote(terminal, LEADS).answer(COMPANY, "\r")
        known(terminal, [(NEXT, "4\r"), ("What do you want to change?", "3\r"), *READY[:2]])
        terminal.until("3 of 8")
        left(terminal)
    with Terminal("--resume") as terminal:
        known(terminal, [(NEXT, "4\r"), ("What do you want to change?", "3\r")])
        known(terminal, [("1 of 8", "\r"), ("2 of 8", "\r"), *READY[2:]])
        terminal.until("Readiness: 100 of 100").until(NEXT)
        terminal.send(DONE)
        assert terminal.end() == 0


def test_an_amount_that_is_none_is_asked_for_again_and_enter_keeps_the_one_before():
    with Terminal("--no-sells-software") as terminal:
        wrote(terminal, LEADS)
        known(terminal, [(COMPANY, "\r"), ("yearly revenue", "2M\r"), (NEXT, "4\r")])
        terminal.answer("What do you want to change?", "1\r")
        terminal.answer("So far: 2M", "plenty\r").until("plenty").answer("yearly revenue", "\r")
        terminal.until(NEXT)
        assert left(terminal)["answers"]["revenue"] == "2M"


def test_a_tie_says_why_the_quiz_is_asked_and_back_changes_an_answer():
    with Terminal(*BUSINESS, COPYING, APP) as terminal:
        terminal.answer("It is a tie", "1\r")
        terminal.answer("2 of 8", "5\r")  # back
        terminal.until("1 of 8")
        assert any(line.startswith("> 1. ") for line in terminal.screen)  # as it was answered
        terminal.send("4\r")
        known(terminal, READY[1:])
        assert terminal.end() == 0
        assert HIRE in terminal.words
        assert "Most of what" not in terminal.words


def test_a_correction_is_credited_and_decides_anew():
    with Terminal(*BUSINESS) as terminal:
        wrote(terminal, LEADS)
        terminal.answer(COMPANY, "\r").until(HIRE)
        known(terminal, [(NEXT, "3\r"), ("What do you want to change?", "3\r")])
        terminal.answer("comes closest to", "1\r")
        terminal.until("as you said").until("Hire a fractional CTO.").until(NEXT)
        terminal.send(DONE)
        assert terminal.end() == 0


def test_revenue_can_be_changed_after_the_verdict():
    with Terminal(*BUSINESS) as terminal:
        wrote(terminal, LEADS)
        terminal.answer(COMPANY, "\r").until(HIRE)
        known(terminal, [(NEXT, "4\r"), ("What do you want to change?", "1\r")])
        terminal.answer("What is the yearly revenue", "1\r").until(NEXT)
        assert "do it yourself" in terminal.words.casefold()
        terminal.send(DONE)
        assert terminal.end() == 0


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize(
    ("business", "problems"),
    [
        pytest.param(["--revenue", "3M"], [LEADS], id="provisional"),
        pytest.param(BUSINESS, [APP, PORTAL, REPORTS], id="firm"),
    ],
)
def test_the_headline_and_the_menu_stand_on_one_screen(business, problems, columns):
    with Terminal(*business, columns=columns) as terminal:
        wrote(terminal, *problems)
        if len(problems) > 1:
            terminal.answer(SPLIT, "\r")
        terminal.answer(COMPANY, "\r")
        if business != BUSINESS:
            terminal.answer("for customers?", "3\r")
        terminal.until(NEXT).until("stop for now.")
        screen = " ".join(" ".join(terminal.screen).split())
        assert "Hire a fractional" in screen
        whole([one.value for one in Next], terminal.screen)
        known(terminal, [("", "2\r"), ("to read?", "1\r"), ("to read?", UP + "\r")])
        terminal.until(NEXT).until("stop for now.")
        screen = " ".join(" ".join(terminal.screen).split())
        assert "Hire a fractional" in screen  # what was read has not pushed it away
        assert left(terminal)


def test_problems_are_added_after_the_verdict_until_it_is_firm(tmp_path):
    with Terminal(*BUSINESS) as terminal:
        wrote(terminal, LEADS).answer(COMPANY, "\r")
        terminal.until("2 of the 3 problems that the method asks for were not given")
        for problem in (STOCK, REPORTS):
            known(terminal, [(NEXT, "3\r"), ("What do you want to change?", "1\r")])
            terminal.answer("What else goes wrong", f"{problem}\r").until(HIRE)
        terminal.until("(firm)").until(NEXT)
        terminal.send("3\r").answer("You have three problems", "3\r")  # two belong together
        terminal.answer("Which two?", "1\r").until("your two problems").until(NEXT)
        terminal.send("3\r").answer("You have two problems", "2\r").answer("Which one?", "1\r")
        terminal.until("another problem begins").send(HOME + RIGHT_KEY * len(LEADS)).send("\r")
        terminal.send(END).type("", "").until("your three problems").until(NEXT)
        assert [piece["text"] for piece in left(terminal)["answers"]["split"]] == [
            LEADS,
            STOCK,
            REPORTS,
        ]


def test_a_problem_that_is_begun_after_the_verdict_is_there_when_going_on():
    with Terminal(*BUSINESS) as terminal:
        wrote(terminal, LEADS).answer(COMPANY, "\r")
        known(terminal, [(NEXT, "3\r"), ("What do you want to change?", "1\r")])
        terminal.until("What else goes wrong").send("Stock is wr").until("Stock is wr")
        left(terminal)
    with Terminal("--resume") as terminal:
        terminal.until("2. Stock is wr").until(SPLIT)
        left(terminal)


def test_the_quiz_can_be_taken_when_it_was_not_needed_and_changed_then():
    with Terminal(*BUSINESS) as terminal:
        wrote(terminal, LEADS).answer(COMPANY, "\r")
        known(terminal, [(NEXT, "4\r"), ("What do you want to change?", "3\r"), *READY])
        terminal.until("Readiness: 100 of 100").until(NEXT)
        known(terminal, [("", "4\r"), ("What do you want to change?", "3\r")])
        terminal.answer("1 of 8", "1\r")
        known(terminal, [(prompt, "\r") for prompt, _ in READY[1:]])  # as they were answered
        terminal.until("Readiness: 88 of 100").until(NEXT)
        terminal.send(DONE)
        assert terminal.end() == 0


def test_saving_a_report_names_the_folder_first_and_has_a_way_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").mkdir()
    with Terminal(*BUSINESS, columns=200) as terminal:
        wrote(terminal, LEADS).answer(COMPANY, "\r").answer(NEXT, "1\r")
        terminal.until(f"It is saved in {tmp_path}").send("\x15back\r").until(NEXT)
        assert not [*tmp_path.glob("*.html")]
        terminal.send("1\r").answer("What should its name be?", "\x15report.doc\r")
        terminal.until("must end in").send("\x15reports\r")  # a folder: the name is proposed
        terminal.until(str(tmp_path / "reports" / "triage-report.html")).until(NEXT)
        terminal.send(DONE)
        assert terminal.end() == 0
    assert (tmp_path / "reports" / "triage-report.html").exists()


def test_ctrl_c_keeps_what_was_typed_and_resume_goes_on_with_it():
    with Terminal("--revenue", "3M") as terminal:
        terminal.until(ASKED).type(LEADS).send("Stock is wr").until("Stock is wr")
        left(terminal)
    (path,) = kept_files()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with Terminal("--resume") as terminal:
        terminal.until("Stock is wr").type("ong every week").send("\r")
        terminal.answer("I read two problems", "\r")
        known(terminal, [(COMPANY, "\r"), ("for customers?", "2\r")])  # its revenue is known
        terminal.answer(NEXT, DONE)
        assert terminal.end() == 0
        assert HIRE in terminal.words
    assert kept_files() == []


def test_the_report_that_was_named_is_written_after_resuming_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    with Terminal(*BUSINESS, "-o", "report.json", "--explain") as terminal:
        wrote(terminal, LEADS).until(COMPANY)
        left(terminal)
    monkeypatch.chdir(tmp_path / "elsewhere")
    with Terminal("--resume") as terminal:
        known(terminal, [(COMPANY, "\r"), (NEXT, DONE)])
        assert terminal.end() == 0
        assert "FOR THE RECORD" in terminal.words
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["problems"][0]["text"] == LEADS


def test_ctrl_c_while_a_problem_is_changed_keeps_the_change():
    with Terminal("advise", f"1. {LEADS}\n2. {STOCK}") as terminal:
        known(terminal, [(SPLIT, "3\r"), ("Which one?", "1\r")])
        terminal.until("another problem begins").send(", every day").until("every day")
        assert left(terminal)["drafts"]["split"][0]["text"] == f"{LEADS}, every day"
    with Terminal("--resume") as terminal:
        terminal.until("every day").until("yes").send("\x03")
        assert terminal.end() == 130


def test_what_was_left_is_offered_when_a_new_conversation_begins():
    with Terminal() as terminal:
        wrote(terminal, LEADS).until(COMPANY)
        left(terminal)
    with Terminal() as terminal:
        terminal.answer("go on with it?", "\r").until(COMPANY)
        left(terminal)
    with Terminal() as terminal:
        terminal.answer("go on with it?", "2\r").until(ASKED)
        assert LEADS not in terminal.words
        assert kept_files() == []


def test_two_conversations_at_once_do_not_overwrite_each_other():
    with Terminal() as one, Terminal() as other:
        wrote(one, LEADS).until(COMPANY)
        wrote(other, STOCK).until(COMPANY)
        assert "go on with it?" not in other.words
        found = [json.loads(path.read_text("utf-8"))["answers"] for path in kept_files()]
        assert found == [{"problems": LEADS}, {"problems": STOCK}]


def test_a_conversation_that_was_left_is_not_overwritten_by_one_with_problems():
    with Terminal() as terminal:
        wrote(terminal, LEADS).until(COMPANY)
        left(terminal)
    with Terminal("advise", STOCK) as terminal:
        known(terminal, [("yearly revenue", "2\r"), ("for customers?", "2\r")])
        assert terminal.end() == 0
    assert kept()["answers"] == {"problems": LEADS}


def test_what_is_older_than_seven_days_goes_at_any_start_and_cannot_be_resumed():
    with Terminal() as terminal:
        wrote(terminal, LEADS).until(COMPANY)
        left(terminal)
    (path,) = kept_files()
    os.utime(path, (time.time() - 8 * 86_400,) * 2)
    assert triage("advise", "--no-ask", STOCK).returncode == 0
    assert not path.exists()
    with Terminal("--resume") as terminal:
        assert terminal.end() == 4
        assert "No conversation was left" in terminal.words


@pytest.mark.parametrize("columns", [60, 80])
def test_no_word_of_a_verdict_is_cut_where_lines_are_narrow(columns):
    shown = []
    for width in (200, columns):
        with Terminal(*BUSINESS, LEADS, STOCK, REPORTS, columns=width) as terminal:
            assert terminal.end() == 0
            shown.append(terminal.lines)
    wide, narrow = shown
    rows = [line for line in wide if re.match(r" +\d+  ", line)]
    answers = [re.sub(r"^ +\d+  .*?  +", "", line) for line in rows]
    assert len(answers) == 3
    whole([line for line in wide if line not in rows] + answers, narrow)
    assert len([line for line in narrow if re.search(r" automate +\d+ % sure$", line)]) == 3


def test_no_word_of_a_choice_is_cut_at_60_columns():
    words = load_words()
    with Terminal(columns=60, rows=40) as terminal:
        terminal.until(ASKED).until("Enter twice, or on an empty line: done. Ctrl-C: stop for now.")
        wrote(terminal, COPYING, APP)
        terminal.until(SPLIT).until("stop for now.")
        whole([RIGHT, JOIN, DIVIDE, DROP, ADD], terminal.screen)
        terminal.send("\r").until(COMPANY).until("Type back to go back.").until("stop for now.")
        whole([words.company.ask, words.company.help], terminal.screen)
        terminal.send("\r")
        for step, key in ((words.revenue, "2\r"), (words.software, "2\r")):
            terminal.until("stop for now.")
            whole([step.ask, step.help, *step.answers.values()], terminal.screen)
            terminal.send(key)
        for question in quiz_questions():
            terminal.until("stop for now.")
            whole([question.ask, question.help, *question.answers.values()], terminal.screen)
            terminal.send("4\r")
        terminal.until(NEXT).until("stop for now.")
        whole([one.value for one in Next], terminal.screen)
        terminal.send("3\r").until("want to change?").until("stop for now.")
        whole([words.split_again.help, ADD, DIVIDE, JOIN, DROP, WRONG], terminal.screen)
        terminal.send("5\r").until("Which one?").until("stop for now.").send("1\r")
        terminal.until("comes closest").until("stop for now.")
        whole(words.unclear.answers.values(), terminal.screen)
        terminal.send("6\r").until(NEXT).send("4\r").until("stop for now.")
        whole(ABOUT_BUSINESS, terminal.screen)


def test_a_paste_of_20_000_characters_arrives_whole():
    orders = " ".join(f"Order {number} is typed in twice." for number in range(1_000))
    text = orders[:20_000].strip()
    with Terminal(*BUSINESS) as terminal:
        terminal.until(ASKED).send(pasted(text)).type("", "")
        terminal.until("Arrow keys or a number")
        assert left(terminal)["answers"]["problems"] == text


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_paste_without_marks_may_have_blank_lines(end):
    with Terminal(*BUSINESS) as terminal:
        terminal.until(ASKED).send(end.join([LEADS, "", STOCK, "", REPORTS]))
        terminal.until("into reports").send("\r").send("\r")
        terminal.until(f"I read three problems. {SPLIT}")
        for number, problem in enumerate([LEADS, STOCK, REPORTS], start=1):
            assert f"{number}. {problem}" in terminal.words
        assert left(terminal)["answers"]["problems"] == "\n\n".join([LEADS, STOCK, REPORTS])


def test_arrow_keys_change_what_was_typed():
    with Terminal(*BUSINESS) as terminal:
        terminal.until(ASKED).type("Led get lost").send("Stok is wrong")
        terminal.send(LEFT * len("k is wrong") + "c")
        terminal.send(UP * 2 + HOME + RIGHT_KEY * 2 + "a" + DOWN * 2 + END)
        terminal.type("", "").until(SPLIT)
        assert "^[" not in terminal.words
        assert left(terminal)["answers"]["problems"] == "Lead get lost\n\nStock is wrong"


def test_no_word_is_cut_while_it_is_typed_and_arrows_move_by_rows():
    text = f"{LEADS}, and {STOCK}"
    with Terminal(*BUSINESS, columns=60) as terminal:
        terminal.until(ASKED).send(text)
        begin = next(n for n, line in enumerate(terminal.screen) if line.startswith("> "))
        rows = [line[2:] for line in terminal.screen[begin : begin + 3]]
        assert " ".join(rows) == text  # no blank within a word
        terminal.send(UP + "X").send(UP + "Y").send(DOWN * 2 + "Z")
        written = left(terminal)["drafts"]["problems"]
    assert re.sub("[XYZ]", "", written) == text
    ends = [len(rows[0]) + 1, len(f"{rows[0]} {rows[1]}") + 2]
    assert written.index("Y") <= ends[0] < written.index("X") <= ends[1] < written.index("Z")


def test_an_answer_longer_than_the_line_is_edited_in_it():
    name = "The very long name of a company that nobody would print on a card, " * 2 + "Ltd"
    with Terminal(*BUSINESS, columns=60) as terminal:
        wrote(terminal, LEADS).until(COMPANY)
        terminal.send(name).send(HOME + "Not ").send(END + ".").send("\r").until(NEXT)
        assert left(terminal)["answers"]["company"] == f"Not {name}."


def test_without_a_subcommand_options_and_problems_are_for_advise():
    arguments = ["--revenue", "3M", LEADS, "--json"]
    result = triage(*arguments)
    assert result.returncode == 0
    with Terminal(*arguments) as terminal:
        assert terminal.end() == 0
        shown = terminal.output
    values = json.loads(result.stdout)
    assert values["problems"][0]["text"] == LEADS
    assert json.loads(shown[shown.index("{") :])["recommendation"] == values["recommendation"]


def test_a_word_close_to_a_commands_name_is_refused_with_that_name():
    result = triage("clasify")
    assert result.returncode == 2
    assert "'classify'" in result.stderr.decode()
    with Terminal("clasify") as terminal:
        assert terminal.end() == 2
        assert "'classify'" in terminal.words


def test_without_a_terminal_without_arguments_and_without_text_the_help_is_shown():
    result = triage(stdin=b"")
    assert result.returncode == 0
    assert "Commands:" in result.stdout.decode()


@pytest.mark.parametrize("arguments", [[], ["-"], ["advise"], ["advise", "-"]])
def test_a_text_in_a_pipe_is_read_as_problems(arguments):
    result = triage(*arguments, stdin=f"1. {LEADS}\n2. {STOCK}\n3. {REPORTS}".encode())
    assert result.returncode == 0
    assert HIRE in result.stdout.decode()


@pytest.mark.parametrize("command", [[], ["advise"]])
@pytest.mark.parametrize("dash", ["- ", "-", "— "])
def test_a_text_that_begins_with_a_dash_is_no_option(command, dash):
    texts = [f"{dash}first, {LEADS}", STOCK, f"{dash}{REPORTS}"]
    result = triage(*command, *texts, "--revenue=3 million", "--json")
    assert result.returncode == 0, result.stderr
    shown = [one["text"] for one in json.loads(result.stdout)["problems"]]
    assert [LEADS in shown[0], shown[1] == STOCK, REPORTS in shown[2]] == [True] * 3
    assert not any(text.startswith(" ") for text in shown)


def test_ctrl_c_while_the_problems_are_read_keeps_them():
    with socket.create_server(("127.0.0.1", 0)) as silent:  # a service that never answers
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        llm = ["--backend", "llm", "-m", "m", "--base-url", address]
        with Terminal(*BUSINESS, *llm) as terminal:
            wrote(terminal, LEADS).until(COMPANY).press("\r")
            terminal.until("this may take a minute", typing=False)
            assert left(terminal)["answers"]["problems"] == LEADS
    with Terminal("--resume") as terminal:
        terminal.answer(NEXT, DONE)
        assert terminal.end() == 0
        assert HIRE in terminal.words


def test_where_the_cursor_cannot_be_moved_lines_and_numbers_answer(tmp_path):
    path = tmp_path / "report.html"
    keys = [
        (ASKED, f"{LEADS}\n"),
        ("", "\n"),
        (COMPANY, "Acme Ltd\n"),
        (NEXT, "9\n"),
        ("from 1 to 5", "1\n"),
        ("What should its name be?", f"{path}\n"),
        ("The report is in", "5\n"),
    ]
    with Terminal(*BUSINESS, term="dumb") as terminal:
        for prompt, line in keys:
            terminal.until(prompt, typing=False).until(">" if prompt else "", typing=False)
            terminal.send(line)
        assert terminal.end() == 0
        assert HIRE in terminal.words
        assert "\x1b[" not in terminal.output
    assert "Acme Ltd" in path.read_text("utf-8")


def test_a_wait_for_the_model_is_explained_and_nobody_waits_before_typing(tmp_path, monkeypatch):
    slow = tmp_path / "sitecustomize.py"  # Python runs it at its start
    slow.write_text(
        "import sys, time\n"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'triage_agent.models.embedded.encoder':\n"
        "            time.sleep(8)\n"
        "sys.meta_path.insert(0, Slow())\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    first = "Read on this computer; nothing is sent. (backend: embedded"
    with Terminal(*BUSINESS) as terminal:
        wrote(terminal, LEADS).answer(COMPANY, "\r").until(HIRE)
        assert terminal.words.startswith(first)
        left(terminal)
    with Terminal("advise", *BUSINESS, LEADS) as terminal:
        assert terminal.end() == 0
        assert terminal.words.startswith(first)
        assert "read from the disk" in terminal.words
    lines = triage("advise", *BUSINESS, LEADS).stderr.decode().splitlines()
    assert [line.startswith(f"{first} (") for line in lines] == [True]  # nobody waits at a pipe
