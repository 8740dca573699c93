"""A decision model as a `Model`: one request per problem, and the answers as a prediction."""

import json
from dataclasses import dataclass, replace

from triage_agent.errors import ReplyError
from triage_agent.models.llm.answering import Answerer
from triage_agent.models.llm.outgoing import outgoing
from triage_agent.models.llm.prompt import Reply, ValidReply, to_prediction
from triage_agent.models.llm.questions import FUNCTION, LABEL, SIGNALS, Questions
from triage_agent.models.protocols import Chat, ChatReply, ChatRequest, Model
from triage_agent.types import Function, Label, Prediction, Problem

SOURCE = "typed-uncalibrated"
OTHER = Function.OTHER
LIKELY = 0.5  # a statement that is more probable than this counts as true


@dataclass(frozen=True, slots=True)
class DecisionAnswerer:
    """Asks a decision service; an answer that cannot be used is not asked for again.

    The same question would get the same probabilities, and would be paid for.
    """

    chat: Chat

    async def answer(self, request: ChatRequest) -> ValidReply:
        """Return the answers as a reply, or raise a `TriageError`."""
        return to_reply(await self.chat.ask(request), self.chat.model)

    async def aclose(self) -> None:
        """Close the service."""
        await self.chat.aclose()


def to_reply(raw: ChatReply, model: str) -> ValidReply:
    """Return the reply that checked answers stand for; `ReplyError` if what decides is declined.

    Without an answer about the part of the business it is `other`, as in a brief reply.
    """
    answers = json.loads(raw.text)
    statements: dict[str, float] = answers["statements"]
    choices: dict[str, dict[str, float]] = answers["choices"]
    for name in (LABEL, *SIGNALS):
        if name not in choices and name not in statements:
            raise ReplyError(
                f"{model} declined to answer the question {name!r} about this text. "
                "Classify it by hand.",
                "refusal",
                usage=raw.usage,
            )
    shares, functions = choices[LABEL], choices.get(FUNCTION)
    label = max(Label, key=lambda one: shares[one])
    reply = Reply.model_validate(
        {
            "label": label,
            **{name: statements[name] > LIKELY for name in SIGNALS},
            "function": max(functions, key=lambda one: functions[one]) if functions else OTHER,
            "evidence": [],
            "rationale": "",
            "confidence_percent": 50,  # not used: the probability is given
        }
    )
    return ValidReply(
        reply,
        label_probability=shares[label],
        in_scope=1 - statements["neither"],
        usage=raw.usage,
        output_mode=raw.output_mode,
    )


@dataclass(frozen=True, slots=True)
class DecisionModel(Model):
    """Reads problems by asking a decision model, which gives probabilities and no text.

    With `redacts`, private data does not leave this machine.
    """

    chat: Chat
    answerer: Answerer[ValidReply]
    questions: Questions
    redacts: bool = True
    sample: int = 0  # under another number, other answers are cached

    backend = "typed"

    @property
    def name(self) -> str:
        """The service's name of the model."""
        return self.chat.model

    @property
    def prompt(self) -> str | None:
        """The questions' name and hash."""
        return self.questions.id

    @property
    def output_mode(self) -> str:
        """The way in which the service is asked, as learned so far."""
        return self.chat.output_mode

    def repeat(self, number: int) -> "DecisionModel":
        """Return the model under another number, under which other answers are cached."""
        return replace(self, sample=number)

    async def predict(self, problem: Problem) -> Prediction:
        """Return the decision model's answers as a prediction, without evidence and rationale."""
        sent = outgoing(problem.text, redacts=self.redacts)
        answer = await self.answerer.answer(await self.request(sent.text))
        return replace(
            to_prediction(answer, truncated=sent.truncated),
            probability_from=SOURCE,
            p_in_scope=answer.in_scope,
            quotes=False,
        )

    async def request(self, text: str) -> ChatRequest:
        """Return the questions about a text, which is sent as it is."""
        return self.questions.request(text, self.sample)

    async def aclose(self) -> None:
        """Cancel what is under way and close the connections."""
        await self.answerer.aclose()
