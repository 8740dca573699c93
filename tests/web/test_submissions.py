"""What is returned of a submission after it was kept is what stands in the data."""

import pytest

from support.businesses import BUSINESSES, decision_of
from triage_agent.advice import advice_for
from triage_agent.conversation import Piece
from triage_agent.web.database import Database
from triage_agent.web.finding import Filter, found
from triage_agent.web.state import State
from triage_agent.web.submissions import ChangedMeanwhileError, Submissions


@pytest.fixture
def database(tmp_path):
    made = Database(tmp_path)
    yield made
    made.close()


def advice_of(name):
    rows, *business = BUSINESSES[name]
    return advice_for(rows, decision_of(rows, *business))


@pytest.mark.parametrize("name", [None, *BUSINESSES])
def test_what_keep_returns_is_what_is_kept(database, name):
    submissions = Submissions(database)
    submissions.begin("one", State(answers={"problems": "Zebras are counted by hand"}))
    state = State(
        answers={"problems": "Zebras are counted by hand", "company": "Acme"},
        drafts={"split": (Piece("Zebras", 0, 6),)},
    )
    advice = advice_of(name) if name else None
    kept = submissions.keep(submissions.by_token("one"), state, advice)
    assert kept == submissions.by_token("one")
    again = submissions.keep(kept, state)
    assert again == submissions.by_token("one")
    with pytest.raises(ChangedMeanwhileError):
        submissions.keep(kept, state)


def test_the_search_follows_what_is_written_and_the_company(database):
    submissions = Submissions(database)
    submissions.begin("one", State(answers={"problems": "Zebras are counted"}))
    kept = submissions.by_token("one")

    def numbers(words):
        return [one.id for one in found(database, Filter(words=words))[0]]

    for answers, there, gone in (
        ({"problems": "Zebras are counted", "revenue": "1M to 10M"}, "zebras", "acme"),
        ({"problems": "Zebras are counted", "company": "Acme"}, "acme", "quokkas"),
        ({"problems": "Quokkas are counted", "company": "Acme"}, "quokkas", "zebras"),
        ({"problems": "Quokkas are counted"}, "quokkas", "acme"),
    ):
        kept = submissions.keep(kept, State(answers=answers))
        assert (numbers(there), numbers(gone)) == ([1], [])
