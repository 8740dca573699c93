"""The questions of a conversation: their order, what depends on what, and what an answer does."""

import os
import time
from collections import Counter

import pytest

from triage_agent import AsyncTriage
from triage_agent.advice import Profile, Recommendation, load_quiz, score
from triage_agent.conversation import (
    CONFIRMED,
    Conversation,
    KeptConversation,
    Piece,
    Step,
    Told,
    added,
    divided,
    forget_old,
    merged,
    new_place,
    place_left,
)
from triage_agent.errors import InputError, SettingsError
from triage_agent.intake import LARGEST_INPUT, UNKNOWN_REVENUE, split_problems
from triage_agent.models import OpenBackend
from triage_agent.types import Abstention, DecidedBy, Label, Outcome, Prediction, Signals

pytestmark = pytest.mark.anyio

KNOWN = Profile.parse("3M", sells_software=False)
AUTOMATE, BUILD = "Orders are typed by hand", "Please build an app that customers use"
VAGUE, OUTSIDE, TORN = "This is vague", "This is outside", "This is torn"
QUIZ = [f"quiz:{one.id}" for one in load_quiz().questions]


class Scripted:
    """A model that answers by a word in the text, and counts what it is asked."""

    backend, name, prompt = "embedded", "script", None

    def __init__(self):
        self.asked = Counter()

    async def predict(self, problem):
        self.asked[problem.text] += 1
        label = Label.BUILD if "build" in problem.text else Label.AUTOMATE
        sure = 0.5 if "torn" in problem.text else 0.9
        return Prediction(
            label,
            Signals(too_vague="vague" in problem.text, neither="outside" in problem.text),
            p_build=sure if label is Label.BUILD else 1 - sure,
            probability_from="script",
            evidence=(problem.text,),
        )

    async def aclose(self):
        pass


@pytest.fixture
def model():
    return Scripted()


@pytest.fixture
def triage(model, monkeypatch):
    # The rules alone split: what is tested here must not depend on the learned judge.
    monkeypatch.setattr("triage_agent.triage.flow.split_text", split_problems)
    backend = OpenBackend(model, "backend: script")
    monkeypatch.setattr("triage_agent.triage.flow.open_backend", lambda *_: backend)
    return AsyncTriage()


async def asked(talk, answers=None, last=None):
    """Answer what is asked, and return the ids in their order; stop before the question `last`."""
    given = {
        "problems": AUTOMATE,
        "company": "",
        "revenue": "1M to 10M",
        "software": "no",
        **dict.fromkeys(QUIZ, "2"),
        **(answers or {}),
    }
    ids = []
    while (question := await talk.question()) is not None and question.id != last:
        ids.append(question.id)
        talk.answer(question.id, given.get(question.id, question.pieces or "unknown"))
    return ids


def listed(*texts):
    return "\n".join(f"- {text}" for text in texts)


BUSINESS = ["company", "revenue", "software"]


@pytest.mark.parametrize(
    ("text", "order"),
    [
        pytest.param(AUTOMATE, BUSINESS, id="one clear problem"),
        pytest.param(listed(AUTOMATE, "Bills are late"), ["split", *BUSINESS], id="several"),
        pytest.param(
            f"{AUTOMATE} and {'so on and ' * 12}so on", ["split", *BUSINESS], id="a long one"
        ),
        pytest.param("We need an app", ["behind:1", *BUSINESS], id="a wish for a technology"),
        pytest.param(VAGUE, [*BUSINESS, "unclear:1"], id="a vague one"),
        pytest.param(OUTSIDE, [*BUSINESS, "unclear:1"], id="one that is out of scope"),
        pytest.param(TORN, [*BUSINESS, "unclear:1"], id="a doubtful one"),
        pytest.param(
            listed(AUTOMATE, VAGUE), ["split", *BUSINESS, "unclear:2"], id="one of two is vague"
        ),
        pytest.param(listed(AUTOMATE, BUILD), ["split", *BUSINESS, *QUIZ], id="a tie"),
    ],
)
async def test_each_text_is_asked_about_in_this_order(text, order, triage):
    assert await asked(Conversation(triage), {"problems": text}) == ["problems", *order]


@pytest.mark.parametrize(
    ("profile", "quiz", "order"),
    [
        pytest.param(Profile(), None, ["revenue", "software", *QUIZ], id="nothing"),
        pytest.param(Profile.parse("3M"), None, ["software", *QUIZ], id="the revenue"),
        pytest.param(
            Profile(sells_software=True), None, ["revenue", *QUIZ], id="whether it sells software"
        ),
        pytest.param(KNOWN, None, QUIZ, id="the business"),
        pytest.param(KNOWN, score(dict.fromkeys((q[5:] for q in QUIZ), 1)), [], id="all of it"),
    ],
)
async def test_what_is_known_is_not_asked(profile, quiz, order, triage):
    steps = [step for step in Step if step is not Step.COMPANY]
    talk = Conversation(triage, [AUTOMATE, BUILD], profile, quiz, steps=steps)
    ids = await asked(talk)
    assert [one for one in ids if one != "split"] == order


async def test_the_quiz_is_asked_for_as_soon_as_answers_make_a_tie_and_only_then(triage):
    for answer, tie in (("customer_facing_software", True), ("existing_process", False)):
        talk = Conversation(triage, [AUTOMATE, VAGUE], KNOWN)
        ids = await asked(talk, {"unclear:2": answer})
        assert (QUIZ[0] in ids) is tie
        advice = await talk.advice()
        assert advice.recommendation is not Recommendation.TAKE_THE_QUIZ


@pytest.mark.parametrize("text", [VAGUE, OUTSIDE, TORN])
async def test_not_sure_changes_nothing(text, triage):
    talk = Conversation(triage, [text], KNOWN)
    before = await talk.rows()
    await asked(talk, {"unclear:1": "unknown"})
    assert await talk.rows() == before


@pytest.mark.parametrize("text", [VAGUE, OUTSIDE, TORN])
@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("customer_facing_software", Label.BUILD),
        ("engineering_leadership", Label.BUILD),
        ("existing_process", Label.AUTOMATE),
        ("neither", None),
    ],
)
async def test_any_other_answer_decides(text, answer, label, triage):
    talk = Conversation(triage, [text], KNOWN)
    await asked(talk, {"unclear:1": answer})
    (row,) = await talk.rows()
    assert (row.label, row.decided_by) == (label, DecidedBy.PERSON)
    assert row.outcome is (Outcome.CLASSIFIED if label else Outcome.ABSTAINED)
    assert row.abstained_because is (None if label else Abstention.NEITHER)  # as was answered
    assert not row.needs_review


async def test_why_a_problem_is_asked_about_is_said(triage):
    helps = set()
    for text in (VAGUE, OUTSIDE, TORN):
        talk = Conversation(triage, [text], KNOWN)
        await asked(talk, last="unclear:1")
        helps.add((await talk.question()).help)
    assert len(helps) == 3


@pytest.mark.parametrize(
    ("asked_id", "value", "says"),
    [
        ("problems", "", "no problem in this yet"),
        ("problems", "?!", "no problem in this yet"),
        ("problems", "idk", "no problem in this yet"),
        ("problems", "back", "no problem in this yet"),
        ("split", (Piece(AUTOMATE), Piece("asdf")), "no problem in this yet"),
        ("problems", "Open-Ended Response", "no problem in this yet"),
        ("problems", "x" * (LARGEST_INPUT + 1), "Give less of it"),
        ("split", (), "Keep one at least"),
        ("split", (Piece("..."),), "no problem in this yet"),
        ("split", "yes", "not with a text"),
        ("behind:1", "...", "no problem in this yet"),
        ("company", "x" * 201, "shorter"),
        ("company", (Piece(AUTOMATE),), "with a text"),
        ("revenue", "", "not sure"),
        ("revenue", "banana", "banana"),
        ("software", "perhaps", "Choose one of the answers"),
        ("unclear:1", "build", "Choose one of the answers"),
        (QUIZ[0], "4", "Choose one of the answers"),
    ],
)
async def test_what_is_no_answer_is_refused_in_words_and_the_question_stands(
    asked_id, value, says, triage
):
    talk = Conversation(triage)
    with pytest.raises(InputError, match=says):
        talk.answer(asked_id, value)
    assert talk.answers == {}


@pytest.mark.parametrize(("asked_id", "value"), [("behind:1", ""), ("company", "")])
async def test_what_may_be_empty_is_taken_empty(asked_id, value, triage):
    talk = Conversation(triage)
    talk.answer(asked_id, value)
    assert talk.answers == {asked_id: ""}


@pytest.mark.parametrize(
    ("text", "likely"),
    [
        pytest.param(OUTSIDE, "neither", id="what the program believes"),
        pytest.param(VAGUE, "unknown", id="nothing"),
        pytest.param(TORN, "unknown", id="a label that is doubtful"),
        pytest.param("Please build what is torn", "unknown", id="a role that is doubtful"),
    ],
)
async def test_the_likely_answer_is_what_the_program_believes_or_not_sure(text, likely, triage):
    talk = Conversation(triage, [text], KNOWN)
    await asked(talk, last="unclear:1")
    assert (await talk.question()).likely == likely


async def test_no_answer_is_likely_that_says_yes_or_rates_the_business(triage):
    talk = Conversation(triage)
    likely = {}
    talk.answer("problems", listed(AUTOMATE, BUILD))
    while (question := await talk.question()) is not None:
        likely[question.step] = {*likely.get(question.step, ()), question.likely}
        given = {"company": "", "revenue": "3M", "software": "no"}
        talk.answer(question.id, given.get(question.id, question.pieces or "1"))
    assert likely.pop(Step.SPLIT) == {CONFIRMED}
    assert likely.pop(Step.QUIZ) == {""}
    assert set().union(*likely.values()) == {"", "unknown"}


async def test_a_revenue_that_the_text_states_is_offered_and_no_answer_before_it_is_taken(triage):
    talk = Conversation(triage, [f"{AUTOMATE}. We do about $8M a year."])
    await asked(talk, last="revenue")
    question = await talk.question()
    assert (question.id, question.before) == ("revenue", "about $8M a year")
    assert talk.profile.revenue == UNKNOWN_REVENUE
    talk.answer("revenue", question.before)
    assert str(talk.profile.revenue) == "$8M"


async def test_a_split_that_is_in_doubt_is_not_likely_until_it_was_changed(triage, monkeypatch):
    talk = Conversation(triage, [listed(AUTOMATE, BUILD)], KNOWN)
    monkeypatch.setattr("triage_agent.conversation.reading.Reader.is_in_doubt", lambda *_: True)
    question = await talk.question()
    assert (question.id, question.likely) == ("split", "")
    talk.draft("split", question.pieces[:1])
    assert (await talk.question()).likely == CONFIRMED


async def test_what_says_nothing_is_set_aside_and_no_problem(triage):
    talk = Conversation(triage, [f"{AUTOMATE}\n\nidk\n\nasdf"], KNOWN)
    question = await talk.question()
    assert [one.text for one in question.pieces] == [AUTOMATE]
    assert question.set_aside == ("idk", "asdf")
    assert [one.text for one in talk.problems] == [AUTOMATE]


async def test_back_from_a_change_that_was_begun_leads_to_what_was_asked_before_it(triage):
    talk = Conversation(triage, profile=KNOWN)
    text = listed(AUTOMATE, BUILD)
    await asked(talk, {"problems": text})
    talk.draft("split", added(talk.pieces, "Stock is wr"))
    again = Conversation(triage, profile=KNOWN, answers=talk.answers, drafts=talk.drafts)
    assert again.can_go_back
    assert again.back()
    question = await again.question()
    assert (question.id, question.before) == ("problems", text)
    assert not again.can_go_back


async def test_where_nothing_was_asked_before_there_is_no_way_back(triage):
    talk = Conversation(triage, [listed(AUTOMATE, BUILD)], KNOWN)
    await asked(talk)
    talk.draft("split", added(talk.pieces, "Stock is wr"))
    assert (await talk.question()).id == "split"
    assert not talk.can_go_back
    assert not talk.back()


async def test_a_quiz_that_is_begun_is_there_when_going_on_and_counts_when_it_is_whole(triage):
    talk = Conversation(triage, [AUTOMATE], KNOWN, score(dict.fromkeys((q[5:] for q in QUIZ), 3)))
    await asked(talk)
    talk.begin(QUIZ[0], "0")
    with pytest.raises(InputError, match="one of the answers"):
        talk.begin(QUIZ[1], "4")
    again = Conversation(triage, [AUTOMATE], KNOWN, answers=talk.answers, drafts=talk.drafts)
    assert [one.before for one in again.again(Step.QUIZ)][:2] == ["0", ""]
    assert talk.quiz.raw == 24
    for one in talk.again(Step.QUIZ):
        talk.answer(one.id, one.before)
    assert talk.quiz.raw == 21


async def test_back_asks_again_with_what_was_answered(triage):
    talk = Conversation(triage)
    await asked(talk, {"problems": listed(AUTOMATE, BUILD), "company": "Acme"}, last="software")
    for expected, before in (("revenue", "1M to 10M"), ("company", "Acme")):
        assert talk.back()
        question = await talk.question()
        assert (question.id, question.before) == (expected, before)
    assert talk.back()
    assert [one.text for one in (await talk.question()).pieces] == [AUTOMATE, BUILD]
    assert talk.back()
    assert (await talk.question()).before == listed(AUTOMATE, BUILD)
    assert not talk.back()


@pytest.mark.parametrize(
    ("text", "behind", "unclear"),
    [
        pytest.param(["We need an app", VAGUE], {1: AUTOMATE}, {2}, id="the same"),
        pytest.param(["We need a bot", VAGUE, BUILD], {1: ""}, {2}, id="another wish"),
        pytest.param([BUILD, VAGUE, "We need an app"], {3: AUTOMATE}, {2}, id="another order"),
        pytest.param(["We need an app", f"{VAGUE}r"], {1: AUTOMATE}, set(), id="another vague one"),
    ],
)
async def test_answers_about_a_problem_go_with_it_into_another_text(text, behind, unclear, triage):
    talk = Conversation(triage, profile=KNOWN)
    answers = {"problems": listed("We need an app", VAGUE), "behind:1": AUTOMATE}
    await asked(talk, {**answers, "unclear:2": "existing_process", "company": "Acme"})
    while talk.back():
        pass
    talk.answer("problems", listed(*text))
    question = await talk.question()
    assert [one.text for one in question.pieces] == text  # not what was confirmed before
    talk.answer("split", question.pieces)
    for number, before in behind.items():
        question = await talk.question()
        assert (question.id, question.before) == (f"behind:{number}", before)
        talk.answer(question.id, AUTOMATE)
    assert (await talk.question()).before == "Acme"  # it depends on no problem
    talk.answer("company", "Acme")
    question = await talk.question()
    assert (question.id, question.before) == (
        "unclear:2",
        "existing_process" if unclear else "",
    )


async def test_a_problem_behind_a_wish_takes_its_place(triage):
    talk = Conversation(triage, ["We need an app"], KNOWN)
    await asked(talk, {"behind:1": AUTOMATE})
    assert [row.text for row in await talk.rows()] == [AUTOMATE]


async def test_a_correction_decides_anew_and_asks_the_model_nothing(triage, model):
    talk = Conversation(triage, [AUTOMATE], KNOWN)
    await asked(talk)
    assert (await talk.advice()).recommendation is Recommendation.FRACTIONAL_AI_OFFICER
    (question,) = talk.again(Step.UNCLEAR, 1)
    assert AUTOMATE in question.ask
    talk.answer(question.id, "customer_facing_software")
    advice = await talk.advice()
    assert advice.recommendation is Recommendation.FRACTIONAL_CTO
    assert advice.problems[0].decided_by is DecidedBy.PERSON
    assert talk.again(Step.UNCLEAR, 1)[0].before == "customer_facing_software"
    talk.answer(question.id, "neither")
    assert (await talk.advice()).recommendation is Recommendation.NO_DECISION
    assert model.asked == {AUTOMATE: 1}
    with pytest.raises(InputError, match="no problem 2"):
        talk.again(Step.UNCLEAR, 2)


async def test_problems_change_after_the_verdict_and_answers_about_the_others_stay(triage, model):
    talk = Conversation(triage, profile=KNOWN)
    await asked(talk, {"problems": listed("We need an app", VAGUE), "behind:1": AUTOMATE})
    talk.answer("unclear:2", "existing_process")
    (question,) = talk.again(Step.SPLIT)
    assert [one.text for one in question.pieces] == [AUTOMATE, VAGUE]  # as they were answered
    talk.answer("split", added(question.pieces, TORN))
    assert (await talk.question()).id == "unclear:3"  # and nothing about the others
    talk.answer("unclear:3", "customer_facing_software")
    assert await talk.question() is None
    (question,) = talk.again(Step.SPLIT)
    talk.answer("split", divided(question.pieces, 1, []))
    assert (await talk.question()).id == QUIZ[0]  # nothing about the problems: it is a tie now
    assert [(row.id, row.text, row.label) for row in await talk.rows()] == [
        ("1", VAGUE, Label.AUTOMATE),
        ("2", TORN, Label.BUILD),
    ]
    assert model.asked == {AUTOMATE: 1, VAGUE: 1, TORN: 1}


async def test_what_a_change_makes_a_tie_of_is_asked_about_and_back_takes_it_back(triage):
    talk = Conversation(triage, profile=KNOWN)
    await asked(talk)
    (question,) = talk.again(Step.SPLIT)
    talk.answer("split", added(question.pieces, BUILD))
    assert (await talk.question()).id == QUIZ[0]
    assert talk.back()
    question = await talk.question()
    assert (question.id, [one.text for one in question.pieces]) == ("split", [AUTOMATE, BUILD])
    talk.answer("split", question.pieces[:1])
    assert await talk.question() is None


async def test_a_change_that_is_only_begun_is_asked_about_when_going_on(triage):
    talk = Conversation(triage, profile=KNOWN)
    await asked(talk)
    (question,) = talk.again(Step.SPLIT)
    talk.draft("split", added(question.pieces, "Stock is wr"))
    again = Conversation(triage, profile=KNOWN, answers=talk.answers, drafts=talk.drafts)
    question = await again.question()
    assert (question.id, question.pieces[-1].text) == ("split", "Stock is wr")


@pytest.mark.parametrize("quiz", [None, score(dict.fromkeys((q[5:] for q in QUIZ), 3))])
async def test_the_quiz_can_be_taken_or_changed_whether_or_not_it_was_needed(quiz, triage):
    talk = Conversation(triage, [AUTOMATE, BUILD, AUTOMATE], KNOWN, quiz)
    await asked(talk)
    questions = talk.again(Step.QUIZ)
    assert [one.id for one in questions] == QUIZ
    assert "tie" not in questions[0].help.partition(".")[0]
    assert {one.before for one in questions} == ({"3"} if quiz else {""})
    for one in questions:
        talk.answer(one.id, "0")
    assert (await talk.advice()).decision.quiz.raw == 0
    assert {one.before for one in talk.again(Step.QUIZ)} == {"0"}
    assert await talk.question() is None


async def test_the_company_and_changed_facts_stand_in_the_advice(triage):
    talk = Conversation(triage)
    await asked(talk, {"company": "Acme", "software": "yes"})
    talk.answer("revenue", "500k")
    advice = await talk.advice()
    assert advice.company == "Acme"
    assert advice.recommendation is Recommendation.DO_IT_YOURSELF
    assert [one.before for one in talk.again(Step.REVENUE)] == ["500k"]
    assert talk.profile.sells_software is True


async def test_a_conversation_goes_on_from_what_was_kept(triage):
    talk = Conversation(triage)
    await asked(talk, {"problems": listed(AUTOMATE, BUILD)}, last="revenue")
    talk.draft("revenue", "3 mill")
    place = new_place()
    place.keep(KeptConversation(answers=dict(talk.answers), drafts=dict(talk.drafts)))
    left = place.kept()
    again = Conversation(triage, answers=left.answers, drafts=left.drafts)
    question = await again.question()
    assert (question.id, question.before) == ("revenue", "3 mill")
    assert again.answers == talk.answers
    assert again.problems == talk.problems


def left(text):
    """Keep a conversation that is left at once, and return its file."""
    place = new_place()
    place.keep(KeptConversation(answers={"problems": text}))
    place.close()
    return place.path


def left_last():
    """Return the problems of what was left last; None: nothing was."""
    if (place := place_left()) is None:
        return None
    problems = place.kept().answers["problems"]
    place.close()
    return problems


class TestKeeping:
    async def test_only_its_owner_can_read_the_file(self):
        place = new_place()
        place.path.touch(mode=0o644)
        place.keep(KeptConversation())
        assert place.path.stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize(("days", "there"), [(6.9, True), (7.1, False)])
    @pytest.mark.parametrize("look", [forget_old, left_last])
    async def test_it_is_deleted_after_seven_days(self, look, days, there, monkeypatch):
        path, now = left(AUTOMATE), time.time()
        partial = path.with_name(f".{path.name}.partial")  # of a writer that was killed
        partial.touch()
        monkeypatch.setattr(time, "time", lambda: now + days * 86_400)
        look()
        assert (path.exists(), partial.exists()) == (there, there)

    async def test_two_at_once_have_files_of_their_own(self):
        one, other = new_place(), new_place()
        one.keep(KeptConversation(answers={"problems": AUTOMATE}))
        other.keep(KeptConversation(answers={"problems": BUILD}))
        assert one.kept().answers == {"problems": AUTOMATE}
        assert other.kept().answers == {"problems": BUILD}

    async def test_one_that_goes_on_was_not_left(self):
        place = new_place()
        place.keep(KeptConversation(answers={"problems": AUTOMATE}))
        assert left_last() is None
        place.close()
        assert left_last() == AUTOMATE

    @pytest.mark.parametrize(
        ("error", "same"), [(BlockingIOError, False), (PermissionError, False), (OSError, True)]
    )
    async def test_a_place_that_another_program_has_locked_is_not_taken(
        self, error, same, monkeypatch
    ):
        taken = left(AUTOMATE)
        taken.unlink()

        def lock(file):
            monkeypatch.undo()  # only the first place is taken
            raise error

        monkeypatch.setattr("triage_agent.files._lock", lock)
        assert (new_place().path == taken) is same

    async def test_a_new_one_leaves_what_was_left_before(self):
        left(AUTOMATE)
        assert new_place().path != left(BUILD)
        assert left_last() == BUILD

    async def test_of_several_the_one_that_was_left_last_comes_first(self):
        os.utime(left(AUTOMATE), (time.time() - 60,) * 2)
        other = left(BUILD)
        assert left_last() == BUILD
        other.unlink()
        assert left_last() == AUTOMATE

    async def test_forgetting_deletes_it_and_there_may_be_none(self):
        left(AUTOMATE)
        place = place_left()
        place.forget()
        place.forget()
        place.close()
        assert left_last() is None
        assert [*place.path.parent.iterdir()] == []

    async def test_a_file_that_is_none_is_named(self):
        left(AUTOMATE).write_text("{}x")
        with pytest.raises(InputError, match="Delete it"):
            place_left().kept()

    async def test_its_folder_may_be_another(self, monkeypatch, tmp_path):
        monkeypatch.setenv("TRIAGE_STATE_DIR", str(tmp_path / "here"))
        assert left(AUTOMATE).parent == tmp_path / "here"

    async def test_a_folder_that_cannot_be_made_is_named(self, monkeypatch, tmp_path):
        monkeypatch.setenv("TRIAGE_STATE_DIR", str(tmp_path / "file" / "below"))
        (tmp_path / "file").touch()
        with pytest.raises(SettingsError, match="TRIAGE_STATE_DIR"):
            new_place()

    async def test_what_is_given_now_goes_before_what_was_given_then(self):
        then = Told(texts=("a",), revenue="3M", sells_software=True)
        assert Told(revenue="5M", sells_software=False).or_else(then) == Told(
            texts=("a",), revenue="5M", sells_software=False
        )


WHOLE = "Late bills, wrong bills and no stock"
PIECES = (Piece("Late bills", 0, 10), Piece("wrong bills", 12, 23), Piece("no stock", 28, 36))


class TestPieces:
    async def test_two_become_one_with_what_stood_between_them(self):
        assert merged(PIECES, 1, WHOLE) == (Piece("Late bills, wrong bills", 0, 23), PIECES[2])

    async def test_parts_that_stand_in_the_text_keep_their_place(self):
        found = divided(PIECES, 2, ["wrong", " ", "bills", "Refunds"])
        assert found[1:4] == (Piece("wrong", 12, 17), Piece("bills", 18, 23), Piece("Refunds"))

    async def test_one_is_added_at_the_end_or_removed(self):
        assert added(PIECES, " More ")[-1] == Piece("More")
        assert divided(PIECES, 1, []) == PIECES[1:]

    @pytest.mark.parametrize("number", [0, 4])
    async def test_a_number_that_there_is_not_is_refused(self, number):
        with pytest.raises(InputError, match="there are 3"):
            divided(PIECES, number, [])


async def test_what_an_adviser_says_of_a_problem_counts_before_what_the_owner_said(triage):
    talk = Conversation(triage)
    await asked(talk)
    talk.answer("unclear:1", "neither")
    talk.correct(1, Label.BUILD)
    (row,) = await talk.rows()
    assert (row.label, row.decided_by) == (Label.BUILD, DecidedBy.PERSON)
    assert talk.advised(1) == "build-software"


async def test_what_the_owner_says_after_the_adviser_counts(triage):
    talk = Conversation(triage)
    await asked(talk)
    talk.correct(1, Label.BUILD)
    talk.answer("unclear:1", "neither")
    (row,) = await talk.rows()
    assert row.label is None
    assert talk.advised(1) is None


async def test_what_an_adviser_takes_back_is_as_it_was(triage):
    talk = Conversation(triage)
    await asked(talk)
    before = await talk.rows()
    talk.correct(1, Label.BUILD)
    talk.correct(1, None)
    talk.take_back(1, "build-software")
    assert [row.label for row in await talk.rows()] == [Label.BUILD]
    talk.take_back(1, None)
    assert await talk.rows() == before


async def test_what_an_adviser_said_of_a_problem_goes_with_its_text(triage):
    talk = Conversation(triage)
    await asked(talk)
    talk.correct(1, Label.BUILD)
    talk.answer("problems", "Bills are sent late")
    assert talk.advised(1) is None


async def test_going_back_takes_back_no_word_of_an_adviser(triage):
    talk = Conversation(triage)
    await asked(talk)
    talk.correct(1, Label.BUILD)
    assert talk.back()
    assert (await talk.question()).id == "software"
    assert talk.advised(1) == "build-software"
