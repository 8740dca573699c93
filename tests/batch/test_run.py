"""A batch as a library call: what it returns, reports and writes."""

import pytest

from triage_agent.batch.request import BatchRequest
from triage_agent.batch.run import run_batch
from triage_agent.batch.write_output import errors_path, run_path
from triage_agent.errors import ServiceError, SettingsError
from triage_agent.models import OpenBackend
from triage_agent.settings import Backend, Options
from triage_agent.tables import read_back
from triage_agent.types import Label, Prediction, Signals

FORMS = "id,problem\n1,orders are typed\n2,fail\n"


class Failing:
    """A model that fails where the text says so."""

    backend, name, prompt = "words", "words-1", None

    async def predict(self, problem):
        if "fail" in problem.text:
            raise ServiceError("It failed.", "server")
        return Prediction(
            Label.AUTOMATE, Signals(), p_build=0.1, probability_from="words", evidence=("orders",)
        )

    async def aclose(self):
        pass


@pytest.fixture
def request_(tmp_path, monkeypatch):
    """Return a request about two forms, of which the second ends in an error."""
    monkeypatch.setattr(
        "triage_agent.triage.flow.open_backend", lambda _: OpenBackend(Failing(), "backend: words")
    )
    (tmp_path / "forms.csv").write_text(FORMS)
    return BatchRequest(tmp_path / "forms.csv", tmp_path / "out.csv")


def test_a_program_gets_the_errors_and_every_line_that_is_reported(request_):
    lines = []
    result = run_batch(request_, lines.append)
    assert (result.errors, result.quote) == (1, None)
    assert [row["triage_1_outcome"] for row in read_back(request_.out)] == ["classified", "error"]
    assert "backend: words" in lines
    assert any(line.startswith("1 problem ended in an error") for line in lines)


def test_everything_that_is_written_has_the_same_rights(request_):
    run_batch(request_)
    written = (request_.out, errors_path(request_.out), run_path(request_.out))
    request_.forms.with_name("usual").touch()
    usual = request_.forms.with_name("usual").stat().st_mode
    assert {path.stat().st_mode for path in written} == {usual}


def test_spending_is_counted_by_the_output(request_, monkeypatch):
    opened = []

    def open_backend(options):
        opened.append(options.account)
        return OpenBackend(Failing(), "backend: words")

    monkeypatch.setattr("triage_agent.triage.flow.open_backend", open_backend)
    run_batch(request_)
    assert opened == [str(request_.out.resolve())]


@pytest.mark.parametrize("backend", [Backend.EMBEDDED, Backend.LLM])
def test_a_dry_run_writes_nothing_and_has_a_quote_if_it_would_cost_something(
    tmp_path, request_, backend
):
    options = Options(backend=backend, model="any" if backend is Backend.LLM else None, price="1/2")
    request = BatchRequest(request_.forms, request_.out, dry_run=True, options=options)
    result = run_batch(request)
    assert bool(result.quote) is (backend is Backend.LLM)
    assert list(tmp_path.iterdir()) == [request.forms]


def test_what_cannot_be_written_is_known_before_anything_is_read(tmp_path):
    with pytest.raises(SettingsError, match=r"must end in \.csv"):
        run_batch(BatchRequest(tmp_path / "missing.csv", tmp_path / "out.txt"))


class TestOutputsThatCannotBe:
    """Refused before anything is read or asked, whatever the path to it looks like."""

    @pytest.mark.parametrize("link", [None, "symbolic", "hard"])
    def test_the_forms_themselves(self, tmp_path, link):
        forms = tmp_path / "forms.csv"
        forms.write_text(FORMS)
        out = forms
        if link:
            out = tmp_path / "other.csv"
            out.symlink_to(forms) if link == "symbolic" else out.hardlink_to(forms)
        with pytest.raises(SettingsError, match="your only copy"):
            run_batch(BatchRequest(forms, out))
        assert forms.read_text() == FORMS

    def test_the_forms_where_the_errors_of_out_would_stand(self, tmp_path):
        out = tmp_path / "out.csv"
        errors_path(out).write_text('{"problem": "orders are typed"}\n')
        with pytest.raises(SettingsError, match="your only copy"):
            run_batch(BatchRequest(errors_path(out), out))
        assert errors_path(out).exists()

    @pytest.mark.parametrize(
        ("name", "says"),
        [("nowhere/out.csv", "There is no folder"), ("folder.csv", "is a folder")],
    )
    def test_a_place_that_is_not_there(self, tmp_path, name, says):
        (tmp_path / "folder.csv").mkdir()
        reported = []
        with pytest.raises(SettingsError, match=says):
            run_batch(BatchRequest(tmp_path / "no-such.csv", tmp_path / name), reported.append)
        assert reported == []
