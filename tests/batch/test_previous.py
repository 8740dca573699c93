"""Next month's export of the same form, answered beside last month's OUT."""

import json

import pytest

from triage_agent.batch.input_columns import Columns
from triage_agent.batch.read_output import read_out
from triage_agent.batch.request import BatchRequest
from triage_agent.batch.run import run_batch
from triage_agent.batch.write_output import run_path
from triage_agent.errors import InputError, SettingsError
from triage_agent.models import OpenBackend
from triage_agent.tables import read_back
from triage_agent.types import Label, Prediction, Signals

APRIL = """id,company,problem,second problem
1,Acme,orders are typed in,an app for customers
2,Birch,fail
3,Cedar,stock is counted by hand,
"""
MAY = """id,company,problem,second problem
3,Cedar,stock is counted by hand,an app for customers
2,Birch,fail
4,Dune,orders are typed in,
1,Acme,orders are typed in,an app for suppliers
"""


class Counting:
    """A model that knows apps, fails where the text says so, and notes what it is asked."""

    backend, prompt = "words", None

    def __init__(self, name="words-1"):
        self.name, self.asked, self.works = name, [], False

    async def predict(self, problem):
        self.asked.append(problem.text)
        is_app = "app" in problem.text
        return Prediction(
            Label.BUILD if is_app else Label.AUTOMATE,
            Signals(),
            p_build=0.9 if is_app else 0.1,
            probability_from="words",
            evidence=(problem.text,),
        )

    async def aclose(self):
        pass


@pytest.fixture
def answer(tmp_path, monkeypatch):
    """Return a function that answers forms; what the model was asked, OUT's rows, the lines."""

    def run(text, name, *, suffix=".csv", model="words-1", forms=None, **fields):
        reader, lines = Counting(model), []
        monkeypatch.setattr(
            "triage_agent.triage.flow.open_backend", lambda _: OpenBackend(reader, "words")
        )
        if forms is None:
            forms = tmp_path / f"{name}.csv"
            forms.write_text(text)
        out = tmp_path / f"{name}-answered{suffix}"
        run_batch(BatchRequest(forms, out, **fields), lines.append)
        return reader.asked, list(read_back(out)), lines

    return run


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl"])
def test_only_what_is_new_or_changed_is_asked(answer, tmp_path, suffix):
    _, april, _ = answer(APRIL, "april", suffix=suffix)
    earlier = tmp_path / f"april-answered{suffix}"
    before = earlier.read_bytes()
    asked, may, lines = answer(MAY, "may", suffix=suffix, previous=earlier)
    assert asked == ["an app for customers", "orders are typed in", "an app for suppliers"]
    assert earlier.read_bytes() == before
    assert may[0]["triage_1_label"] == april[2]["triage_1_label"]
    assert may[0]["triage_1_rationale"] == april[2]["triage_1_rationale"]
    assert "3 of 6 problems are answered as in" in "\n".join(lines)


PROBLEMS = Columns(problems=("problem", "second problem"))
BANNER = "Forms of the front desk,,June\n\n"


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_lines_above_the_header_do_not_hide_the_earlier_answers(answer, tmp_path, suffix):
    answer(BANNER + APRIL, "april", suffix=suffix)
    earlier = tmp_path / f"april-answered{suffix}"
    asked, _, lines = answer(BANNER + MAY, "may", suffix=suffix, previous=earlier)
    assert asked == ["an app for customers", "orders are typed in", "an app for suppliers"]
    assert "3 of 6 problems are answered as in" in "\n".join(lines)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_what_is_answered_below_a_title_is_taken_over_when_errors_are_retried(
    answer, tmp_path, suffix
):
    table = BANNER + APRIL.replace("\n3,", "\n\n3,")
    _, april, _ = answer(table, "april", suffix=suffix)
    asked, again, _ = answer(table, "april", suffix=suffix, retry_errors=True)
    assert (asked, again) == ([], april)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_an_output_can_be_the_next_input(answer, tmp_path, suffix):
    answer(BANNER + APRIL, "april", suffix=suffix)
    forms = tmp_path / f"april-answered{suffix}"
    _, first, _ = answer("", "second", forms=forms, columns=PROBLEMS, suffix=suffix)
    _, again, _ = answer(
        "", "third", forms=tmp_path / f"second-answered{suffix}", columns=PROBLEMS, suffix=suffix
    )
    assert [row["id"] for row in again] == [row["id"] for row in first] != []
    assert again[0]["input triage_1_label"] == again[0]["triage_1_label"]
    assert again[0]["input input triage_1_label"] == again[0]["triage_1_label"]
    assert set(first[0]) < set(again[0])


def test_the_businesses_whose_recommendation_changed_are_listed(answer, tmp_path):
    answer(APRIL, "april")
    _, may, lines = answer(MAY, "may", previous=tmp_path / "april-answered.csv")
    changed = [row["triage_previous_recommendation"] for row in may]
    assert changed == ["fractional-ai-officer", "", "", ""]
    assert "  Cedar: fractional-ai-officer → take-the-quiz" in lines
    assert any("the company in 'company', as 'id' only counts the rows" in line for line in lines)


def test_numbers_of_rows_never_make_two_companies_one(answer, tmp_path):
    answer("#,company,problem\n1,Ash,stock is counted by hand\n2,Oak,an app is wanted\n", "april")
    asked, may, lines = answer(
        "#,company,problem\n1,Oak,an app is wanted\n2,Ash,stock is counted by hand\n",
        "may",
        previous=tmp_path / "april-answered.csv",
    )
    assert asked == []
    assert {row["triage_previous_recommendation"] for row in may} == {""}
    assert "the recommendation changed for 0 businesses" in lines


def test_an_id_that_another_company_has_now_is_not_the_same_business(answer, tmp_path):
    answer("id,company,problem\nK7,Ash,an app is wanted\nK9,Oak,an app is wanted\n", "april")
    _, may, _ = answer(
        "id,company,problem\nK7,Elm,stock is counted by hand\nK9, OAK ,stock is lost\n",
        "may",
        previous=tmp_path / "april-answered.csv",
    )
    assert [row["triage_previous_recommendation"] for row in may] == ["", "fractional-cto"]


def test_without_an_id_rows_are_found_by_the_company_and_else_by_their_texts(answer, tmp_path):
    for columns in (slice(1, None), slice(2, None)):
        april, may = (
            "\n".join(",".join(line.split(",")[columns]) for line in text.splitlines())
            for text in (APRIL, MAY)
        )
        answer(april, "april")
        asked, _, _ = answer(may, "may", previous=tmp_path / "april-answered.csv")
        assert "stock is counted by hand" not in asked
        assert "an app for suppliers" in asked


def test_rows_of_one_business_are_compared_as_one(answer, tmp_path):
    answer(APRIL, "april", columns=_by_company())
    _, may, lines = answer(
        MAY, "may", previous=tmp_path / "april-answered.csv", columns=_by_company()
    )
    assert may[0]["triage_previous_recommendation"] == "fractional-ai-officer"
    assert "  Cedar: fractional-ai-officer → take-the-quiz" in lines


def test_another_model_answers_everything_again(answer, tmp_path):
    answer(APRIL, "april")
    earlier = tmp_path / "april-answered.csv"
    asked, _, lines = answer(MAY, "may", model="words-2", previous=earlier)
    assert len(asked) == 6
    assert any("another model (words-1, now words-2)" in line for line in lines)


def test_without_its_record_nothing_says_who_answered(answer, tmp_path):
    answer(APRIL, "april")
    earlier = tmp_path / "april-answered.csv"
    run_path(earlier).unlink()
    asked, _, lines = answer(MAY, "may", previous=earlier)
    assert len(asked) == 6
    assert any("is not beside it" in line for line in lines)


def test_an_answer_that_was_decided_by_a_person_outlives_the_model(answer, tmp_path):
    answer(APRIL, "april", suffix=".jsonl")
    earlier = tmp_path / "april-answered.jsonl"
    rows = [json.loads(line) for line in earlier.read_text().splitlines()]
    rows[2] |= {"triage_1_decided_by": "person", "triage_1_label": "build-software"}
    earlier.write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked, may, _ = answer(MAY, "may", suffix=".jsonl", model="words-2", previous=earlier)
    assert "stock is counted by hand" not in asked
    assert may[0]["triage_1_label"] == "build-software"


def test_rows_without_an_id_are_never_taken_for_each_other(answer, tmp_path):
    answer("id,problem\n,stock is counted by hand\n2,orders are typed in\n", "april")
    asked, _, _ = answer(
        "id,problem\n,stock is counted by hand\n2,orders are typed in\n",
        "may",
        previous=tmp_path / "april-answered.csv",
    )
    assert asked == ["stock is counted by hand"]


def test_a_table_that_lacks_the_column_rows_are_found_by_is_refused(answer, tmp_path):
    answer("problem\norders are typed in\n", "april")
    with pytest.raises(InputError, match=r"no column 'id'.*--id-column"):
        answer(MAY, "may", previous=tmp_path / "april-answered.csv")


def test_the_earlier_out_is_read_once_and_its_ids_once_before(answer, tmp_path, monkeypatch):
    answer(APRIL, "april")
    reads = []

    def counted(out, reading):
        reads.append(out)
        return read_out(out, reading)

    monkeypatch.setattr("triage_agent.batch.previous.read_out", counted)
    answer(MAY, "may", previous=tmp_path / "april-answered.csv")
    assert len(reads) == 2


def test_the_earlier_out_is_never_written_to(answer, tmp_path):
    answer(APRIL, "may")
    with pytest.raises(SettingsError, match="is the file that is read"):
        answer(MAY, "may", previous=tmp_path / "may-answered.csv")


def _by_company():
    from triage_agent.batch import Columns

    return Columns(group_by="company")
