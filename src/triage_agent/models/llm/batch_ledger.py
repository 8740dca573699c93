"""Which questions are in which batch of a provider: what a killed run must find again.

A batch is noted here, with its questions and the money that it can cost at most, before anything
of it is sent. All of it is plain SQL in the tables of the cache, a file or PostgreSQL. A change of
several rows takes its turn first: two that lock the same rows in another order would wait for each
other for ever.

    creating ─► open ─► settled ─► (removed, when all is collected)
        │                  it has ended, and is paid for
        └► (given back: nothing was submitted, or the provider refused it)
"""

import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from triage_agent.models.llm.store import Run, Store
from triage_agent.types import Usage

CREATING, OPEN, SETTLED = "creating", "open", "settled"
HELD_S = 300.0  # for which a batch that is being submitted is left to who submits it
COLUMNS = (
    "run, holder, account, base_url, model, state, held_until, created, requests, tokens, "
    "reserved, cost, mode, room, input_file, remote, status, output_file, error_file"
)
ALL = f"SELECT {COLUMNS} FROM batch ORDER BY created, run"  # noqa: S608 (constants)
ONE = f"SELECT {COLUMNS} FROM batch WHERE run = ?"  # noqa: S608
INSERT = f"INSERT INTO batch ({COLUMNS}) VALUES ({', '.join('?' * 19)})"  # noqa: S608
CLAIM = """INSERT INTO batch_request (question, batch, tries) VALUES (?, ?, 0)
    ON CONFLICT (question) DO UPDATE SET batch = excluded.batch WHERE batch_request.batch = ''"""
RESERVE = "UPDATE account SET spent = spent + ? WHERE name = ?"
RESERVE_UNDER = RESERVE + " AND spent + ? <= ?"
BILL = """UPDATE account SET spent = spent + ?, calls = calls + ?, input_tokens = input_tokens + ?,
    output_tokens = output_tokens + ?, overrun = CASE WHEN overrun < ? THEN ? ELSE overrun END
    WHERE name = ?"""


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch, as the ledger knows it."""

    run: str  # our own key of it, which travels as its metadata
    holder: str  # the machine and the output for which it was made
    account: str  # the output whose spending it adds to, in hexadecimal
    base_url: str
    model: str
    state: str
    held_until: float  # while it is being created: when another run may take it over
    created: float  # seconds since 1970
    requests: int
    tokens: int  # of its requests, about
    reserved: int  # micro-dollars set aside, and what it cost where that is not known
    cost: int | None  # micro-dollars; None: it has not ended
    mode: str  # the output mode of its requests
    room: int  # their completion limit; 0: none is sent
    input_file: str  # the ids that the provider gave; empty: not yet, or there is none
    remote: str
    status: str  # in the provider's words, as it was seen last
    output_file: str
    error_file: str

    @classmethod
    def planned(
        cls, run: str, base_url: str, model: str, tokens: int, mode: str, room: int
    ) -> "Batch":
        """Return a batch that is not in the ledger yet, which adds the rest."""
        return cls(
            run, "", "", base_url, model, CREATING, 0, 0, 0, tokens, 0, None, mode, room,
            "", "", "", "", "",
        )  # fmt: skip


class BatchLedger:
    """The batches of one ledger; every method is one transaction."""

    def __init__(self, store: Store, account: str, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._name = os.fsencode(account)
        self.account, self._clock = self._name.hex(), clock
        self.holder = f"{socket.gethostname()} {self.account}"

    def batches(self, base_url: str | None = None) -> list[Batch]:
        """Return all batches, or those at one address, the oldest first."""
        rows, _ = self._run(ALL)
        return [one for one in (Batch(*row) for row in rows) if base_url in {None, one.base_url}]

    def batch(self, run: str) -> Batch | None:
        """Return one batch; None: it is none, or no more."""
        rows, _ = self._run(ONE, (run,))
        return Batch(*rows[0]) if rows else None

    def find(self, question: str) -> tuple[str, int]:
        """Return the batch of a question (empty: none), and how many did not answer it."""
        rows, _ = self._run(
            "SELECT batch, tries FROM batch_request WHERE question = ?", (question,)
        )
        return (rows[0][0], rows[0][1]) if rows else ("", 0)

    def questions(self, run: str) -> list[str]:
        """Return the questions of a batch."""
        rows, _ = self._run("SELECT question FROM batch_request WHERE batch = ?", (run,))
        return [question for (question,) in rows]

    def room(self, cap: int | None) -> int | None:
        """Return the micro-dollars that the account may still reserve; None: any amount."""
        if cap is None:
            return None
        return cap - self._store.spent(os.fsdecode(self._name))

    def overrun(self) -> int:
        """Return the most that a bill was of its bound, in thousandths."""
        return self._store.overrun(os.fsdecode(self._name))

    def plan(self, batch: Batch, bounds: dict[str, int], cap: int | None) -> list[str] | None:
        """Note a batch and the money for it, and return its questions: those in no other batch.

        `bounds` is the most that each question can cost, in micro-dollars. None: the cap has no
        room for them, and nothing was noted.
        """
        self._store.spent("")  # what is settled and not written yet makes room
        with self._turn() as execute:
            execute(
                "INSERT INTO account (name) VALUES (?) ON CONFLICT (name) DO NOTHING", (self._name,)
            )
            taken = [one for one in bounds if execute(CLAIM, (one, batch.run))[1] == 1]
            reserved = -(-sum(bounds[one] for one in taken) * self.overrun() // 1000)
            if cap is None:
                execute(RESERVE, (reserved, self._name))
            elif not execute(RESERVE_UNDER, (reserved, self._name, reserved, cap))[1]:
                execute("UPDATE batch_request SET batch = '' WHERE batch = ?", (batch.run,))
                return None
            if taken:
                share = -(-batch.tokens * len(taken) // len(bounds))
                self._insert(execute, batch, len(taken), share, reserved)
        return taken

    def _insert(
        self, execute: Run, batch: Batch, requests: int, tokens: int, reserved: int
    ) -> None:
        values = (
            batch.run, self.holder, self.account, batch.base_url, batch.model, CREATING,
            self._clock() + HELD_S, self._clock(), requests, tokens, reserved, None, batch.mode,
            batch.room, "", "", "", "", "",
        )  # fmt: skip
        execute(INSERT, values)

    def note_file(self, run: str, input_file: str) -> bool:
        """Note the input file, before the batch is created from it; it is held anew.

        Return False if another run has given the batch back meanwhile: this one was too slow.
        """
        _, changed = self._run(
            "UPDATE batch SET input_file = ?, held_until = ? WHERE run = ? AND state = ?",
            (input_file, self._clock() + HELD_S, run, CREATING),
        )
        return changed == 1

    def note_open(self, run: str, remote: str, status: str) -> None:
        """Note that the provider has a batch, under this id."""
        self._run(
            "UPDATE batch SET state = ?, remote = ?, status = ? WHERE run = ? AND state <> ?",
            (OPEN, remote, status, run, SETTLED),
        )

    def note_status(self, run: str, status: str) -> None:
        """Note how far the provider is."""
        self._run("UPDATE batch SET status = ? WHERE run = ? AND state = ?", (status, run, OPEN))

    def is_free(self, batch: Batch) -> bool:
        """Return whether a batch that was being submitted may be taken over by this run.

        One output is one run's alone, so what was made for it here is left of a killed run.
        """
        return batch.holder == self.holder or batch.held_until < self._clock()

    def give_back(self, run: str, *, failed: bool = False) -> None:
        """Forget a batch that was never submitted, or was refused as a whole: it costs nothing.

        `failed`: its questions have failed in one batch more.
        """
        with self._turn() as execute:
            rows, _ = execute("SELECT account, reserved, state FROM batch WHERE run = ?", (run,))
            if not rows or rows[0][2] == SETTLED:
                return
            execute(RESERVE, (-rows[0][1], bytes.fromhex(rows[0][0])))
            execute(
                "UPDATE batch_request SET batch = '', tries = tries + ? WHERE batch = ?",
                (int(failed), run),
            )
            execute("DELETE FROM batch WHERE run = ?", (run,))

    def settle(
        self,
        batch: Batch,
        ended: tuple[str, str, str],
        cost: int,
        usage: Usage,
        unanswered: Iterable[str],
    ) -> bool:
        """Put what a batch cost in the place of what was reserved; return False if it was done.

        `ended` is its last status and the ids of its output and error files. The questions that
        it left unanswered may go into another.
        """
        overrun = -(-1000 * cost // batch.reserved) if batch.reserved else 0
        with self._turn() as execute:
            _, changed = execute(
                "UPDATE batch SET state = ?, cost = ?, status = ?, output_file = ?, "
                "error_file = ? WHERE run = ? AND state <> ?",
                (SETTLED, cost, *ended, batch.run, SETTLED),
            )
            if not changed:
                return False
            used = (usage.calls, usage.input_tokens, usage.output_tokens)
            more = cost - batch.reserved
            execute(BILL, (more, *used, overrun, overrun, bytes.fromhex(batch.account)))
            self._free(execute, batch.run, unanswered)
        return True

    def free(self, run: str, questions: Sequence[str]) -> None:
        """Let questions of a batch, whose answers are gone, go into another."""
        with self._turn() as execute:
            self._free(execute, run, questions)

    def _free(self, execute: Run, batch: str, questions: Iterable[str]) -> None:
        for question in questions:
            execute(
                "UPDATE batch_request SET batch = '', tries = tries + 1 "
                "WHERE question = ? AND batch = ?",
                (question, batch),
            )

    def remove(self, run: str) -> None:
        """Forget a batch of which everything was collected."""
        with self._turn() as execute:
            execute("DELETE FROM batch_request WHERE batch = ?", (run,))
            execute("DELETE FROM batch WHERE run = ?", (run,))

    def forget_tries(self) -> None:
        """Forget how often questions that are in no batch have failed in some."""
        self._run("DELETE FROM batch_request WHERE batch = ''")

    def limit(self, base_url: str, model: str) -> int | None:
        """Return how many tokens the provider lets wait in batches, as far as it has said."""
        rows, _ = self._run(
            "SELECT tokens FROM batch_limit WHERE base_url = ? AND model = ?", (base_url, model)
        )
        return int(rows[0][0]) if rows else None

    def note_limit(self, base_url: str, model: str, tokens: int) -> None:
        """Note that limit."""
        self._run(
            "INSERT INTO batch_limit (base_url, model, tokens) VALUES (?, ?, ?) "
            "ON CONFLICT (base_url, model) DO UPDATE SET tokens = excluded.tokens",
            (base_url, model, tokens),
        )

    def _run(self, sql: str, values: Sequence[Any] = ()) -> tuple[list[Any], int]:
        """Return the rows of one statement, and how many it changed."""
        with self._store.transaction() as run:
            return run(sql, values)

    @contextmanager
    def _turn(self) -> Iterator[Run]:
        """Make what the block runs all at once, while no other does the same."""
        with self._store.transaction() as run:
            run("UPDATE batch_turn SET taken = taken + 1", ())
            yield run
