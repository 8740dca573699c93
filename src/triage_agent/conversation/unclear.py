"""What kind of work a problem is, as a person says where a model could not tell, or was wrong."""

from dataclasses import replace

from triage_agent.classify import decided_by_person
from triage_agent.conversation.question import NOT_SURE
from triage_agent.types import Abstention, Classification, Label

NEITHER = "neither"
LABEL_OF = {  # of each answer but "not sure", which changes nothing; None: of neither kind
    "customer_facing_software": Label.BUILD,
    "engineering_leadership": Label.BUILD,
    "existing_process": Label.AUTOMATE,
    **{label.value: label for label in Label},  # how an adviser says it
    NEITHER: None,
}


def is_unclear(row: Classification) -> bool:
    """Return whether the owner is asked about a problem: it has no label, or is doubtful."""
    return row.error is None and (row.label is None or row.needs_review)


def likely_answer(row: Classification) -> str:
    """Return the answer about an unclear problem that the program itself believes in.

    A label that needs review is not believed in; whoever confirms it has to choose it.
    """
    return NEITHER if row.abstained_because is Abstention.NEITHER else NOT_SURE


def as_answered(row: Classification, answer: str | None, note: str = "") -> Classification:
    """Return a row as a person's answer about it has it; None: nobody gave one.

    A `note` takes the place of the model's rationale where the person says something else.
    """
    if answer not in LABEL_OF:
        return row
    said = decided_by_person(row, LABEL_OF[answer], note)
    return said if said.label else replace(said, abstained_because=Abstention.NEITHER)
