"""What a decision model answers, in the shape of the question: OpenAI's lists, or by name."""

from collections.abc import Callable, Mapping
from typing import Any

from support.openai_server import Call, reply_for

NOT_SIGNALS = {"label", "function", "evidence", "rationale", "confidence_percent"}


LISTS, BY_NAME = "/v1/decisions", "/v1/systemone"

Answers = Callable[[str], Mapping[str, Any]]  # by the problem's text


def decision_endpoints(
    *paths: str, answers: Answers = lambda text: decisions_for(reply_for(text))
) -> dict[str, Callable[[Call], dict[str, Any]]]:
    """Return the paths at which a server decides, for its option `elsewhere`."""
    return dict.fromkeys(paths, lambda call: decided(call.body, answers(call.text)))


def decisions_for(reply: Mapping[str, Any]) -> dict[str, Any]:
    """Return {question: probability, or {choice: probability}} that says what a reply says.

    Of a choice only the chosen one is named; `decided` shares the rest among the others.
    """
    found: dict[str, Any] = {
        n: 0.97 if v else 0.02 for n, v in reply.items() if n not in NOT_SIGNALS
    }
    found["label"] = {reply["label"]: reply["confidence_percent"] / 100}
    found["function"] = {reply["function"]: 0.76}
    return found


def decided(body: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the payload that answers a request in its own shape.

    An answer that is a mapping with a `type` is sent as it is; None is left out.
    """
    asked = body["questions"]
    by_name = isinstance(asked, Mapping)
    names = list(asked) if by_name else [one["name"] for one in asked]
    questions = list(asked.values()) if by_name else asked
    found: dict[str, Any] = {}
    for name, question in zip(names, questions, strict=True):
        answer = answers.get(name)
        if answer is not None:
            raw = isinstance(answer, Mapping) and "type" in answer
            found[name] = answer if raw else _answer(answer, question, by_name=by_name)
    tokens = len(str(asked)) // 4
    usage: dict[str, Any] = {"input_tokens": tokens, "output_tokens": 0}
    if not by_name:
        usage |= {
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": tokens,
        }
    listed: Any = found if by_name else [{"name": n, **one} for n, one in found.items()]
    return {"model": body["model"], "answers": listed, "usage": usage}


def _answer(answer: Any, question: Mapping[str, Any], *, by_name: bool) -> dict[str, Any]:
    """Return one answer; `confidence` is wrong on purpose, because nobody may read it."""
    if not isinstance(answer, Mapping):
        key = {"noul": "noul", "predicate": "probability"}[question["type"]]
        return {"type": question["type"], key: answer}
    offered = question["criteria"] if by_name else [one["value"] for one in question["choices"]]
    others = [one for one in offered if one not in answer]
    rest = (1 - sum(answer.values())) / (len(others) or 1)
    shares = {one: answer.get(one, rest) for one in offered}
    chosen = max(shares, key=lambda one: shares[one])
    listed: Any = shares if by_name else [{"value": v, "probability": p} for v, p in shares.items()]
    return {"type": "choice", "choice": chosen, "probabilities": listed, "confidence": 0.123}
