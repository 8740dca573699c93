"""A text becomes its problems: every kind of list, mail, cell and prose, and nothing is lost."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage_agent.intake import Edge, Role, Verdict, split_problems, units_in

MARK_WORDS = {
    *("and", "or", "then", "but", "the", "first", "firstly", "second", "secondly", "third"),
    *("thirdly", "fourth", "fifth", "last", "lastly", "finally", "least", "not", "of", "all"),
    *("one", "two", "three", "number", "thing", "problem", "issue", "is", "would", "be", "to"),
    *("begin", "with", "challenge", "pain", "point", "priority", "topic", "item", "no", "nr"),
    *("st", "nd", "rd", "th", "firstly", "fourthly", "fifthly", "br", "p", "div", "ul", "ol", "li"),
    *("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "ii", "iii", "iv", "v", "x", "painpoint"),
}


def problems(text):
    return [one.text for one in split_problems(text).problems]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            (
                "(1) leads go cold, (2) we can't see which jobs make money, and (3) clients want an"
                " online portal"
            ),
            [
                "leads go cold",
                "we can't see which jobs make money",
                "clients want an online portal",
            ],
        ),
        (
            "Firstly, leads go cold. Secondly, stock is wrong. And lastly, invoices are late.",
            ["leads go cold.", "stock is wrong.", "invoices are late."],
        ),
        ("- leads go cold - stock is wrong - bills are late", None),
        ("Two things: 1. leads go cold 2. stock is wrong", ["leads go cold", "stock is wrong"]),
        ("1.leads go cold\n2.stock is wrong", None),
        ("1/ leads go cold\n2/ stock is wrong", None),
        ("a) leads go cold\nb) stock is wrong", None),
        ("(a) leads go cold (b) stock is wrong", None),
        ("i) leads go cold\nii) stock is wrong", None),
        ("I. leads go cold\nII. stock is wrong", None),
        ("1 - leads go cold\n2 - stock is wrong", None),
        ("1 - leads go cold 2 - stock is wrong", None),
        ("1- leads go cold\n2- stock is wrong", None),
        ("1- leads go cold 2-stock is wrong", None),
        ("1 leads go cold\n2 stock is wrong", None),
        ("1.a leads go cold\n1.b stock is wrong", None),
        ("#1 leads go cold\n#2 stock is wrong", None),
        ("1️⃣ leads go cold\n2️⃣ stock is wrong", None),
        ("•leads go cold\n•stock is wrong", None),
        ("=> leads go cold\n=> stock is wrong", None),
        ("~ leads go cold\n~ stock is wrong", None),
        ("o leads go cold\no stock is wrong", None),
        ("🧾 leads go cold\n📦 stock is wrong", None),
        ("=> leads go cold\n>> stock is wrong", None),
        ("Wish one: leads go cold\nWish two: stock is wrong", None),
        ("- [ ] leads go cold\n- [x] ~~a new sign~~\n- [ ] stock is wrong", None),
        (
            "**Sales.** leads go cold\n**Store.** stock is wrong",
            ["**Sales.** leads go cold", "**Store.** stock is wrong"],
        ),
        (
            "1. Sales\nleads go cold\n2. Store\nstock is wrong",
            ["Sales\nleads go cold", "Store\nstock is wrong"],
        ),
        (
            "1. Sales\n\nleads go cold\n\n2. Store\n\nstock is wrong",
            ["Sales\n\nleads go cold", "Store\n\nstock is wrong"],
        ),
        (
            "On the one hand leads go cold. On the other hand stock is wrong.",
            ["leads go cold.", "stock is wrong."],
        ),
        ("• leads go cold • stock is wrong", None),
        ("[x] leads go cold\n[x] stock is wrong", None),
        ("☑ leads go cold ☐ hiring ☑ stock is wrong", None),
        ("**1.** leads go cold\n\n**2.** stock is wrong", None),
        ("Problem 1: leads go cold\nProblem 2: stock is wrong\nProblem 3: -", None),
        ("Biggest headaches\n\n1. leads go cold\n2. stock is wrong", None),
        ("leads go cold<br>stock is wrong", None),
        ("<ul><li>leads go cold</li><li>stock is wrong</li></ul>", None),
        ("Late payments | Booking app for patients", ["Late payments", "Booking app for patients"]),
        ("Invoicing; Follow-up with leads", ["Invoicing", "Follow-up with leads"]),
        ('["Late payments", "Rota"]', ["Late payments", "Rota"]),
        ('[{"label":"Late payments"},{"label":"Rota"}]', ["Late payments", "Rota"]),
    ],
)
def test_a_list_of_any_kind_is_its_items(text, found):
    standard = ["leads go cold", "stock is wrong"]
    if found is None:
        found = [*standard, "bills are late"] if "bills" in text else standard
    assert problems(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            (
                "First, orders are typed in, 60 a day, two people. Second, prices change. "
                "Third, dealers want a portal."
            ),
            [
                "orders are typed in, 60 a day, two people.",
                "prices change.",
                "dealers want a portal.",
            ],
        ),
        (
            "First, orders are typed in.\nTwo people do it\nSecond, prices change.",
            ["orders are typed in.", "prices change."],
        ),
        (
            "Number one, leads go cold. Two, stock is wrong. Three, bills are late.",
            ["leads go cold.", "stock is wrong.", "bills are late."],
        ),
        ("First, leads go cold. 2nd floor is empty.", None),
        ("First, we sell bikes, second hand ones, third party ones.", None),
    ],
)
def test_words_that_count_form_one_series_of_one_kind(text, found):
    marked = [one for one in units_in(text)[0] if one.edge is Edge.ORDINAL]
    if found is None:
        assert not marked
    else:
        assert [text[one.start : one.end] for one in marked] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            (
                "um so the thing is the rent roll is kept on paper and then the other thing is "
                "nobody answers the phone and uh the last one is bills, they go out late"
            ),
            [
                "the rent roll is kept on paper",
                "nobody answers the phone",
                "bills, they go out late",
            ],
        ),
        (
            (
                "okay the first thing is keys get lost and then the next thing is people want to "
                "book online yeah then last thing payroll takes a day"
            ),
            ["keys get lost", "people want to book online", "payroll takes a day"],
        ),
        (
            (
                "So first of all the tills are slow. Second, um, the rota, it changes daily. And "
                "third, I guess, refunds."
            ),
            ["the tills are slow.", "um, the rota, it changes daily.", "I guess, refunds."],
        ),
        ("The last thing we need is a new tool, the first thing is to use what we have.", None),
        ("First thing in the morning we print orders and last thing at night we file them.", None),
        ("We forgot one order and then the other thing is that it rained.", None),
    ],
)
def test_who_talks_says_where_the_next_problem_begins(text, found):
    marked = [one for one in units_in(text)[0] if one.edge is Edge.ORDINAL]
    spans = [*[one.start for one in marked], len(text)]
    bodies = [text[a : one.end] for a, one in zip(spans, marked, strict=False)]
    assert (bodies or None) == found


def test_a_thing_that_is_only_named_is_no_clause():
    units, _ = units_in("Our logo and brochures look like 1995")
    assert len(units) == 1
    units, _ = units_in("Our logo looks dated and our brochures look like 1995")
    assert len(units) == 2


def test_clauses_between_semicolons_may_be_told_apart_by_somebody_who_looks():
    text = (
        "Perdemos pedidos por WhatsApp porque nadie los contesta a tiempo; el inventario se "
        "cuenta a mano; la nómina tarda dos días"
    )
    found = split_problems(text)
    assert found.holds_several
    assert [one.text for one in found.proposed] == text.split("; ")


@pytest.mark.parametrize(
    "text",
    [
        "our CRM - HubSpot - is slow to update and nobody trusts the pipeline",
        "Writing up one inspection takes 2.5 hours, 1.5 of them for photos. 4.5 if it's a school.",
        "we're stuck on version 1. 2 people left know how it works",
        "This is the first time in twenty years we ran out of flour.",
        (
            "The board wants all marks uploaded by the evening of May\n10. After that the portal is"
            " shut,"
            " and we have to ask\nfor an extension pupil by pupil."
        ),
        "a customer portal where they can (1) see invoices, (2) pay them and (3) open a ticket",
        "web form → inbox → Karin copies it into Excel → branch calls the customer",
        "Slow, inconsistent and manual quoting",
        "nobody follows up",
    ],
)
def test_what_only_looks_like_a_list_stays_whole(text):
    assert problems(text) == [text]
    assert not split_problems(text).holds_several


@pytest.mark.parametrize(
    "text",
    [
        "iOS / Android application for the crew",
        "Warehouse A / Warehouse B never agree",
        "A. Miller Ltd sends its orders as pictures",
        "The yearly cycle of meetings (board, members; committees: all of them)",
    ],
)
def test_nothing_is_cut_within_brackets_or_at_a_slash_between_words(text):
    assert [text[one.start : one.end] for one in units_in(text)[0]] == [text]


def test_the_parts_of_one_report_are_no_items():
    text = "**Problem** leads go cold\n**Impact** a client a month"
    assert {unit.edge for unit in units_in(text)[0]} == {Edge.START, Edge.LINE}


def test_one_picture_opens_a_sentence_and_no_list():
    text = "We bake bread\n🔥 leads go cold"
    assert problems(text)[-1].endswith("🔥 leads go cold")


class Aside:
    """A judge that takes the first and the last unit for no part of the problem."""

    def roles(self, text, units):
        within = (Role.BEGIN, *[Role.INSIDE] * (len(units) - 3))
        return Verdict((Role.CONTEXT, *within, Role.CONTEXT), several=False, sure=True)


def test_words_of_a_problem_s_own_sentence_are_never_left_aside():
    text = "Somebody stopped by, left a card with no phone, seemed mildly interested"
    assert [one.text for one in split_problems(text, Aside()).problems] == [text]


def test_a_mail_is_what_it_asks():
    text = (
        "Hi Mark,\n\nOur technicians write job sheets by hand and the office types\nevery one of "
        "them into Sage.\n\nBest regards,\nAnn\n555 0100\n\nOn Tue, 4 Mar 2025, Mark wrote:\n"
        "> 1. Sales?\n> 2. Stock?"
    )
    found = split_problems(text)
    assert [one.text for one in found.problems] == [
        (
            "Our technicians write job sheets by hand and the office types\nevery one of them into"
            " Sage."
        )
    ]
    furniture = " ".join(one.text for one in found.furniture)
    assert all(part in furniture for part in ("Hi Mark,", "Best regards", "555 0100", "Sales?"))


@pytest.mark.parametrize(
    "text",
    [
        "N/A",
        '{"ImportId":"QID7_TEXT"}',
        "Open-Ended Response",
        "  \n ",
        "",
    ],
)
def test_boilerplate_holds_no_problem(text):
    assert problems(text) == []


@pytest.mark.parametrize(
    "text",
    [
        (
            "We answer each applicant by hand, 600 a year, and it is one of four letters every"
            " time.\n\n"
            "Trustees would like a public map on our website where people see the projects we paid"
            " for."
        ),
        (
            "supplier emails sit unread for days; the wholesale portal crashes at checkout; nobody"
            " knows"
            " what we spent on ads last month"
        ),
    ],
)
def test_without_a_judge_what_is_not_sure_stays_whole_and_says_so(text):
    found = split_problems(text)
    assert [one.text for one in found.problems] == [text]
    assert found.holds_several


def test_what_stands_before_a_list_is_kept_as_its_context():
    found = split_problems("Here is what bothers us:\n- leads go cold\n- stock is wrong")
    assert [one.text for one in found.context] == ["Here is what bothers us:"]


def test_half_a_sentence_before_a_list_is_no_problem():
    found = split_problems("What hurts most is (1) late bills, (2) a shop that can't take cards")
    assert [one.text for one in found.problems] == ["late bills", "a shop that can't take cards"]
    assert [one.text for one in found.context] == ["What hurts most is"]


def test_what_goes_on_with_a_verb_behind_a_dash_is_no_item():
    units, _ = units_in("the till - the one at the bar - is never right")
    assert len(units) == 1


def test_items_within_an_item_belong_to_it():
    text = "1. Onboarding takes weeks\n   - letters by hand\n   - checks by post\n2. Stock is wrong"
    assert problems(text) == [
        "Onboarding takes weeks\n   - letters by hand\n   - checks by post",
        "Stock is wrong",
    ]


class Judge:
    """Says what it is told to say, and counts how often it is asked."""

    def __init__(self, *verdicts):
        self.verdicts, self.asked = list(verdicts), []

    def roles(self, text, units):
        self.asked.append([text[unit.start : unit.end] for unit in units])
        return self.verdicts.pop(0)


def test_a_judge_decides_where_a_second_problem_may_begin():
    judge = Judge(Verdict((Role.CONTEXT, Role.BEGIN, Role.BEGIN), several=True, sure=True))
    found = split_problems("We bake bread. Stock is wrong. Orders get lost.", judge)
    assert judge.asked == [["We bake bread.", "Stock is wrong.", "Orders get lost."]]
    assert [one.text for one in found.context] == ["We bake bread."]
    assert [one.text for one in found.problems] == ["Stock is wrong.", "Orders get lost."]


def test_a_judge_that_is_not_sure_leaves_the_text_whole():
    judge = Judge(Verdict((Role.BEGIN, Role.BEGIN), several=True, sure=False))
    found = split_problems("Hi Ann, Stock is wrong. Orders get lost.", judge)
    assert [one.text for one in found.problems] == ["Stock is wrong. Orders get lost."]
    assert found.holds_several


def test_a_judge_is_not_asked_about_one_short_sentence():
    judge = Judge()
    assert split_problems("Nobody follows up on leads", judge).problems
    assert judge.asked == []


PIECES = st.sampled_from(
    [
        "Hi Ann,",
        "leads go cold",
        "Stock is wrong.",
        "1. ",
        "2) ",
        "- ",
        "• ",
        "(a) ",
        "(b) ",
        "; ",
        ", and ",
        "\n",
        "\n\n",
        "   ",
        "First, ",
        "Second, ",
        "> ",
        "On Monday Bo wrote:",
        "N/A",
        "Best regards,\nAnn",
        "☑ ",
        "☐ ",
        "<br>",
        "## ",
        "| ",
        " – ",
        "…",
        "\u2028",
        '["',
        "\ufeff",
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=25).map("".join)))
@settings(max_examples=400, deadline=None)
def test_every_character_is_in_one_part_or_in_a_mark(text):
    found = split_problems(text)
    parts = [*found.problems, *found.context, *found.furniture]
    assert all(text[one.start : one.end] == one.text and one.text.strip() for one in parts)
    ends = [place for one in found.problems for place in (one.start, one.end)]
    assert ends == sorted(ends)
    held = set()
    for one in parts:
        held.update(range(one.start, one.end))
    left = "".join(c if n not in held else " " for n, c in enumerate(text))
    assert set(re.findall(r"[^\W\d_]+", left.lower())) <= MARK_WORDS


@pytest.mark.parametrize(
    "piece",
    [
        ".",
        " ",
        "- ",
        "1. a ",
        "a; ",
        ">",
        "\n",
        "<br",
        "and ",
        "(1) ",
        "a,",
        "! ",
        "\t–",
        "a. B",
        "x@",
        "Company: x\n",
        "[1/2/24, 10:15] Ann: leads go cold\n",
        "x",
        "12:30 Ann & Bob - ",
        "=> a\n",
        "> ",
        "(a, b) ",
    ],
)
def test_a_megabyte_of_anything_takes_seconds(piece):
    text = piece * (1_000_000 // len(piece))
    began = time.perf_counter()
    split_problems(text)
    assert time.perf_counter() - began < 30
