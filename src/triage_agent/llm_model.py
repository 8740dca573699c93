"""A language model as a `Model`: it puts the prompt, checks the reply, asks once for a repair."""

from dataclasses import dataclass, replace

from triage_agent.errors import ReplyError
from triage_agent.model import Chat, ChatReply, ChatRequest, Message
from triage_agent.prompt import (
    MAX_OUTPUT_TOKENS,
    Prompt,
    Reply,
    cut,
    read_reply,
    reply_schema,
    to_prediction,
)
from triage_agent.records import Prediction, Problem

SCHEMA_NAME = "triage"
REPAIRABLE = frozenset({"not_json", "bad_schema"})


@dataclass(frozen=True, slots=True)
class LLMModel:
    """Reads problems by asking a chat service."""

    chat: Chat
    template: Prompt

    @property
    def backend(self) -> str:
        """Always `llm`."""
        return "llm"

    @property
    def name(self) -> str:
        """The service's name of the model."""
        return self.chat.model

    @property
    def prompt(self) -> str | None:
        """The prompt's name and hash."""
        return self.template.id

    async def predict(self, problem: Problem) -> Prediction:
        """Return what the language model says about a problem.

        A reply that is not JSON, or off the schema, is sent back once with the complaint; a second
        bad reply is a `ReplyError`.
        """
        text, truncated = cut(problem.text)
        request = ChatRequest(
            messages=self.template.messages(text),
            schema_name=SCHEMA_NAME,
            schema=reply_schema(),
            max_output_tokens=MAX_OUTPUT_TOKENS,
        )
        raw = await self.chat.ask(request)
        try:
            reply = read_reply(raw)
        except ReplyError as error:
            if error.kind not in REPAIRABLE:
                raise
            self.chat.judged(raw.rung, fits=False)
            reply, raw = await self._repair(request, raw, error)
        self.chat.judged(raw.rung, fits=True)
        return to_prediction(reply, raw, truncated=truncated)

    async def aclose(self) -> None:
        """Close the chat service."""
        await self.chat.aclose()

    async def _repair(
        self, request: ChatRequest, raw: ChatReply, error: ReplyError
    ) -> tuple[Reply, ChatReply]:
        """Return the reply to one repair question, its usage including the first reply's."""
        turns = (
            Message("assistant", raw.text),
            Message("user", f"{error.message} Send the whole JSON object again, corrected."),
        )
        second: ChatReply | None = None
        try:
            second = await self.chat.ask(replace(request, messages=request.messages + turns))
            reply = read_reply(second)
        except ReplyError as again:
            if second is not None:
                self.chat.judged(second.rung, fits=False)
            again.usage += raw.usage
            raise
        return reply, replace(second, usage=raw.usage + second.usage)
