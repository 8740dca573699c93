"""Where a batch writes is checked before anything is read, asked or paid for."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from triage_agent.batch.in_batches import batches_path
from triage_agent.batch.mapping import check_mapping_output
from triage_agent.batch.page_names import INDEX
from triage_agent.batch.reviews import reviews_path
from triage_agent.batch.write_output import errors_path, run_path
from triage_agent.errors import SettingsError
from triage_agent.files import check_writable, is_folder
from triage_agent.reports import check_page
from triage_agent.tables import check_output


def check_paths(
    out: Path,
    inputs: Iterable[Path],
    *,
    mapping: Path | None = None,
    summary: Path | None = None,
    save_mapping: Path | None = None,
    pages: Path | None = None,
) -> None:
    """Raise `SettingsError` unless every output of a batch can be written, and is not an input.

    Two outputs may not be the same file. The `mapping` that is read may be saved again.
    """
    check_output(out)
    forms = [*inputs]
    inputs = [*forms, *([mapping] if mapping else [])]
    files = {
        "-o": out,
        "the errors beside OUT": errors_path(out),
        "the record of the run beside OUT": run_path(out),
        "the answers of a review beside OUT": reviews_path(out),
        "the batches of the provider beside OUT": batches_path(out),
        "--save-mapping": save_mapping,
        "--report": summary,
        "the index of --reports": pages / f"{INDEX}.html" if pages else None,
    }
    named = {option: path for option, path in files.items() if path is not None}
    for path in (out, errors_path(out), run_path(out), reviews_path(out), batches_path(out)):
        check_writable(path, inputs=inputs)
    if save_mapping:
        check_mapping_output(save_mapping)
        check_writable(save_mapping, inputs=forms)
    if summary:
        check_page(summary, inputs=inputs)
    if pages:
        _check_folder(pages)
        named["--reports"] = pages
    _check_apart(named)


def _check_folder(folder: Path) -> None:
    """Raise `SettingsError` unless a folder is there to be written to, or can be made."""
    there = folder.absolute()
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    if not is_folder(there):
        raise SettingsError(
            f"--reports {folder}: {there} is a file, and a folder is needed. Name another."
        )
    if not os.access(there, os.W_OK | os.X_OK):
        raise SettingsError(f"--reports {folder}: the folder {there} cannot be written to.")


def _check_apart(named: Mapping[str, Path]) -> None:
    """Raise `SettingsError` if two outputs are one file."""
    seen: dict[Path, str] = {}
    for option, path in named.items():
        place = path.resolve()
        if place in seen:
            raise SettingsError(
                f"{path} is named twice: by {seen[place]} and by {option}. One would be written "
                "over the other; name another file."
            )
        seen[place] = option
