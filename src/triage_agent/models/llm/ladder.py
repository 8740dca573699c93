"""The way down to what a server accepts, for one row and for the run.

A row whose request is refused for its form is asked at once in the dialect that the refusal asks
for. Its success there is the second witness: only then the run takes that dialect over. Where the
run's own dialect has worked before, two rows in a row must say so: one odd refusal changes that
row alone. A row whose reply failed because of the rung it was asked on (the server's check of it
failed, or it ran on in blanks until it was cut off) is asked on the next, and what that says about
the run is counted as for any reply that does not fit.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from triage_agent.errors import ReplyError
from triage_agent.models.llm.completion import read_completion
from triage_agent.models.llm.dialect import Dialect, OutputMode
from triage_agent.models.llm.extras import Extras, smaller_limit
from triage_agent.models.llm.refusals import FORM_IF_NAMED, Refusal, RefusedError
from triage_agent.models.protocols import ChatReply, ChatRequest
from triage_agent.types import Usage

WITNESSES = 2  # rows in a row that were refused in a dialect that has worked
RUNAWAY = 40  # blanks, or characters of a repetition, at the end of a reply that was cut off
REPEATED = re.compile(r"(.{1,24}?)\1{4,}$", re.DOTALL)
NO_RUNG = frozenset({401, 402, 429})  # refused whatever the rung
LOOKED_AT = 400  # characters at the end of such a reply


@dataclass(slots=True)
class Row:
    """One question to the service, and what has happened to it over all its attempts."""

    request: ChatRequest
    spent: list[Usage] = field(default_factory=list)
    dialect: Dialect | None = None  # None: that of the run
    refused: Refusal | None = None  # for which it left the run's dialect
    failed: int = 0  # replies that failed because of the rung
    gave_up: bool = False  # lower rungs, because none of them is accepted
    walked: bool = False  # all ways were tried for a refusal, and none helped
    daily: int = 0  # refusals for a limit of the day
    most: int = 0  # tokens for which the server has room beside this text; 0: not known


Post = Callable[[dict[str, Any], int], Awaitable[Any]]  # a body, and its completion limit


class Ladder:
    """The dialect of a run, and how it changes."""

    def __init__(self, dialect: Dialect, extras: Extras | None = None) -> None:
        self.dialect, self._extras = dialect, extras or Extras()
        self.thinks = False  # whether the model was seen to think for an answer
        self._proven = False  # whether a row that was not refused was answered in it
        self._doubts = 0  # rows since then that were refused in it, and answered in another
        self._left: Dialect | None = None  # on the word of one row
        self._scout: Row | None = None  # the row that looks for the first dialect that works
        self._scouted = asyncio.Event()  # set when it has ended

    async def ask(self, row: Row, post: Post, model: str) -> ChatReply:
        """Return one answer; raise `RefusedError` when no other way of asking is left."""
        try:
            return await self._ask(row, post, model)
        finally:
            if self._scout is row:
                self._scout = None
                self._scouted.set()

    async def _ask(self, row: Row, post: Post, model: str) -> ChatReply:
        """Return one answer, in the dialect of the run or in another."""
        while True:
            dialect = row.dialect or self.dialect.below(row.request.tried)
            known = dialect.with_room_of(self.dialect)
            limit = min(row.most or known.most_room, known.limit_of(row.request))
            body = self._extras.added_to(dialect.body(row.request, model, limit))
            try:
                payload = await post(body, limit)
                sent = body.get(dialect.limit_name)
                reply = read_completion(payload, dialect.output_mode.value, model, sent)
            except RefusedError as error:
                row.spent.append(Usage(calls=1))
                refusal = error.refusal.without_echo_of(body)
                if smaller := smaller_limit(refusal, limit, row.request.max_output_tokens):
                    row.most, one = smaller, refusal.about_text
                    self.dialect = self.dialect.after_limit(limit, smaller, one_text=one)
                    continue
                if refusal.about_form and not (row.dialect or row.walked or self._proven):
                    await self._follow(row)
                try:
                    self._refused(row, dialect, refusal)
                except RefusedError:
                    row.spent.pop()  # it is counted where it is explained
                    raise
                continue
            except ReplyError as error:
                self._answered(row, dialect, kind=error.kind)
                raise
            self._answered(row, dialect)
            self.thinks = self.thinks or reply.thought
            if ran_away(reply, dialect) and self._next_rung(row, dialect):
                row.spent.append(reply.usage)
                continue
            return replace(reply, limit=None) if row.most else reply

    async def _follow(self, row: Row) -> None:
        """Wait for the row that looks for a dialect on behalf of the run, or become that row.

        Many rows are under way when the first is refused, and each would find the same.
        """
        if self._scout is None:
            self._scout, self._scouted = row, asyncio.Event()
        elif self._scout is not row:
            await self._scouted.wait()

    async def ask_once(
        self, request: ChatRequest, mode: OutputMode, post: Post, model: str
    ) -> ChatReply:
        """Return the answer to one request in one mode; nothing else is tried, or learned."""
        dialect = replace(self.dialect, output_mode=mode)
        limit = dialect.limit_of(request)
        body = self._extras.added_to(dialect.body(request, model, limit))
        return read_completion(await post(body, limit), mode.value, model, limit)

    def body_of(self, request: ChatRequest, model: str) -> tuple[dict[str, Any], str, int]:
        """Return a request's body, its output mode and its completion limit, as the run asks now.

        The limit is 0 where none is sent.
        """
        dialect = self.dialect
        body = self._extras.added_to(dialect.body(request, model))
        limit = body.get(dialect.limit_name)
        return body, dialect.output_mode.value, limit if isinstance(limit, int) else 0

    def report_fit(self, output_mode: str, *, fits: bool) -> None:
        """Learn whether a reply fitted the schema; three in a row that did not change the mode."""
        if output_mode == self.dialect.output_mode:
            after = self.dialect.after_reply(fits=fits)
            if not after.is_like(self.dialect):
                self._proven, self._doubts, self._left = False, 0, None
            self.dialect = after

    def report_cut(self, limit: int) -> bool:
        """Learn that a completion limit cut off a reply; return whether a larger one is next."""
        self.dialect = self.dialect.after_cut(limit)
        return self.dialect.has_more(limit)

    def _refused(self, row: Row, dialect: Dialect, refusal: Refusal) -> None:
        """Have the row asked in another dialect, or raise what stands in its way."""
        if refusal.about_reply:
            # Another sample may pass the check, and else the next rung has none.
            if row.failed == 0:
                row.failed = 1
                self.report_fit(dialect.output_mode, fits=False)
            elif not self._next_rung(row, dialect):
                raise RefusedError(refusal)
            return
        changed = None
        if refusal.about_form and not row.walked:
            alone = row.dialect is None and not row.request.tried
            if alone and not dialect.is_like(self.dialect):
                return  # the run has learned something while this request was under way
            words, by_name = refusal.own_words, refusal.status in FORM_IF_NAMED
            changed = dialect.after_refusal(words, refusal.parameter, by_name=by_name)
        if self._extras.refused_by(refusal, changed, "") is not None:
            raise RefusedError(refusal, changed)  # what the user asked for is not left out
        if changed is not None:
            row.dialect, row.refused = changed, row.refused or refusal
        elif row.request.tried and not row.gave_up and _depends_on_rung(refusal):
            # What is asked for here is another sample, and the run's own rung gives that too.
            row.dialect, row.refused, row.gave_up = self.dialect, None, True
        elif refusal.about_form and row.refused is not None:
            first = row.refused  # nothing helped, so nothing is changed
            row.dialect, row.refused, row.walked = None, None, True
            raise RefusedError(first)
        else:
            raise RefusedError(refusal)

    def _next_rung(self, row: Row, dialect: Dialect) -> bool:
        """Have the row asked on the next rung; return whether it has not been, and there is one."""
        self.report_fit(dialect.output_mode, fits=False)
        lower = dialect.step_down()
        if lower is None or row.failed > 1:
            return False
        row.dialect, row.failed = lower, 2
        return True

    def _answered(self, row: Row, dialect: Dialect, kind: str = "") -> None:
        """Learn from an answer, good or bad, that the server accepts a dialect."""
        if kind == "empty":  # which says little
            return
        if dialect.is_like(self.dialect):
            self._proven, self._doubts = True, 0
        elif self._left is not None and row.refused is None and dialect.is_like(self._left):
            self._take(self._left)  # it does work
            self._left, self._proven = None, True
        elif row.refused is not None:
            self._doubts += 1
            if not self._proven or self._doubts >= WITNESSES:
                self._left = None if self._proven else self.dialect
                self._take(dialect)
                self._proven, self._doubts = True, 0
        row.refused = None

    def _take(self, dialect: Dialect) -> None:
        """Take a dialect for the run, which keeps what it knows of completion limits."""
        self.dialect = dialect.with_room_of(self.dialect)


def _depends_on_rung(refusal: Refusal) -> bool:
    """Return whether what was refused on one rung may be accepted on another."""
    other = refusal.about_text or refusal.about_quota
    return not other and refusal.status not in NO_RUNG


def ran_away(reply: ChatReply, dialect: Dialect) -> bool:
    """Return whether a reply was cut off while it only repeated itself, as some grammars allow."""
    held = dialect.output_mode is not OutputMode.PLAIN
    if not held or not reply.cut_off or not reply.text:
        return False
    end = reply.text[-LOOKED_AT:]
    if len(end) - len(end.rstrip()) >= RUNAWAY or not end.strip():
        return True
    again = REPEATED.search(end)
    return again is not None and len(again[0]) >= RUNAWAY
