"""What the user wants said with every request, which no server may quietly have left out."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from triage_agent.errors import SettingsError
from triage_agent.models.llm.dialect import OTHER_LIMIT, Dialect
from triage_agent.models.llm.refusals import Refusal
from triage_agent.privacy import mask
from triage_agent.settings import Options, read_extra_body

EFFORT = "reasoning_effort"
# Words of a refusal of a completion limit because it is too large, not because of its name.
TOO_MUCH = re.compile(
    r"too (?:large|high|big|many)|at most|maximum|exceed|greater|less than|range|<=|context",
    re.IGNORECASE,
)
LIMIT = re.compile(
    r"max_(?:completion_|output_|new_)?tokens|completion tokens|output tokens|max(?:imum)? tokens"
)
NUMBER = re.compile(r"\d{3,7}")


@dataclass(frozen=True, slots=True)
class Extras:
    """The user's own part of each request."""

    effort: str | None = None  # None: as the model does by itself
    most_tokens: int | None = None  # the largest completion limit; None: ours
    body: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, options: Options) -> "Extras":
        """Return those of the options, or raise `SettingsError`."""
        body = read_extra_body(options.extra_body) if options.extra_body else {}
        effort = (options.reasoning_effort or "").strip() or None
        return cls(effort, options.max_output_tokens, body)

    @property
    def given(self) -> dict[str, str | int]:
        """The options that were given, the extra body as JSON."""
        known = {
            EFFORT: self.effort,
            "max_output_tokens": self.most_tokens,
            "extra_body": json.dumps(dict(self.body), sort_keys=True) if self.body else None,
        }
        return {name: value for name, value in known.items() if value is not None}

    @property
    def identity(self) -> str:
        """What of an answer's origin they are; empty: nothing was given."""
        return json.dumps(self.given, sort_keys=True) if self.given else ""

    @property
    def record(self) -> dict[str, str | int]:
        """What a run's record says of them: what looks like a key is masked."""
        return {k: mask(v) if isinstance(v, str) else v for k, v in self.given.items()}

    def dialect(self, host: str) -> Dialect:
        """Return the dialect to begin with: a completion limit that was given is used at once."""
        name = "max_completion_tokens" if host == "api.openai.com" else "max_tokens"
        if self.most_tokens is None:
            return Dialect(limit_name=name)
        return Dialect(limit_name=name, room=self.most_tokens, most_room=self.most_tokens)

    def learned(self, dialect: Dialect) -> int:
        """Return the completion limit that a dialect has learned; 0: none that was not given."""
        room = min(dialect.room, dialect.most_room)
        return 0 if room == self.most_tokens else room

    def added_to(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a request's body with the user's part in it."""
        effort = {} if self.effort is None else {EFFORT: self.effort}
        return {**body, **effort, **self.body} if effort or self.body else body

    def refused_by(
        self, refusal: Refusal, learned: Dialect | None, said: str
    ) -> SettingsError | None:
        """Return the error of a refusal that is about one of them; None: it is not.

        `learned` is the dialect that the refusal leads to, `said` what is shown of it otherwise.
        """
        option = ""
        if refusal.about_form:
            names = {EFFORT: "--reasoning-effort"} if self.effort is not None else {}
            names |= dict.fromkeys(_keys(self.body), "--extra-body")
            option = next((names[name] for name in names if _names(refusal, name)), "")
        no_limit = learned is not None and OTHER_LIMIT.keys() <= learned.dropped
        if not option and no_limit and self.most_tokens is not None:
            option = "--max-output-tokens"
        if not option:
            return None
        return SettingsError(
            f"The server does not take what {option} asks for: {said} Change {option}, or leave it "
            "out."
        )


def _keys(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names in a body, those within its objects too."""
    for name, value in body.items():
        yield name
        if isinstance(value, Mapping):
            yield from _keys(value)


def _names(refusal: Refusal, name: str) -> bool:
    """Return whether a refusal is about a parameter, which some write with a dot in its name."""
    pattern = rf"(?<![A-Za-z0-9]){re.escape(name).replace('_', '[_.]')}(?![A-Za-z0-9_])"
    return re.search(pattern, refusal.parameter or refusal.message) is not None


def smaller_limit(refusal: Refusal, limit: int, least: int) -> int | None:
    """Return the completion limit to try after one that a server has no room for.

    It is just under the ceiling that the refusal names, where there is one in the upper half.
    None: it was refused for another reason, or is the `least` one that makes sense.

    >>> smaller_limit(Refusal(400, "max_tokens is too large: 9600. Use at most 8192"), 9600, 600)
    8191
    >>> smaller_limit(Refusal(400, "max_tokens is too large: 9600."), 9600, 600)
    4800
    """
    too_much = LIMIT.search(refusal.message) and TOO_MUCH.search(refusal.message)
    no_room = refusal.about_text and "content_filter" not in refusal.codes
    if limit <= least or not (no_room or (refusal.about_form and too_much)):
        return None
    # Where the text has its part of a length, the numbers are of both together.
    named = () if no_room else map(int, NUMBER.findall(refusal.message))
    under = max((one - 1 for one in named if limit // 2 < one < limit), default=limit // 2)
    return max(least, under)
