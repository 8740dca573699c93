"""The tie-breaker for one problem: deterministic, and it reads signals, never text."""

from collections.abc import Sequence

from triage_agent.settings import DEFAULT_THRESHOLD
from triage_agent.types import DecidedBy, Label, Signals


def is_torn(
    p_build: float | None,
    signals: Signals,
    votes: Sequence[Label] = (),
    threshold: float = DEFAULT_THRESHOLD,
) -> bool:
    """Return whether a prediction is too close to call without the tie rules.

    Torn: the more likely label has a probability under `threshold`, or repeated votes split
    evenly, or the problem is genuinely both. A probability exactly at the threshold is not torn.

    >>> is_torn(0.64, Signals()), is_torn(0.65, Signals()), is_torn(0.35, Signals())
    (True, False, False)
    >>> is_torn(0.9, Signals(), votes=[Label.BUILD, Label.AUTOMATE])
    True
    """
    unsure = p_build is not None and max(p_build, 1 - p_build) < threshold
    split = bool(votes) and 2 * votes.count(Label.BUILD) == len(votes)
    return unsure or split or signals.mixed


def break_tie(signals: Signals) -> tuple[Label, DecidedBy]:
    """Return the label of a torn problem and the first rule that applied.

    >>> break_tie(Signals(customer_facing_software=True, existing_process=True))[1].value
    'TB1'
    >>> break_tie(Signals())
    (<Label.AUTOMATE: 'automate-process'>, <DecidedBy.TB4: 'TB4'>)
    """
    if signals.customer_facing_software:
        return Label.BUILD, DecidedBy.TB1
    if signals.engineering_leadership or signals.custom_system:
        return Label.BUILD, DecidedBy.TB2
    if signals.existing_process:
        return Label.AUTOMATE, DecidedBy.TB3
    return Label.AUTOMATE, DecidedBy.TB4
