"""The answers to a questionnaire about one hire, as a file holds them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from triage_agent.advice.hire_check import MEETINGS, OVER, HireAnswers, measured
from triage_agent.advice.red_flags import flags_about, load_red_flags
from triage_agent.advice.roles import Role
from triage_agent.errors import InputError
from triage_agent.files import read_bytes

SHARE = "meetings_share"
LONGEST = 40  # characters of a value in a message
FORM = f'{{flag: true, false or null, "{SHARE}": 0 to 1 (optional)}}'


def read_hire_answers(path: Path, role: Role) -> HireAnswers:
    """Return the answers of a JSON file, or raise `InputError` saying what is wrong in it."""
    try:
        values = json.loads(read_bytes(path).decode("utf-8-sig"), object_pairs_hook=_once)
    except OSError as error:
        raise InputError(
            f"The answers {path} cannot be read: {error.strerror}. Check the path."
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid JSON ({error}). It must hold {FORM}.") from error
    if not isinstance(values, dict) or not values:
        raise InputError(f"{path} holds no answers. It must hold {FORM}.")
    return as_answers(values, role, str(path))


def as_answers(values: Mapping[str, Any], role: Role, place: str) -> HireAnswers:
    """Return JSON values as answers about a person in this role.

    Raises `InputError`, beginning with `place`, on an unknown flag, on one about the other role,
    on a value of the wrong type, and where the share of meetings contradicts the answer.
    """
    share = values.get(SHARE)
    numeric = isinstance(share, int | float) and not isinstance(share, bool)
    if share is not None and not (numeric and 0 <= share <= 1):
        raise InputError(
            f"{place}: {SHARE} is {_short(share)}; it must be 0 to 1, like 0.6 for 60 %."
        )
    flags = {name: value for name, value in values.items() if name != SHARE}
    for name, value in flags.items():
        check_flag(name, role, place)
        if value is not None and not isinstance(value, bool):
            raise InputError(
                f"{place}: {name} is {_short(value)}; it must be true, false, or null for not sure."
            )
    answers = HireAnswers(flags, None if share is None else float(share))
    if (counted := measured(answers)) and flags.get(MEETINGS) not in {None, counted[MEETINGS]}:
        raise InputError(
            f"{place}: {MEETINGS} is {json.dumps(flags[MEETINGS])}, and {SHARE} is {share:g}; "
            f"over {OVER:g} means true. Correct one of them."
        )
    return answers


def check_flag(name: str, role: Role, place: str) -> None:
    """Raise `InputError`, beginning with `place`, unless a person in this role can raise a flag."""
    known = [flag.id for flag in flags_about(role)]
    if name in known:
        return
    other = name in {flag.id for flag in load_red_flags()}
    wrong = f"{name} is not about a {role}" if other else f"there is no flag {_short(name)}"
    raise InputError(f"{place}: {wrong}. For a {role} there are {', '.join(known)}.")


def _short(value: object) -> str:
    """Return a value as JSON, cut to the length of a message."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's values, or raise `ValueError` where a name occurs twice."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name stands twice")
    return values
