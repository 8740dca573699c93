"""One evaluated case: what was expected, and what came out."""

from dataclasses import dataclass, field
from typing import Any

from triage_agent.types import Classification, DecidedBy, Label, Outcome, Usage


@dataclass(frozen=True, slots=True)
class EvalRow:
    """The result of one case; errors and abstentions are rows like any other."""

    id: str
    expected: Label | None  # None: abstaining is right
    outcome: Outcome
    label: Label | None = None  # None unless the outcome is `classified`
    p_build: float | None = None  # the backend's, before any tie rule
    probability: float | None = None  # that `label` is right; None: not known
    decided_by: DecidedBy | None = None
    abstained_because: str | None = None
    needs_review: bool = False
    error: str | None = None  # its type
    p_in_scope: float | None = None  # that the problem is in scope; None: the backend gives none
    slices: dict[str, str] = field(default_factory=dict)  # difficulty, voice, function and so on
    repeat: int = 0
    usage: Usage = field(default_factory=Usage)  # what it cost this time
    cached: bool = False  # answered from the cache
    duration_s: float = 0.0

    @property
    def in_scope(self) -> bool:
        """Whether the case has a true label."""
        return self.expected is not None

    @property
    def right(self) -> bool:
        """Whether the outcome is the expected one: the label, or an abstention."""
        if self.expected is None:
            return self.outcome is Outcome.ABSTAINED
        return self.label is self.expected

    @property
    def model_label(self) -> Label | None:
        """The label without the tie-breaker; None if nothing was answered."""
        if self.label is None or self.p_build is None:
            return self.label
        return Label.BUILD if self.p_build >= 0.5 else Label.AUTOMATE


def row_from_classification(
    row: Classification,
    expected: Label | None,
    slices: dict[str, str],
    *,
    repeat: int = 0,
    cached: bool = False,
) -> EvalRow:
    """Return the evaluated row of a classification."""
    return EvalRow(
        id=row.id,
        expected=expected,
        outcome=row.outcome,
        label=row.label,
        p_build=row.p_build,
        probability=row.probability,
        decided_by=row.decided_by,
        abstained_because=row.abstained_because.value if row.abstained_because else None,
        needs_review=row.needs_review,
        error=row.error.type if row.error else None,
        p_in_scope=row.p_in_scope,
        slices=slices,
        repeat=repeat,
        usage=row.usage,
        cached=cached,
        duration_s=round(row.duration_s, 4),
    )


def row_from_values(values: dict[str, Any]) -> EvalRow:
    """Return the row that `asdict` made values of; `ValueError` or `TypeError` for others.

    >>> from dataclasses import asdict
    >>> row = EvalRow("a", Label.BUILD, Outcome.CLASSIFIED, Label.BUILD, usage=Usage(1, 2, 3))
    >>> row_from_values(asdict(row)) == row
    True
    """
    known = dict(values)
    for name, kind in (("expected", Label), ("label", Label), ("decided_by", DecidedBy)):
        if known.get(name) is not None:
            known[name] = kind(known[name])
    known["outcome"] = Outcome(known["outcome"])
    known["usage"] = Usage(**known["usage"]) if "usage" in known else Usage()
    return EvalRow(**known)
