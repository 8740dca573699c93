"""A language model takes apart what the rules cannot, by copying the problems out of the text.

It chooses passages, and can do nothing else: what it says about them is not read, and what is no
passage of the text, or would lose a problem, is not used. Then the text stays whole, as the rules
have it, and why is counted.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from triage_agent.errors import ReplyError, ServiceError
from triage_agent.intake import SplitText, apart_by
from triage_agent.models.llm.answering import CachingAnswerer
from triage_agent.models.llm.budget import CostCapError
from triage_agent.models.llm.outgoing import outgoing
from triage_agent.models.llm.passages import Misfit, Passages, passages_schema
from triage_agent.models.llm.prompt import Prompt, load_prompt
from triage_agent.models.protocols import ChatRequest
from triage_agent.types import Usage

PROMPT = "splitting/passages"
SCHEMA_NAME = "passages"
ROOM = 200  # tokens of a reply beside the words that it copies


class SplitEnd(StrEnum):
    """What became of a text that the rules could not surely take apart; in words, its value."""

    APART = "taken apart"
    ONE = "whole, as the model finds one problem"
    INVENTED = "whole, as the reply holds words that are not in the text"
    DISORDERED = "whole, as passages of the reply overlap or change places"
    LEFT_OUT = "whole, as the reply leaves out what may be a problem, or cuts one"
    FAILED = "whole, as no usable reply came"
    CAP = "whole, as the cost cap left no room"
    TOO_LONG = "whole, as it is too long to be sent in one piece"


MISFITS = {Misfit.INVENTED: SplitEnd.INVENTED, Misfit.DISORDERED: SplitEnd.DISORDERED}


@dataclass(frozen=True)
class SplitPrompt:
    """What is sent with a text that is to be taken apart."""

    template: Prompt = field(default_factory=lambda: load_prompt(PROMPT))

    def request(self, text: str) -> ChatRequest:
        """Return the question about a text, which is sent as it is."""
        return ChatRequest(
            messages=self.template.messages(text),
            schema_name=SCHEMA_NAME,
            schema=passages_schema(),
            max_output_tokens=self.room(text),
            text=text,
        )

    def request_bytes(self, text: str) -> int:
        """Return how many bytes a request about a text has, about."""
        return self.template.request_bytes(text)

    def room(self, text: str) -> int:
        """Return how many tokens the reply about a text may have: all of its words, and more."""
        return ROOM + len(text.encode("utf-8", "replace")) // 2


@dataclass(slots=True)
class LLMSplitter:
    """Takes texts apart by asking a chat service, once about each; with `redacts`, as a model does.

    `ends` and `usage` count over all texts.
    """

    answerer: CachingAnswerer[Passages]
    prompt: SplitPrompt
    redacts: bool = True
    ends: Counter[SplitEnd] = field(default_factory=Counter)
    usage: Usage = field(default_factory=Usage)

    async def split(self, text: str, doubtful: SplitText) -> SplitText:
        """Return a text taken apart, or `doubtful`, as the rules read it.

        If the model finds one problem, the text is still said to hold several: a model that only
        repeats a text looks no different, and of the texts that the rules doubt nearly all do.

        Raises `StopError`: the service said something that no retry can change.
        """
        found, end = await self._split(text, doubtful)
        self.ends[end] += 1
        return found

    async def _split(self, text: str, doubtful: SplitText) -> tuple[SplitText, SplitEnd]:
        """Return what became of a text."""
        sent = outgoing(text, redacts=self.redacts)
        if sent.truncated:
            return doubtful, SplitEnd.TOO_LONG
        try:
            answer = await self.answerer.answer(self.prompt.request(sent.text))
        except CostCapError:
            return doubtful, SplitEnd.CAP
        except (ReplyError, ServiceError) as error:
            self.usage += error.usage
            return doubtful, SplitEnd.FAILED
        self.usage += answer.usage
        if answer.misfit:
            return doubtful, MISFITS[answer.misfit]
        places = [sent.place(*one) for one in answer.places]
        apart = await asyncio.to_thread(apart_by, text, places, doubtful)
        if apart is None:
            return doubtful, SplitEnd.LEFT_OUT
        return (doubtful, SplitEnd.ONE) if len(apart.problems) == 1 else (apart, SplitEnd.APART)

    @property
    def line(self) -> str:
        """What became of the texts so far, in words; empty: there was none."""
        if not self.ends:
            return ""
        each = "; ".join(f"{self.ends[end]:,} {end}" for end in SplitEnd if self.ends[end])
        return f"texts that the rules could not surely take apart (--split-by model): {each}"

    @property
    def record(self) -> dict[str, object]:
        """What a run's record says of it."""
        return {
            "split_prompt": self.prompt.template.id,
            "splits": {end.name.lower(): self.ends[end] for end in SplitEnd if self.ends[end]},
        }
