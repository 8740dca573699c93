"""What a person says about a problem takes the place of what a model said."""

from dataclasses import replace

from triage_agent.types import Abstention, Classification, DecidedBy, Label, Outcome


def decided_by_person(
    row: Classification, label: Label | None, rationale: str = ""
) -> Classification:
    """Return the row with the label that a person gave it; None: it is of neither kind.

    The model's rationale stays only with the model's label; else `rationale` takes its place.
    """
    because = None if label else row.abstained_because or Abstention.NEITHER
    return replace(
        row,
        outcome=Outcome.CLASSIFIED if label else Outcome.ABSTAINED,
        label=label,
        probability=None,
        probability_from=None,
        decided_by=DecidedBy.PERSON,
        abstained_because=because,
        review_reasons=(),
        rationale=row.rationale if row.label is label else rationale,
        error=None,
        holds_several=False,
    )
