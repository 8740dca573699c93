"""A mapping: how the exports of one form are read, in a file to keep (`--save-mapping`).

It names columns and says how the table is read. It never sets a backend, a model or an address:
it may have come from somebody else.
"""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, RootModel, ValidationError

from triage_agent.batch.column_names import find_column, listed, typed_value
from triage_agent.batch.column_words import plain
from triage_agent.batch.input_columns import Columns
from triage_agent.errors import InputError, SettingsError
from triage_agent.files import Strict, explain, load_toml, write_text
from triage_agent.settings import settings_of_options
from triage_agent.tables import TableOptions

TABLE_OPTIONS = tuple(one.name for one in fields(TableOptions))


class FormMapping(Strict):
    """What a mapping file says; its keys are those options of `triage batch`.

    `columns` are all that the table had when it was saved, so that a change can be shown.
    """

    mapping_version: Literal[1]
    problem_column: Annotated[
        tuple[str, ...],
        BeforeValidator(lambda given: (given,) if isinstance(given, str) else given),
        Field(min_length=1),
    ]
    id_column: str | None = None
    company_column: str | None = None
    revenue_column: str | None = None
    software_column: str | None = None
    group_by: str | None = None
    quiz_column: dict[str, str] = Field(default_factory=dict)  # dimension id: column
    split: bool | None = None
    max_problems: int | None = Field(default=None, ge=1)
    usd_rate: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    quiz_scale: Literal["0-3", "1-4"] | None = None
    revenue_unit: str | None = None
    columns: tuple[str, ...] = ()
    table: TableOptions = Field(default_factory=TableOptions)

    def mapped(self) -> Columns:
        """Return the columns that it names."""
        return Columns(
            self.problem_column,
            self.id_column,
            self.revenue_column,
            self.software_column,
            self.quiz_column,
            self.group_by,
            self.company_column,
            software_chosen=self.software_column is not None,
        )

    def table_options(self, given: TableOptions) -> TableOptions:
        """Return how to read the table: as the user gave it, else as the mapping says."""
        kept = asdict(self.table)
        return TableOptions(
            **{name: kept[name] if one is None else one for name, one in asdict(given).items()}
        )


def load_mapping(path: Path) -> FormMapping:
    """Return a mapping file, or raise `SettingsError` naming the key that does not fit."""
    if not path.exists():
        raise SettingsError(
            f"There is no mapping {path}. Check the path, or save one while an export is read: "
            f"--save-mapping {_typed_path(path)}."
        )
    values = load_toml(path, RootModel[dict[str, Any]]).root
    for place, names, allowed in (
        ("", values, FormMapping.model_fields),
        ("table.", values.get("table") if isinstance(values.get("table"), dict) else {},
         TABLE_OPTIONS),
    ):  # fmt: skip
        for name in names or ():
            if name in settings_of_options():
                raise SettingsError(
                    f"{path}: a mapping may not set {place + name!r}, which decides where text "
                    "goes, what it costs or how it is judged. Remove it from the file, and give "
                    "it on the command line."
                )
            if name not in allowed:
                near = difflib.get_close_matches(name, list(allowed), n=1)
                hint = f"Did you mean {place + near[0]!r}?" if near else "Remove it."
                raise SettingsError(f"{path}: a mapping has no {place + name!r}. {hint}")
    try:
        return FormMapping.model_validate(values)
    except ValidationError as error:
        raise SettingsError(
            f"{path} is not a mapping that can be read: {explain(error)}. Correct it, or make it "
            "anew with --save-mapping."
        ) from error


def merge_columns(named: Columns, mapping: FormMapping) -> Columns:
    """Return the columns that the user named, and for the others those of the mapping."""
    mapped = mapping.mapped()
    return Columns(
        named.problems or mapped.problems,
        named.id or mapped.id,
        named.revenue or mapped.revenue,
        named.sells_software or mapped.sells_software,
        {**mapped.quiz, **named.quiz},
        named.group_by or mapped.group_by,
        named.company or mapped.company,
    )


def check_fit(
    mapping: FormMapping, path: Path, named: Columns, columns: Sequence[str], table: str
) -> tuple[str, ...]:
    """Return sentences about what a mapping does not know of a table that it fits.

    Raises `InputError` that shows the difference if a column is gone that the mapping reads and
    the user has not `named` instead.
    """
    new = [one for one in columns if one not in mapping.columns]
    wanted = [*_wanted(mapping, named)]
    gone = [(option, name) for option, name in wanted if not _is_there(name, columns)]
    if not gone:
        if not new or not mapping.columns:
            return ()
        return (f"New since {path.name} was saved, and not read: {listed(new, columns, 3)}.",)
    renamed = {name: _renamed(name, new) for _, name in gone}
    told = "; ".join(
        f"{name[:60]!r} is gone" + (f", perhaps it is now {listed([now], columns)}" if now else "")
        for name, now in renamed.items()
    )
    message = f"{table} no longer fits {path.name}: {told}."
    if new:
        message += f" New in the table: {listed(new, columns, 5)}."
    raise InputError(f"{message} {_way_out(gone, wanted, renamed, columns, path)}")


def save_mapping(
    path: Path,
    columns: Columns,
    all_columns: Sequence[str],
    options: TableOptions,
    *,
    split: bool,
    max_problems: int | None,
    usd_rate: float | None,
    quiz_scale: str | None,
    revenue_unit: str | None = None,
) -> None:
    """Write a mapping file; `options` are those that the next table needs too."""
    values: dict[str, Any] = {
        "mapping_version": 1,
        "problem_column": list(columns.problems),
        "id_column": columns.id,
        "company_column": columns.company,
        "revenue_column": columns.revenue,
        "software_column": columns.sells_software,
        "group_by": columns.group_by,
        "split": None if split else False,
        "max_problems": max_problems,
        "usd_rate": usd_rate,
        "quiz_scale": quiz_scale,
        "revenue_unit": revenue_unit,
        "columns": list(all_columns),
    }
    lines = [
        "# How `triage batch` reads the exports of one form; use it with --mapping.",
        *_toml(values),
    ]
    for name, table in (
        ("quiz_column", dict(columns.quiz)),
        ("table", asdict(options)),
    ):
        if inner := [*_toml(table)]:
            lines += ["", f"[{name}]", *inner]
    write_text(path, "\n".join(lines) + "\n")


def check_mapping_output(path: Path) -> None:
    """Raise `SettingsError` if a mapping would be written over what is not one."""
    if path.suffix.casefold() != ".toml":
        raise SettingsError(
            f"--save-mapping writes TOML: name a file that ends in .toml, not {path}."
        )
    if path.is_file():
        try:
            load_mapping(path)
        except SettingsError as error:
            raise SettingsError(
                f"{path} is there, and is not a mapping. Name another file with --save-mapping."
            ) from error


def _toml(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the values that are set as lines of TOML, whose strings can be written as JSON's."""
    for name, value in values.items():
        if isinstance(value, list) and len(value) > 1:
            yield f"{name} = ["
            yield from (f"  {_value(one)}," for one in value)
            yield "]"
        elif value is not None:
            yield f"{name} = {_value(value)}"


def _value(value: object) -> str:
    """Return a text, a number, a truth or a list of one as TOML has it."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _wanted(mapping: FormMapping, named: Columns) -> Iterator[tuple[str, str]]:
    """Yield the option and the name of each column that the mapping, and not the user, names."""
    mapped = mapping.mapped()
    if not named.problems:
        yield from (("--problem-column", one) for one in mapped.problems)
    for option, mine, theirs in (
        ("--id-column", named.id, mapped.id),
        ("--company-column", named.company, mapped.company),
        ("--revenue-column", named.revenue, mapped.revenue),
        ("--software-column", named.sells_software, mapped.sells_software),
        ("--group-by", named.group_by, mapped.group_by),
    ):
        if theirs and not mine:
            yield option, theirs
    for dimension, one in mapped.quiz.items():
        if dimension not in named.quiz:
            yield f"--quiz-column {dimension}=", one


def _is_there(name: str, columns: Sequence[str]) -> bool:
    """Return whether a table has a column of this name; a place is not a name here."""
    try:
        return plain(find_column(name, columns, "")) == plain(name)
    except InputError:
        return False


def _renamed(name: str, new: Sequence[str]) -> str | None:
    """Return what a column that is gone has probably become; None: no new one is near."""
    by_plain = {plain(one): one for one in new}
    if close := difflib.get_close_matches(plain(name), by_plain, n=1, cutoff=0.5):
        return by_plain[close[0]]
    return next((one for one in new if plain(name) in plain(one)), None)


def _typed_path(path: Path) -> str:
    """Return a path as it can be typed."""
    return f'"{path}"' if any(sign in str(path) for sign in " ()&;'") else str(path)


def _way_out(
    gone: Sequence[tuple[str, str]],
    wanted: Sequence[tuple[str, str]],
    renamed: Mapping[str, str | None],
    columns: Sequence[str],
    path: Path,
) -> str:
    """Return what to add to the command, or how to mend the mapping."""
    touched = dict.fromkeys(option for option, _ in gone)
    given: list[str] = []
    for option, name in wanted:
        now = renamed.get(name, name)
        if option in touched and now:
            value = typed_value(now, columns)
            given.append(f"{option}{'' if option.endswith('=') else ' '}{value}")
    remove = [name for name, now in renamed.items() if not now]
    ways = []
    if given:
        ways.append(f"If so, add {' '.join(given)} --save-mapping {_typed_path(path)}.")
    if remove:
        option = next(option for option, name in gone if name == remove[0])
        free = "=COLUMN" if option.endswith("=") else " COLUMN"
        ways.append(
            f"For {remove[0][:60]!r}, take it out of {path.name}, or name another with "
            f"{option.removesuffix('=')}{free}."
        )
    return " ".join(ways)
