"""Answers a table of forms with a model that costs nothing, to see what becomes of its cells."""

from unittest.mock import patch

from triage_agent.batch.request import BatchRequest
from triage_agent.batch.run import run_batch
from triage_agent.errors import ServiceError
from triage_agent.models import OpenBackend
from triage_agent.types import Label, Prediction, Signals


class Words:
    """A model that knows apps, and fails where the text says so."""

    backend, name, prompt = "words", "words-1", None

    async def predict(self, problem):
        if "fails here" in problem.text:
            raise ServiceError("It failed.", "server")
        is_app = "app" in problem.text
        return Prediction(
            Label.BUILD if is_app else Label.AUTOMATE,
            Signals(too_vague="vague" in problem.text),
            p_build=0.9 if is_app else 0.1,
            probability_from="words",
            evidence=(problem.text,),
        )

    async def aclose(self):
        pass


def answer_forms(forms, out, **fields):
    """Run a batch, and return the lines that it reports."""
    lines = []
    with patch("triage_agent.triage.flow.open_backend", lambda _: OpenBackend(Words(), "words")):
        run_batch(BatchRequest(forms, out, **fields), lines.append)
    return lines
