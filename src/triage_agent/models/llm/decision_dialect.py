"""How a server of decision models wants to be asked, and what its answers say.

Pure: bodies and answers are values here; `decision_client` sends them. There are two shapes: that
of OpenAI's Decisions API (lists of questions and answers), and that of TypeSafe's System One API
(questions and answers by name). Each has its own path, but gateways also serve the second shape
under the first's path.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from triage_agent.errors import ReplyError
from triage_agent.models.llm.completion import reported_usage
from triage_agent.models.llm.refusals import FORM, Refusal
from triage_agent.models.protocols import ChatReply, ChatRequest
from triage_agent.types import Usage

NOT_IMPLEMENTED = 501  # llama.cpp and vLLM answer so for a model that cannot decide
NOT_THERE = frozenset({404, 405, NOT_IMPLEMENTED})  # how a server says: no such endpoint
ROUNDED = 0.005  # OpenAI's probabilities have two decimals
SLACK = 0.001

Asked = Mapping[str, Mapping[str, Any]]  # the questions by name, as `Questions` has them


@dataclass(frozen=True, slots=True)
class DecisionDialect:
    """One way to ask: where, and in which shape."""

    path: str  # below the server's address
    by_name: bool  # the shape of System One; else that of OpenAI

    @property
    def title(self) -> str:
        """What the way is called."""
        return f"{self.path} (by name)" if self.by_name and self.path == "decisions" else self.path

    def body(self, request: ChatRequest, model: str) -> dict[str, Any]:
        """Return the request's JSON body; `request.schema` holds the questions."""
        (message,) = request.messages
        if self.by_name:
            questions: Any = {name: _named(one) for name, one in request.schema.items()}
            return {"model": model, "state": message.content, "questions": questions}
        questions = [_listed(name, one) for name, one in request.schema.items()]
        return {"model": model, "input": message.content, "questions": questions}

    def after_refusal(self, refusal: Refusal) -> "DecisionDialect | None":
        """Return the way to ask next if this one is not known to the server; None: it is."""
        if self != LISTS or "model_not_found" in refusal.codes:
            return None
        if refusal.status in NOT_THERE:
            return SYSTEM_ONE
        # A gateway that takes the other shape here misses what that calls the text.
        wants_names = refusal.status in FORM and not refusal.about_text
        return BY_NAME if wants_names and "state" in refusal.message else None


LISTS = DecisionDialect("decisions", by_name=False)
SYSTEM_ONE = DecisionDialect("systemone", by_name=True)
BY_NAME = DecisionDialect("decisions", by_name=True)


def _named(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return a question as System One has it; a statement is a `noul`."""
    words = {"instructions": question["instructions"]}
    if choices := question.get("choices"):
        return {"type": "choice", **words, "criteria": dict(choices)}
    return {"type": "noul", **words}


def _listed(name: str, question: Mapping[str, Any]) -> dict[str, Any]:
    """Return a question as OpenAI has it."""
    words = {"name": name, "instructions": question["instructions"]}
    if choices := question.get("choices"):
        offered = [{"value": value, "description": said} for value, said in choices.items()]
        return {"type": "choice", **words, "choices": offered}
    return {"type": "predicate", **words}


def as_decision_refusal(refusal: Refusal) -> Refusal:
    """Return a refusal as the codes of System One have it."""
    if refusal.status == 403 and "authentication_error" in refusal.codes:  # a key is missing
        return replace(refusal, status=401)
    if "max_tokens_exceeded" in refusal.codes:
        return replace(refusal, codes=refusal.codes | {"context_length_exceeded"})
    return refusal


def read_decisions(payload: Any, asked: Asked, model: str, title: str = "") -> ChatReply:
    """Return the answers inside a payload, checked, as JSON text.

    It holds the probability that each of the `statements` is true, and that of each choice for the
    `choices`; questions that the model declined are left out. `confidence` is not read: servers
    define it differently. Raises `ReplyError`: `empty`, or `bad_schema` for a question that is not
    answered, or badly.
    """
    usage = reported_usage(payload) or Usage(calls=1)
    given = payload.get("answers") if isinstance(payload, Mapping) else None
    if not given or not isinstance(given, Mapping | list):
        raise ReplyError(f"{model} sent no answers. Run again.", "empty", usage=usage)
    found = _by_name(given, list(asked))
    statements: dict[str, float] = {}
    choices: dict[str, dict[str, float]] = {}
    for name, question in asked.items():
        answer = found.get(name)
        if isinstance(answer, Mapping) and answer.get("type") == "refusal":
            continue
        try:
            if not isinstance(answer, Mapping):
                raise ValueError("there is no answer")
            if offered := question.get("choices"):
                choices[name] = _shares(answer, offered)
            else:
                statements[name] = _probability(answer.get("probability", answer.get("noul")))
        except ValueError as error:
            raise ReplyError(
                f"{model} answered the question {name!r} in a way that cannot be used: {error}. "
                "Classify this text by hand, or choose another model with --model.",
                "bad_schema",
                json.dumps(payload, default=str),
                usage,
            ) from error
    answers = {"statements": statements, "choices": choices}
    return ChatReply(json.dumps(answers), usage, output_mode=title)


def _by_name(given: Mapping[str, Any] | Sequence[Any], names: list[str]) -> Mapping[str, Any]:
    """Return the answers by name; those in a list have one, or stand in the questions' order."""
    if isinstance(given, Mapping):
        return given
    answers = [one if isinstance(one, Mapping) else {} for one in given]
    if any(one.get("name") is not None for one in answers):
        found = {str(one.get("name")): one for one in answers}
        return found if len(found) == len(answers) else {}  # two answers to one question
    return dict(zip(names, answers, strict=True)) if len(answers) == len(names) else {}


def _shares(answer: Mapping[str, Any], choices: Mapping[str, str]) -> dict[str, float]:
    """Return the probability of each choice; `ValueError` with the reason if it is not given."""
    given = answer.get("probabilities")
    if isinstance(given, list):
        pairs = [(one.get("value"), one.get("probability")) for one in given if _is_pair(one)]
        if len(pairs) != len(given) or len(dict(pairs)) != len(pairs):
            raise ValueError("its probabilities are not one for each choice")
        given = dict(pairs)
    if not isinstance(given, Mapping):
        raise ValueError("it has no probabilities")
    if set(given) != set(choices):
        raise ValueError("its probabilities are not of the choices that were offered")
    return _distribution({name: _probability(given[name]) for name in choices}, answer)


def _distribution(shares: dict[str, float], answer: Mapping[str, Any]) -> dict[str, float]:
    """Return probabilities that sum to 1, but for rounding; the choice must be a likeliest one."""
    slack = SLACK + ROUNDED * len(shares)
    total = sum(shares.values())
    if abs(total - 1) > slack:
        raise ValueError(f"its probabilities sum to {total:.3g}")
    chosen = answer.get("choice")
    if chosen is not None and (
        not isinstance(chosen, str)
        or chosen not in shares
        or shares[chosen] < max(shares.values()) - 2 * ROUNDED - SLACK
    ):
        raise ValueError("its choice is not the one with the highest probability")
    return {name: share / total for name, share in shares.items()}


def _is_pair(one: object) -> bool:
    return isinstance(one, Mapping) and isinstance(one.get("value"), str)


def _probability(value: object) -> float:
    """Return a number as a probability."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a probability is missing")
    if not 0 <= value <= 1:  # nor NaN, which no comparison holds for
        raise ValueError("a probability is not between 0 and 1")
    return float(value)
