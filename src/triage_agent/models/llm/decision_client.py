"""The decision-model service: asks in the first of the known ways that the server has.

Transport, retries, limits and money are those of the chat service (see `client`).
"""

from typing import Any

from triage_agent.errors import StopError, TriageError
from triage_agent.models.llm.addresses import OPENAI_BASE_URL
from triage_agent.models.llm.client import OpenAIChat
from triage_agent.models.llm.decision_dialect import (
    LISTS,
    NOT_IMPLEMENTED,
    NOT_THERE,
    SYSTEM_ONE,
    DecisionDialect,
    as_decision_refusal,
    read_decisions,
)
from triage_agent.models.llm.ladder import Row
from triage_agent.models.llm.refusals import Refusal, RefusedError
from triage_agent.models.protocols import ChatReply
from triage_agent.types import Usage


def split_address(base_url: str | None) -> tuple[str, DecisionDialect | None]:
    """Return the address without an endpoint's name, and the way to ask if one was named.

    >>> split_address("https://api.example.com/v1/systemone")[0]
    'https://api.example.com/v1'
    """
    address = (base_url or OPENAI_BASE_URL).rstrip("/")
    for dialect in (LISTS, SYSTEM_ONE):
        if address.endswith(f"/{dialect.path}"):
            # The decisions path has two shapes, so it says only where to ask first.
            known = None if dialect is LISTS else dialect
            return address.removesuffix(f"/{dialect.path}").rstrip("/"), known
    return address, None


class DecisionClient(OpenAIChat):
    """A service of decision models; `ask` returns the answers as JSON text.

    An address that ends in `/systemone` says how to ask; else that is learned.
    """

    modes = ()  # it has no schema

    def __init__(
        self, model: str, base_url: str | None = None, *given: Any, **options: Any
    ) -> None:
        address, known = split_address(base_url)
        super().__init__(model, address, *given, **options)
        self._known = known  # the way in which the server has answered; None: none yet

    @property
    def output_mode(self) -> str:
        """The way that was learned, or else is tried first."""
        return (self._known or LISTS).title

    def report_fit(self, output_mode: str, *, fits: bool) -> None:
        """Do nothing: an answer is checked as it comes, and no other way gives a better one."""

    async def _ask_in_dialect(self, row: Row) -> ChatReply:
        """Return one answer, in the way that the server knows."""
        request, dialect, refusals = row.request, self._known or LISTS, list[Refusal]()
        while True:
            body = dialect.body(request, self.model)
            try:
                payload = await self._metered_post(body, request.max_output_tokens, dialect.path)
            except RefusedError as error:
                refusal = as_decision_refusal(error.refusal)
                refusals.append(refusal)
                other = self._known or dialect.after_refusal(refusal)
                if other is None or other == dialect:
                    raise self._explained(refusals, row) from error
                row.spent.append(Usage(calls=1))
                dialect = other
                continue
            self._known = dialect
            return read_decisions(payload, request.schema, self.model, dialect.title)

    def _explained(self, refusals: list[Refusal], row: Row) -> TriageError:
        """Return our error for the last refusal; the earlier ones were of other ways to ask."""
        last = refusals[-1]
        error = self._explain(RefusedError(last), row)
        words = error.message.rpartition(" It said: ")[2] if last.message else ""
        said = f" It said: {words}" if words else ""
        if last.status == NOT_IMPLEMENTED:
            return StopError(
                f"{self.model} at {self.host} is not a decision model. Choose one with --model, "
                f"or ask this one as an LLM with --backend llm.{said}",
                "not_found",
            )
        if last.status in NOT_THERE and len(refusals) > 1:
            return StopError(
                f"{self.host} has neither /decisions nor /systemone below {self.base_url}, or "
                f"knows no model {self.model!r}. Check --base-url (it often ends in /v1) and "
                f"--model.{said}",
                "not_found",
            )
        return error
