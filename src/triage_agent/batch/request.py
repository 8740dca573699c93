"""What a batch is asked to do, and how it ended."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from triage_agent.batch.in_batches import WantedBatches
from triage_agent.batch.input_columns import Columns
from triage_agent.batch.pages import NO_PAGES, WantedPages
from triage_agent.batch.tally import Tally
from triage_agent.batch.understanding import Wish, wish_of
from triage_agent.models import OpenBackend
from triage_agent.settings import Options
from triage_agent.tables import TableOptions

Report = Callable[[str], None]  # is called with every line about the run
# What shows the progress of a run over so many rows (None: not known) by an open backend.
ShowProgress = Callable[[int | None, OpenBackend], AbstractContextManager[Callable[[Tally], None]]]


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """Which forms are to be answered, how, and what is to be written."""

    forms: Path
    out: Path
    table: TableOptions = field(default_factory=TableOptions)
    columns: Columns = field(default_factory=Columns)  # those that the user names
    labels_only: bool = False  # no recommendation
    split: bool | None = None  # a cell may hold several problems (None: yes, or the mapping)
    max_problems: int | None = None  # of a form, if cells are split (None: 5, or the mapping)
    usd_rate: float | None = None
    revenue_unit: str | None = None  # of the amounts; None: what the column's name says
    quiz_scale: Literal["0-3", "1-4"] | None = None  # None: as the answers show, or the mapping
    dry_run: bool = False  # only say what it would cost
    retry_errors: bool = False  # only answer the rows of OUT that are in error
    previous: Path | None = None  # an earlier OUT, whose unchanged answers are taken over
    pages: WantedPages = NO_PAGES
    mapping: Path | None = None  # how the table is read, as an earlier run saved it
    save_mapping: Path | None = None  # where to save how this one was read
    in_batches: WantedBatches | None = None  # of the provider; None: the LLM is asked live
    options: Options = field(default_factory=Options)

    def wish(self) -> Wish:
        """Return how the table is to be read; raises `SettingsError` for an unusable mapping."""
        return wish_of(
            self.forms,
            self.table,
            self.columns,
            usd_rate=self.usd_rate,
            revenue_unit=self.revenue_unit,
            split=self.split,
            max_problems=self.max_problems,
            quiz_scale=self.quiz_scale,
            mapping=self.mapping,
        )


@dataclass(frozen=True, slots=True)
class BatchResult:
    """How a batch ended."""

    errors: int = 0  # problems that ended in an error
    quote: str | None = None  # of a dry run that would cost something
    pending: bool = False  # questions are in batches that have not ended; OUT is not written
