"""Forms answered on many machines by Ray Data, by the very code that answers them on one.

`classify` is for pipelines that exist; `ray_run` is `triage batch --ray`. Each actor holds an open
`AsyncTriage` and answers blocks of rows. A block whose worker is lost is answered again by another.
"""

import asyncio
import os
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from triage_agent.batch.answering import Job, answer_rows
from triage_agent.batch.form import MAX_PROBLEMS, OURS, FormReading
from triage_agent.batch.group import Group, Spool, Values
from triage_agent.batch.input_columns import Columns
from triage_agent.batch.no_forms import Marking
from triage_agent.batch.output_columns import ROW, added_columns
from triage_agent.batch.ray_blocks import NUMBER, rows_of, with_answers
from triage_agent.batch.understanding import Wish, reading_of
from triage_agent.errors import SettingsError
from triage_agent.settings import Backend, Options, SplitBy, choose_backend
from triage_agent.tables import Row, Table, TableOptions
from triage_agent.triage import AsyncTriage

BUSINESS, ANSWERS = "triage_ray_business", "triage_ray_answers"  # between two steps only
# Of an actor: one to a CPU, and a rest for reading blocks again that were lost with a machine.
# At 1 the actors hold every CPU, wait for those blocks, and nobody may read them.
CPU_SHARE = 0.9
ROWS_AT_ONCE = 256  # of a dataset, whose blocks may be of any size
Finish = Callable[[Any, Sequence[Mapping[str, Any]]], Any]  # a block and its whole rows: the result


def classify(
    dataset: Any,
    options: Options | None = None,
    *,
    columns: Columns | None = None,
    labels_only: bool = False,
    split: bool = True,
    max_problems: int = MAX_PROBLEMS,
    usd_rate: float | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Any:
    """Return a Ray dataset of forms with the columns that `triage batch` adds, answered lazily.

    Args:
        dataset: A `ray.data.Dataset`, a form in each row. Its rows have no numbers, so
            `triage_row` is empty.
        options: Who reads the problems, and how, as for `Triage`.
        columns: The columns that you name; the others are found, by the names and the first rows.
        labels_only: One problem per row, no recommendation.
        split: Whether a cell may hold several problems.
        max_problems: Of a form; further ones are joined in the last one.
        usd_rate: USD for one unit, if the revenue is in another currency.
        report: Is called with each line about what was understood.

    Raises:
        SettingsError: An LLM without a shared cache, an option that cannot be, or Ray is missing.
        InputError: No column holds problems, or one that was named is not there.
    """
    ray = ray_package()
    options = shared(options or Options())
    first = next(iter(dataset.limit(100).iter_batches(batch_size=100, batch_format="pyarrow")))
    rows = tuple(rows_of(first, "parquet"))
    names = tuple(dict.fromkeys(name for row in rows for name in row.values))
    table = Table(
        "The dataset", "parquet", names, None, None, None, (), (), rows, None, (), (), False,
        lambda: iter(rows),
    )  # fmt: skip
    wish = Wish(
        Path(table.name), TableOptions(), columns or Columns(), usd_rate, split, max_problems
    )
    reading = reading_of(table, wish, report, labels_only=labels_only)
    job = RayJob(reading, "parquet", labels_only, options)
    return answered(ray, dataset, job, Appended("parquet", names, job.added))


@dataclass(frozen=True, slots=True)
class RayJob:
    """How every block is read and answered."""

    reading: FormReading
    kind: str  # as in `rows_of`
    labels_only: bool
    options: Options

    @property
    def grouped(self) -> bool:
        """Whether rows of several blocks decide together."""
        return not (self.reading.one_row_each or self.labels_only)

    @property
    def added(self) -> tuple[str, ...]:
        """The columns of the answers."""
        return tuple(added_columns(self.reading.slots, decided=not self.labels_only))


@dataclass(frozen=True, slots=True)
class Appended:
    """Makes of a block and its answered rows an Arrow table."""

    kind: str
    own: tuple[str, ...]
    added: tuple[str, ...]

    def __call__(self, block: Any, rows: Sequence[Mapping[str, Any]]) -> Any:
        """Return the block's own columns, and then the answers."""
        return with_answers(block, self.kind, rows, self.own, self.added)


def answered(ray: Any, dataset: Any, job: RayJob, finish: Finish, *, is_read: bool = False) -> Any:
    """Return the dataset that `finish` makes of the blocks of another, answered by actors.

    If `is_read`, each block is answered as it is, and the actors may have every CPU from the start.
    """
    cpus = int(ray.cluster_resources().get("CPU", 1))
    first = cpus if is_read else 1  # what is not read yet needs a CPU for its readers
    pool = ray.data.ActorPoolStrategy(min_size=1, initial_size=first, max_size=None)
    arrow = {"batch_format": "pyarrow", "zero_copy_batch": True}
    work = dataset.map_batches(
        Answerer,
        fn_constructor_kwargs={"job": job, "finish": None if job.grouped else finish},
        compute=pool,
        num_cpus=CPU_SHARE,
        batch_size=None if is_read else ROWS_AT_ONCE,
        **arrow,
    )
    if not job.grouped:
        return work
    # A partition for each CPU: Ray's own 200 take many seconds, whatever is in them.
    groups = work.groupby(BUSINESS, num_partitions=max(2, cpus))
    decided = groups.map_groups(decide_groups, batch_format="pyarrow")
    return decided.map_batches(
        Finisher(job.kind, finish), batch_size=None, udf_modifying_row_count=True, **arrow
    )


class Answerer:
    """An actor: an open `AsyncTriage`, and its event loop, for block after block."""

    def __init__(self, job: RayJob, finish: Finish | None) -> None:
        self._ray_job, self._finish = job, finish
        self._triage = AsyncTriage(job.options)
        self._loop = asyncio.Runner()
        # The share of an actor is one CPU: the model runs in one thread, and one takes texts apart.
        self._job = Job(job.reading, job.labels_only, read_at_once=1)

    def __call__(self, block: Any) -> Any:
        """Return what is made of a block of forms."""
        rows = rows_of(block, self._ray_job.kind)
        if self._ray_job.kind != "jsonl":
            rows = Marking.of(self._ray_job.reading.columns).by_cells(rows)
        done = Block()
        self._loop.run(self._answer(rows, done))
        if self._finish:
            return self._finish(block, [values for _, values in done.answered])
        return _for_groups(block, done)

    async def _answer(self, rows: Iterable[Row], done: "Block") -> None:
        async with aclosing(answer_rows(rows, self._job, self._triage, done)) as tallies:
            async for _ in tallies:
                pass


class Block(Spool):
    """The answered rows of a block, in memory; their businesses decide elsewhere."""

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self.answered: list[tuple[str | None, Values]] = []

    def add(self, values: Values, group: str | None, place: int = 0) -> None:  # noqa: ARG002
        """Put one row's values at the end."""
        self.answered.append((group, values))


def _for_groups(block: Any, done: Block) -> Any:
    """Return a block with the business of each row, and what is known of both."""
    import pyarrow as pa

    parts = dict(done.groups)
    businesses, answers = [], []
    for place, (group, values) in enumerate(done.answered):
        own = {name: cell for name, cell in values.items() if name.startswith(OURS)}
        # A row of no business decided alone; it gets a group of its own.
        businesses.append(f"={group}" if group is not None else f"#{values[ROW]}.{place}")
        part = parts.pop(group, None) if group is not None else None  # once, with its first row
        answers.append(pickle.dumps((own, part)))
    return block.append_column(BUSINESS, pa.array(businesses)).append_column(
        ANSWERS, pa.array(answers, pa.binary())
    )


def decide_groups(rows: Any) -> Any:
    """Return the rows of one business with the recommendation that they have together."""
    import pyarrow as pa

    if NUMBER in rows.column_names:
        rows = rows.sort_by(NUMBER)
    answers = [pickle.loads(one) for one in rows.column(ANSWERS).to_pylist()]  # noqa: S301 (our own)
    business: Group | None = None
    for _, part in answers:
        if part is None:
            continue
        if business is None:
            business = part
        else:
            business.problems += part.problems
            business.profiles += part.profiles
            business.quizzes += part.quizzes
    more = business.columns() if business else {}
    whole = [pickle.dumps(own | more) for own, _ in answers]
    place = rows.column_names.index(ANSWERS)
    return rows.set_column(place, ANSWERS, pa.array(whole, pa.binary()))


@dataclass(frozen=True, slots=True)
class Finisher:
    """Makes the result of blocks whose businesses have decided."""

    kind: str
    finish: Finish

    def __call__(self, block: Any) -> Any:
        """Return what `finish` makes of a block."""
        if NUMBER in block.column_names:
            block = block.sort_by(NUMBER)
        answers = [pickle.loads(one) for one in block.column(ANSWERS).to_pylist()]  # noqa: S301
        block = block.drop_columns([BUSINESS, ANSWERS])
        rows = rows_of(block, self.kind)
        return self.finish(
            block, [row.values | own for row, own in zip(rows, answers, strict=True)]
        )


def ray_package() -> Any:
    """Return Ray with its data library, or raise `SettingsError` if it is not installed."""
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise SettingsError(
            "--ray needs Ray, which is not installed. Install it: pip install 'triage-agent[ray]'"
        ) from error
    return ray


def shared(options: Options) -> Options:
    """Return the options for all actors, with one account for what they spend together.

    Raises `SettingsError` for an LLM without a cache that all of them share.
    """
    asks = choose_backend(options).backend is not Backend.EMBEDDED
    if asks and not options.cache_address:
        raise SettingsError(
            "On Ray, an LLM needs a cache that all machines share: without it, each would pay for "
            "the same questions, and each would spend the whole of --max-cost. Give --cache "
            "postgresql://HOST/DATABASE."
        )
    if asks and options.split_by is SplitBy.MODEL:
        raise SettingsError(
            "--split-by model is for a batch on one machine: the parts of a batch on Ray do not "
            "say what became of each text. Leave it out, or leave out --ray."
        )
    key = options.api_key or os.environ.get("OPENAI_API_KEY")
    account = options.account or (f"ray {uuid4()}" if options.max_cost is not None else "")
    return replace(options, account=account, api_key=key)
