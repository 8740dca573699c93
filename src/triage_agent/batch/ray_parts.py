"""OUT of many machines: a folder of parts, each whole or not there, and a manifest at the end."""

import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triage_agent.batch.form import OURS
from triage_agent.batch.output_columns import ROW, read_problems
from triage_agent.batch.ray_blocks import with_answers
from triage_agent.batch.tally import Tally
from triage_agent.errors import SettingsError
from triage_agent.files import atomic_writer
from triage_agent.tables import open_sheet

MANIFEST = "manifest.json"
FORMATS = (".parquet", ".csv", ".jsonl")


def format_of(out: str) -> str:
    """Return the ending of the parts of OUT, which is that of the folder's name.

    >>> format_of("answered"), format_of("s3://bucket/answered.csv/")
    ('.parquet', '.csv')
    """
    return next((end for end in FORMATS if out.rstrip("/").endswith(end)), FORMATS[0])


@dataclass(frozen=True, slots=True)
class Parts:
    """Writes each block as a file of its own; the same block gives the same file again.

    So a block that is done twice, because a worker was lost, stands in OUT once.
    """

    out: str  # a folder, or the address of one in an object store
    kind: str  # of the forms, as in `rows_of`
    own: tuple[str, ...]  # the columns of the forms
    added: tuple[str, ...]

    def __call__(self, block: Any, rows: Sequence[Mapping[str, Any]]) -> Any:
        """Write a part, and return a table of one row about it."""
        import numpy as np
        import pyarrow as pa

        numbers = np.array([row[ROW] for row in rows], dtype=np.int64)
        name = f"part-{numbers.min():010d}{format_of(self.out)}"
        more = [one for row in rows for one in row if one.startswith(OURS)]
        added = [*dict.fromkeys([*self.added, *more])]  # a cell of JSON may hold many problems
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            if path.suffix == ".parquet":
                from pyarrow import parquet

                table = with_answers(block, self.kind, rows, self.own, added)
                parquet.write_table(table, path)
            else:
                with open_sheet(path, [*self.own, *added]) as sheet:
                    for row in rows:
                        sheet.write(row)
            content = path.read_bytes()
        put(self.out, name, content)
        record = {"file": name, "bytes": len(content), **_counted(rows)}
        return pa.table({"record": [json.dumps(record)], "numbers": [numbers.tobytes()]})


def _counted(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the counts of a part, as the manifest has them."""
    tally, recommended = Tally(), Counter[str]()
    for row in rows:
        tally.count(read_problems(row))
        if said := row.get("triage_recommendation"):
            recommended[said] += 1
    return {
        "rows": len(rows),
        "problems": tally.problems,
        "errors": tally.errors,
        "to_look_at": tally.to_look_at,
        "labels": dict(tally.labels),
        "recommendations": dict(recommended),
    }


def put(out: str, name: str, content: bytes) -> None:
    """Write a file of OUT, which appears whole or not at all."""
    if "://" not in out:
        folder = Path(out)
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_writer(folder / name, durable=False) as file:
            file.write(content)
        return
    files, place = opened(out)
    with files.open_output_stream(f"{place}/{name}") as stream:  # a store has it when it is closed
        stream.write(content)


def opened(out: str) -> tuple[Any, str]:
    """Return the file system of OUT, and OUT's place in it."""
    import pyarrow as pa
    from pyarrow import fs

    try:
        files, place = fs.FileSystem.from_uri(out if "://" in out else str(Path(out).absolute()))
    except (pa.ArrowInvalid, OSError) as error:
        raise SettingsError(f"-o {out[:200]} cannot be written to: {error}") from error
    return files, place.rstrip("/")


def make_room(out: str) -> None:
    """Remove an earlier OUT, its manifest first; `SettingsError` if something else is there."""
    from pyarrow import fs

    files, place = opened(out)
    if files.get_file_info(place).type == fs.FileType.File:
        raise SettingsError(f"-o {out} is a file. With --ray, OUT is a folder of parts: name one.")
    there = files.get_file_info(fs.FileSelector(place, allow_not_found=True))
    names = sorted((one.base_name for one in there), key=lambda name: name != MANIFEST)
    others = [name for name in names if name != MANIFEST and not name.startswith("part-")]
    if others:
        raise SettingsError(
            f"-o {out} holds {others[0]!r}, which no batch wrote. Name another folder."
        )
    for name in names:
        files.delete_file(f"{place}/{name}")


def check_there(out: str, records: Sequence[Mapping[str, Any]]) -> None:
    """Raise `SettingsError` unless each part is where this machine looks for it."""
    from pyarrow import fs

    files, place = opened(out)
    found = {
        one.base_name: one.size
        for one in files.get_file_info(fs.FileSelector(place, allow_not_found=True))
    }
    missing = [one["file"] for one in records if found.get(one["file"]) != one["bytes"]]
    if missing:
        raise SettingsError(
            f"{len(missing)} parts of OUT, such as {missing[0]}, are not in {out} on this machine. "
            "The machines of the cluster must share that folder: name one that they do, or an "
            "object store."
        )
