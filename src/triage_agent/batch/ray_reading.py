"""Forms by the readers of Ray Data: Parquet, CSV and JSON Lines, on disks and in object stores."""

import fnmatch
import glob
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from triage_agent.batch.ray_blocks import LINE, NUMBER, apart, rows_of
from triage_agent.errors import InputError, SettingsError
from triage_agent.tables import SAMPLE_ROWS, Table, TableOptions, name_columns

SUFFIXES = {".parquet": "parquet", ".csv": "csv", ".tsv": "tsv", ".tab": "tsv",
            ".jsonl": "jsonl", ".ndjson": "jsonl"}  # fmt: skip
READ_SHARE = 0.1  # of a CPU: what actors leave, so that what was lost can be read again
FIRST = {"csv": 2, "tsv": 2}  # the number of the first row: under the header


def find(forms: str) -> list[str]:
    """Return the files that a path or a pattern names, in order; a folder stands for its files."""
    if "://" not in forms:
        path = Path(forms)
        found = sorted(glob.glob(forms, recursive=True))  # noqa: PTH207 (a whole path as a pattern)
        if path.is_dir():
            found = sorted(str(one) for one in path.iterdir() if one.suffix in SUFFIXES)
        found = [str(Path(one).absolute()) for one in found]
    else:
        from pyarrow import fs

        files, place = fs.FileSystem.from_uri(forms.partition("*")[0].rpartition("/")[0])
        scheme, pattern = forms.partition("://")[0], forms.partition("://")[2]
        is_pattern = "*" in forms
        listed = files.get_file_info(fs.FileSelector(place, recursive="**" in forms))
        found = sorted(
            f"{scheme}://{one.path}"
            for one in listed
            if (fnmatch.fnmatch(one.path, pattern) if is_pattern else one.path == pattern)
        )
    if not found:
        raise InputError(f"No file matches {forms}. Check the path, and put a pattern in quotes.")
    return found


def kind_of(files: Sequence[str], options: TableOptions) -> str:
    """Return what all the files are; `SettingsError` for what Ray does not read here."""
    ends = {PurePosixPath(one).suffix.casefold() for one in files}
    kind = options.format or (SUFFIXES.get(next(iter(ends))) if len(ends) == 1 else None)
    if kind not in set(SUFFIXES.values()):
        raise SettingsError(
            "With --ray, the forms are Parquet, CSV, TSV or JSON Lines, all of one kind: name "
            "files that end in .parquet, .csv, .tsv or .jsonl, or say which they are with --format."
        )
    if options.sheet or options.header_row or options.header is False:
        raise SettingsError(
            "With --ray, the first row of a CSV names the columns: leave out --sheet, "
            "--header-row and --no-header."
        )
    return kind


def read(ray: Any, files: list[str], kind: str, options: TableOptions) -> Any:
    """Return the forms as a dataset, each cell of a CSV as the text that it is."""
    common = {"partitioning": None, "num_cpus": READ_SHARE}
    encoding = options.encoding or "utf-8"
    if kind == "parquet":
        return ray.data.read_parquet(files, **common)
    if kind == "jsonl":
        return ray.data.read_text(files, encoding=encoding, **common)
    from pyarrow import csv, string

    split = csv.ParseOptions(
        delimiter=options.delimiter or ("\t" if kind == "tsv" else ","), newlines_in_values=True
    )
    how = {"parse_options": split, "read_options": csv.ReadOptions(encoding=encoding), **common}
    names = ray.data.read_csv(files[:1], **how).schema().names
    texts = csv.ConvertOptions(column_types=dict.fromkeys(names, string()))
    return ray.data.read_csv(files, convert_options=texts, **how)


def look(block: Any, kind: str) -> tuple[int, tuple[str, ...]]:
    """Return how many rows a block has, and its columns beside the answers."""
    if kind != "jsonl":
        return len(block), tuple(map(apart, name_columns(block.column_names, "The table")[0]))
    rows = rows_of(block, kind)
    return len(block), tuple(dict.fromkeys(name for row in rows for name in row.values))


def part(block: Any, kind: str, start: int, stop: int, number: int) -> Any:
    """Return rows of a block with their numbers, from `number` on."""
    import pyarrow as pa

    rows = block.slice(start, stop - start)
    if kind != "jsonl":
        rows = rows.rename_columns([*name_columns(rows.column_names, "The table")[0]])
    else:
        rows = rows.select([LINE])
    numbers = pa.array(range(number, number + len(rows)), pa.int64())
    return rows.append_column(NUMBER, numbers)


def as_table(name: str, kind: str, columns: Sequence[str], first: Any) -> Table:
    """Return the first rows as a table that can be understood; it gives no others."""
    sample = tuple(rows_of(first, kind)[:SAMPLE_ROWS])
    return Table(
        name,
        kind,
        tuple(columns),
        None,
        None,
        None,
        (),
        (),
        sample,
        FIRST[kind] - 1 if kind in FIRST else None,
        (),
        (),
        False,
        lambda: iter(sample),
    )
