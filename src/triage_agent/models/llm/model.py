"""A language model as a `Model`: it hides personal data, fills the prompt and counts the votes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from triage_agent.models.llm.answering import Answerer
from triage_agent.models.llm.outgoing import outgoing
from triage_agent.models.llm.prompt import (
    MAX_OUTPUT_TOKENS,
    Prompt,
    ValidReply,
    reply_schema,
    to_prediction,
)
from triage_agent.models.protocols import Chat, ChatRequest, Model
from triage_agent.types import Label, Prediction, Problem, Usage

SCHEMA_NAME = "triage"
VOTING_TEMPERATURE = 0.7  # votes at temperature 0 would be one vote counted several times


@dataclass(frozen=True, slots=True)
class LLMModel(Model):
    """Reads problems by asking a chat service.

    `votes` is the number of samples per problem; with `redacts`, e-mail addresses, phone, card and
    account numbers do not leave this machine. With `brief`, the reply has no rationale, function or
    evidence. `examples` returns the labelled examples that the prompt shows; it gets the text as it
    is sent.
    """

    chat: Chat
    answerer: Answerer[ValidReply]
    template: Prompt
    votes: int = 1
    redacts: bool = True
    brief: bool = False
    examples: Callable[[str], str] | None = None
    first_sample: int = 0  # under another number, other answers are cached

    backend = "llm"

    @property
    def name(self) -> str:
        """The service's name of the model."""
        return self.chat.model

    @property
    def prompt(self) -> str | None:
        """The prompt's name and hash."""
        return self.template.id

    @property
    def output_mode(self) -> str:
        """That of the service, which may change with its answers."""
        return self.chat.output_mode

    def repeat(self, number: int) -> "LLMModel":
        """Return the model with other sample numbers, under which other answers are cached."""
        return replace(self, first_sample=number * self.votes)

    async def predict(self, problem: Problem) -> Prediction:
        """Return the prediction of the language model; with votes, that of the majority.

        A reply that does not fit is sent back, then asked for anew; a fourth is a `ReplyError`.
        """
        sent = outgoing(problem.text, redacts=self.redacts)
        answers = await self._ask(await self.request(sent.text))
        predictions = [to_prediction(answer, truncated=sent.truncated) for answer in answers]
        prediction = predictions[0] if self.votes == 1 else count(predictions)
        return replace(
            prediction,
            quotes=not self.brief,
            evidence=tuple(map(sent.restored, prediction.evidence)),
            rationale=sent.restored(prediction.rationale),
        )

    async def request(self, text: str) -> ChatRequest:
        """Return the question about a text, which is sent as it is."""
        shown = await asyncio.to_thread(self.examples, text) if self.examples else ""
        return ChatRequest(
            messages=self.template.messages(text, shown),
            schema_name=SCHEMA_NAME,
            schema=reply_schema(brief=self.brief),
            max_output_tokens=MAX_OUTPUT_TOKENS,
            temperature=VOTING_TEMPERATURE if self.votes > 1 else 0.0,
            brief=self.brief,
            text=text,
        )

    async def aclose(self) -> None:
        """Cancel what is under way and close the connections."""
        await self.answerer.aclose()

    async def _ask(self, request: ChatRequest) -> list[ValidReply]:
        """Return one answer per vote; the first error is raised after all have ended."""
        numbers = range(self.first_sample, self.first_sample + self.votes)
        samples = [replace(request, sample=number) for number in numbers]
        if len(samples) == 1:
            return [await self.answerer.answer(samples[0])]
        ended = await asyncio.gather(
            *(self.answerer.answer(sample) for sample in samples), return_exceptions=True
        )
        for one in ended:
            if isinstance(one, BaseException):
                raise one
        return [one for one in ended if isinstance(one, ValidReply)]


def count(predictions: list[Prediction]) -> Prediction:
    """Return the majority of several votes: its label, the share of votes, the usage of all.

    Signals, evidence and rationale are those of the first vote for the winning label; on an even
    split that is the first vote, and the tie-breaker has the last word.
    """
    votes = tuple(p.label for p in predictions)
    share = votes.count(Label.BUILD) / len(votes)
    winner = votes[0] if share == 0.5 else (Label.BUILD if share > 0.5 else Label.AUTOMATE)
    first = next(p for p in predictions if p.label is winner)
    return replace(
        first,
        p_build=share,
        probability_from="votes-uncalibrated",
        votes=votes,
        usage=sum((p.usage for p in predictions), Usage()),
    )
