"""`triage batch --ray`: from files of forms to a folder of parts, on one machine or many."""

import json
import logging
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from triage_agent.batch.coverage import coverage_note
from triage_agent.batch.ray import RayJob, answered, ray_package, shared
from triage_agent.batch.ray_parts import MANIFEST, Parts, check_there, format_of, make_room, put
from triage_agent.batch.ray_reading import FIRST, as_table, find, kind_of, look, part, read
from triage_agent.batch.request import BatchRequest, BatchResult
from triage_agent.batch.tally import to_look_at
from triage_agent.batch.understanding import keep_mapping, reading_of
from triage_agent.errors import InputError, SettingsError, TriageError
from triage_agent.intake import check_usd_rate, counted
from triage_agent.tables import SAMPLE_ROWS
from triage_agent.triage import AsyncTriage

LOCAL = "local"
PARTS_A_CPU = 8  # so that a lost block costs little, and no CPU waits long for the last one
FEWEST, MOST = 16, 2_048  # rows of a part


def run_on_ray(
    batch: BatchRequest, address: str, report: Callable[[str], None] = lambda _: None
) -> BatchResult:
    """Answer the forms on a Ray cluster, or on this machine (`LOCAL`), and write OUT.

    The forms are files whose names may be a pattern, OUT is a folder of parts and a manifest; both
    may lie in an object store. Errors are those of `run_batch`, and `InputError` for files that
    Ray cannot read. OUT has no manifest before all of it is there.
    """
    check_usd_rate(batch.usd_rate)
    _check(batch)
    forms, out = as_given(batch.forms), as_given(batch.out)
    place = out if "://" in out else os.path.abspath(out)  # noqa: PTH100 (`out` is an address)
    batch = replace(batch, options=shared(replace(batch.options, account=place)))
    files = find(forms)
    kind = kind_of(files, batch.table)
    ray = ray_package_for(address)
    with _open(ray, address):
        try:
            return _run(ray, batch, forms, place, files, kind, report)
        except ray.exceptions.RayError as error:
            raise _cause(error) from error


def as_given(path: Path) -> str:
    """Return a path as it was typed; that of an object store has lost a stroke on the way.

    >>> as_given(Path("s3://bucket/forms/*.parquet")), as_given(Path("forms/*.csv"))
    ('s3://bucket/forms/*.parquet', 'forms/*.csv')
    """
    return re.sub(r"^([a-z][a-z0-9+.-]+):/(?=[^/])", r"\1://", path.as_posix())


def _run(
    ray: Any,
    batch: BatchRequest,
    forms: str,
    place: str,
    files: list[str],
    kind: str,
    report: Callable[[str], None],
) -> BatchResult:
    """Answer the forms on a cluster that is open."""
    started = time.time()
    ray.data.DataContext.get_current().raise_original_map_exception = True  # for `_cause`
    refs, columns, rows = _numbered(ray, files, kind, batch)
    report(f"{counted(len(files), 'file')}, {counted(rows, 'row')}")
    first = _first(ray, refs)
    table = as_table(forms, kind, columns, first)
    wish = batch.wish()
    reading = reading_of(table, wish, report, labels_only=batch.labels_only)
    if silent := coverage_note(table, reading, rows):
        report(silent)
    if batch.save_mapping:
        keep_mapping(batch.save_mapping, wish, table, reading)
    triage = AsyncTriage(batch.options)  # what cannot be opened is known before anything is written
    opened = triage.backend
    with closing(_Closing(triage)):
        report(opened.line)
        make_room(place)
        job = RayJob(reading, kind, batch.labels_only, batch.options)
        parts = Parts(place, kind, tuple(columns), job.added)
        dataset = ray.data.from_arrow_refs(refs)
        records = answered(ray, dataset, job, parts, is_read=True).take_all()
        done = _checked(records, rows, FIRST.get(kind, 1))
        check_there(place, done)
        spent = opened.spent_usd
        totals = _totals(done)
        manifest = {
            "triage_agent": version("triage-agent"),
            "forms": forms,
            "files": files,
            "format": format_of(place).removeprefix("."),
            "rows": rows,
            **totals,
            "columns": [*columns, *job.added],
            "reading": reading.model_dump(),
            "backend": opened.model.backend,
            "model": opened.model.name,
            "prompt": opened.model.prompt,
            "threshold": batch.options.threshold,
            "spent_usd": str(spent) if spent is not None else None,
            "duration_s": round(time.time() - started, 3),
            "parts": done,
        }
    put(place, MANIFEST, (json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode())
    report(f"{counted(rows, 'row')} answered; {to_look_at(totals['to_look_at'])}")
    report(f"written: {place}, {counted(len(done), 'part')} and {MANIFEST}")
    return BatchResult(totals["errors"])


def _check(batch: BatchRequest) -> None:
    """Raise `SettingsError` for what only a run on one machine can do."""
    wanted = {
        "--dry-run": batch.dry_run,
        "--retry-errors": batch.retry_errors,
        "--previous": batch.previous,
        "--reports": batch.pages.folder,
        "--report": batch.pages.summary,
        "--batch-api": batch.in_batches,
    }
    if given := [option for option, value in wanted.items() if value]:
        raise SettingsError(
            f"{given[0]} is for a batch on one machine. Leave it out, or leave out --ray."
        )
    if batch.max_problems is not None and batch.max_problems < 1:
        raise SettingsError(f"--max-problems must be at least 1, not {batch.max_problems}.")


def ray_package_for(address: str) -> Any:
    """Return Ray; for this machine alone it listens on loopback, and nowhere else."""
    if address == LOCAL:
        # Ray's switch for systems without clusters: its servers then use the loopback address.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what ends a run is raised
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    return ray_package()


@contextmanager
def _open(ray: Any, address: str) -> Iterator[None]:
    """Connect to a cluster, or start one on this machine; one that is connected stays so."""
    if ray.is_initialized():
        yield
        return
    how = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": True}
    if address == LOCAL:
        cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
        how |= {"num_cpus": cpus, "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
        # Workers get this program's priority: at Ray's own, 15 steps less, others starve them.
        how["_system_config"] = {"worker_niceness": 0}
    try:
        ray.init(address=address, **how)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise SettingsError(
            f"There is no Ray cluster at {address[:100]}: {str(error)[:200]}. Give --ray "
            "the address of one, as ray://HOST:10001 or HOST:6379, or local."
        ) from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    try:
        yield
    finally:
        ray.shutdown()


def _numbered(
    ray: Any, files: list[str], kind: str, batch: BatchRequest
) -> tuple[list[Any], list[str], int]:
    """Return blocks of numbered rows, the columns of all of them, and how many rows there are.

    The rows are read before any is answered: their numbers are those before them, counted.
    """
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    try:
        found = read(ray, files, kind, batch.table).materialize()
    except TriageError:
        raise
    except (OSError, ValueError, ray.exceptions.RayError) as error:
        raise InputError(f"The forms cannot be read: {_last_line(error)}") from error
    blocks = found.to_arrow_refs()
    looked = ray.get([ray.remote(num_cpus=0)(look).remote(block, kind) for block in blocks])
    columns = [*dict.fromkeys(name for _, names in looked for name in names)]
    rows = sum(count for count, _ in looked)
    if not rows:
        raise InputError("The files hold no rows. Give a row for each form.")
    cpus = int(ray.cluster_resources().get("CPU", 1))
    size = min(max(rows // (PARTS_A_CPU * cpus), FEWEST), MOST)
    cut = ray.remote(num_cpus=0)(part)
    refs, number = [], FIRST.get(kind, 1)
    for block, (count, _) in zip(blocks, looked, strict=True):
        for start in range(0, count, size):
            stop = min(start + size, count)
            refs.append(cut.remote(block, kind, start, stop, number))
            number += stop - start
    return refs, columns, rows


def _first(ray: Any, refs: Sequence[Any]) -> Any:
    """Return the first rows as one block."""
    import pyarrow as pa

    taken: list[Any] = []
    for ref in refs:
        taken.append(ray.get(ref))
        if sum(map(len, taken)) >= SAMPLE_ROWS:
            break
    return pa.concat_tables(taken, promote_options="permissive")


def _checked(records: Sequence[Any], rows: int, first: int) -> list[dict[str, Any]]:
    """Return what the parts say of themselves; each row must stand in one of them, once."""
    import numpy as np

    numbers = np.sort(np.concatenate([np.frombuffer(one["numbers"], np.int64) for one in records]))
    if not np.array_equal(numbers, np.arange(first, first + rows)):
        raise SettingsError(
            f"{counted(rows, 'row')} went in, {len(numbers):,} came out, and "
            f"{len(np.unique(numbers)):,} of these are different: OUT has no manifest, and is not "
            "to be used. Run the same command again, and report this if it happens twice."
        )
    return sorted((json.loads(one["record"]) for one in records), key=lambda one: one["file"])


def _totals(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the sums over the parts."""
    totals: dict[str, Any] = {}
    for name in ("problems", "errors", "to_look_at"):
        totals[name] = sum(one[name] for one in parts)
    for name in ("labels", "recommendations"):
        totals[name] = dict(sum((Counter(one[name]) for one in parts), Counter()))
    return totals


def _cause(error: Exception) -> TriageError:
    """Return our own error that ended a worker's task, else one about Ray's."""
    cause: BaseException | None = getattr(error, "cause", None)
    while cause is not None:
        if isinstance(cause, TriageError):
            return cause
        cause = getattr(cause, "cause", None) or cause.__cause__
    return SettingsError(f"Ray could not finish the batch: {_last_line(error)}")


def _last_line(error: Exception) -> str:
    """Return the end of an error, which is where Ray says what it was."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__


class _Closing:
    """Closes a backend that was opened to ask it about itself."""

    def __init__(self, triage: AsyncTriage) -> None:
        self._triage = triage

    def close(self) -> None:
        """Close it, in an event loop of its own."""
        import asyncio

        asyncio.run(self._triage.aclose())
