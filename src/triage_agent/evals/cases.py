"""The eval sets as values: problems, decisions, businesses, attacks, perturbations."""

import hashlib
import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from triage_agent.advice import Profile, Recommendation, Rule
from triage_agent.errors import InputError
from triage_agent.evals.manifest import checked
from triage_agent.files import LARGEST_RECORD, Strict, explain, read_bytes
from triage_agent.intake import UNKNOWN_REVENUE, counted, parse_revenue
from triage_agent.tables import Row, open_table
from triage_agent.types import Abstention, DecidedBy, Label, Outcome

MOST_CASES = 100_000
MOST_VALUES = 10  # unknown labels that a message lists
LONGEST_VALUE = 40  # characters of one that it shows
# What a label in a user's file stands for; None: abstaining is right.
LABELS: Mapping[str, Label | None] = {
    **{label.value: label for label in Label},
    **dict.fromkeys(("", "none", "null")),
}
SLICES = ("difficulty", "voice", "function", "language", "mixed")


class Case(BaseModel):
    """One problem with its true label; None: abstaining is right.

    What describes it (difficulty, voice, function, language, mixed) may be missing in a user's
    own set; unknown keys are ignored.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    text: str = Field(min_length=1)
    label: Label | None
    difficulty: str = ""
    voice: str = ""
    function: str = ""
    language: str = "en"
    mixed: bool = False

    @property
    def slices(self) -> dict[str, str]:
        """The slices that the case belongs to; in scope and not English is one of its own."""
        values = {name: str(getattr(self, name)).casefold() for name in SLICES}
        return {name: value for name, value in values.items() if value}

    @property
    def counted(self) -> bool:
        """Whether the case belongs to the headline: other languages are reported apart."""
        return self.language.casefold() == "en" or self.label is None


OpenFact = Literal["not_given", "revenue", "sells_software"]  # as in `Doubts`
OPEN_FACTS = get_args(OpenFact)


class Expected(Strict):
    """What a business's decision must be."""

    recommendation: Recommendation
    rule: Rule
    provisional: bool
    provisional_because: tuple[int, ...] | None = None  # places of problems; None: not stated
    open_facts: tuple[OpenFact, ...] = ()  # what else could change it; read with the line above


class GivenProblem(Strict):
    """A problem whose answer is given."""

    label: Label | None
    outcome: Outcome
    needs_review: bool = False
    abstained_because: Abstention | None = None  # None: too vague, if it abstained
    holds_several: bool = False


class BusinessFields(Strict):
    """The fields of every case about a business."""

    id: str
    revenue: str | None
    sells_software: bool | None
    quiz: dict[str, int] | None
    expected: Expected
    reason: str

    @property
    def profile(self) -> Profile:
        """The business's profile."""
        revenue = parse_revenue(self.revenue) if self.revenue else UNKNOWN_REVENUE
        return Profile(revenue, self.sells_software)


class DecisionCase(BusinessFields):
    """A business with given answers, and the decision that the rules demand."""

    problems: tuple[GivenProblem, ...]


class BusinessCase(BusinessFields):
    """A business in its own words, the true labels, and the decision that follows from them."""

    problems: tuple[str, ...]
    labels: tuple[Label | None, ...]


class TieCase(Strict):
    """The signals of an uncertain model, and what the tie-breaker must return."""

    id: str
    signals: tuple[str, ...]  # those that are true
    label: Label
    rule: DecidedBy


class Attack(Strict):
    """Words around a problem that try to make the reader choose a label."""

    id: str
    kind: str
    wants: Label
    text: str = Field(pattern=r"\{problem\}")
    reason: str


class Perturbation(Strict):
    """Another way to say a problem (`of`), or words around any problem; the label must stay."""

    id: str
    kind: str
    of: str | None = None
    text: str


C = TypeVar("C", bound=BaseModel)


def load_set(name: str, kind: type[C]) -> list[C]:
    """Return a fixed set of the package, after its checksum was compared."""
    path, _ = checked(name)
    return [case for _, case in read_lines(path, kind)]


def load_problems() -> list[Case]:
    """Return the fixed problems."""
    return load_set("problems.jsonl", Case)


def read_cases(path: Path, labels: Mapping[str, Label | None] | None = None) -> list[Case]:
    """Return a user's own cases: a CSV, JSON Lines or XLSX file with `text` and `label`.

    An empty label, or `none`, says that abstaining is right; `labels` says what other values
    stand for, in any case of letters. `InputError` names the row, and all labels that are not
    known. The cases are held in memory, so there may be at most `MOST_CASES`.
    """
    known = {**LABELS, **{name.strip().casefold(): one for name, one in (labels or {}).items()}}
    cases: dict[str, Case] = {}
    unknown: Counter[str] = Counter()
    first = size = 0
    for row in open_table(path).rows():
        cells = _cells(path, row)
        label = cells["label"].strip()
        if label.casefold() not in known:
            first = first or row.number
            unknown[label[:LONGEST_VALUE]] += 1
            if len(unknown) <= MOST_VALUES:
                continue
            break
        case = _case(path, row, cells, known[label.casefold()])
        size += len(case.text)
        if len(cases) == MOST_CASES or size > LARGEST_RECORD:
            raise InputError(
                f"{path} holds more than {MOST_CASES:,} cases or {LARGEST_RECORD / 1e6:g} MB of "
                f"text, the limit (row {row.number:,}). Take a sample of it."
            )
        if case.id in cases:
            raise InputError(f"{path}, row {row.number}: the id {case.id!r} was there before.")
        cases[case.id] = case
    if unknown:
        raise _unknown_labels(path, first, unknown)
    if not cases:
        raise InputError(f"{path} holds no cases. It needs rows with `text` and `label`.")
    return list(cases.values())


def stratified(cases: Sequence[Case], limit: int | None) -> list[Case]:
    """Return `limit` cases, the same ones every time, in proportion to label and difficulty.

    >>> some = [Case(id=str(n), text="t", label=Label.BUILD if n % 2 else None) for n in range(10)]
    >>> [case.label for case in stratified(some, 4)].count(None)
    2
    """
    if limit is None or limit >= len(cases):
        return list(cases)
    strata: dict[tuple[str, str, str], list[Case]] = {}
    for case in sorted(cases, key=lambda c: hashlib.sha256(c.id.encode()).digest()):
        key = (str(case.label), case.difficulty, "" if case.counted else case.language)
        strata.setdefault(key, []).append(case)
    # The place of a case in its stratum, as a share: taking the lowest shares is proportional.
    ranked = [
        ((place + 0.5) / len(stratum), key, case)
        for key, stratum in strata.items()
        for place, case in enumerate(stratum)
    ]
    chosen = {case.id for _, _, case in sorted(ranked, key=lambda r: r[:2])[:limit]}
    return [case for case in cases if case.id in chosen]


def _cells(path: Path, row: Row) -> Mapping[str, str]:
    """Return the cells of a row by the names of their columns, `text` and `label` among them."""
    if row.complaint:  # a label in a wrong column would pass for "abstaining is right"
        raise InputError(f"{path}, row {row.number} {row.complaint}. Correct it.")
    cells = {
        str(key).strip().casefold(): "" if cell is None else str(cell)
        for key, cell in row.values.items()
    }
    if missing := {"text", "label"} - cells.keys():
        raise InputError(
            f"{path}, row {row.number} has no `{max(missing)}`. Every row needs `text` and `label`."
        )
    return cells


def _case(path: Path, row: Row, cells: Mapping[str, str], label: Label | None) -> Case:
    """Return the case in one row of a table."""
    known: dict[str, Any] = {
        "id": cells.get("id") or str(row.number),
        "text": cells["text"] if cells["text"].strip() else "",
        "label": label,
        "mixed": cells.get("mixed", "").strip().casefold() in {"true", "1", "yes"},
        "language": cells.get("language", "").strip() or "en",
    }
    known |= {name: cells.get(name, "").strip() for name in ("difficulty", "voice", "function")}
    try:
        return Case.model_validate(known)
    except ValidationError as error:
        raise InputError(
            f"{path}, row {row.number}: {explain(error)}. `text` must not be empty."
        ) from error


def _unknown_labels(path: Path, first: int, unknown: Counter[str]) -> InputError:
    """Return the error about labels that are not known, which lists them and the option to use."""
    found = [
        f"{value!r} ({counted(count, 'row')})"
        for value, count in list(unknown.items())[:MOST_VALUES]
    ]
    more = " and more" if len(unknown) > MOST_VALUES else ""
    example = shlex.quote(f"{next(iter(unknown))}={Label.AUTOMATE.value}")
    return InputError(
        f"{path}, row {first}: label: not one of build-software, automate-process and none. Not "
        f"known are {', '.join(found)}{more}. Say what each of them stands for, for example "
        f"--label {example}."
    )


def read_lines(path: Path, kind: type[C]) -> Iterator[tuple[int, C]]:
    """Yield the values of a JSON Lines file with their line numbers; `InputError` names a line."""
    try:
        text = read_bytes(path, LARGEST_RECORD).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read ({why}). Check the path.") from error
    # Not splitlines: a text may hold U+2028, at which that breaks the line too.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, kind.model_validate(json.loads(line))
        except (ValueError, RecursionError) as error:
            problem = explain(error) if isinstance(error, ValidationError) else str(error)
            raise InputError(f"{path}, line {number}: {problem}. Correct it.") from error
