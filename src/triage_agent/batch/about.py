"""How a batch was made: in its record, and in the words of the summary's last line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from triage_agent.batch.form import FormReading
from triage_agent.batch.tally import Tally
from triage_agent.models import OpenBackend
from triage_agent.settings import Backend, Choice, Options


def about(record: Mapping[str, Any], tally: Tally, forms: str, out: str) -> dict[str, str]:
    """Return what the summary says about a run; nothing in it differs from run to run.

    `record` is what OUT.run.json says about how the forms were answered.
    """
    facts = {
        "forms": forms,
        "rows": f"{tally.rows:,}",
        "rows with something unreadable": f"{tally.complaints:,}",
        "answers": out,
        "read by": f"{record['backend']}, {record['model']}",
    }
    if record.get("threshold") is not None:
        facts["threshold"] = f"{record['threshold']:g}"
    return facts | ({"prompt": record["prompt"]} if record.get("prompt") else {})


def record_of(
    forms: Path,
    pages: Mapping[str, object],
    options: Options,
    choice: Choice,
    opened: OpenBackend,
    reading: FormReading,
) -> dict[str, Any]:
    """Return what OUT.run.json says about how the forms are read and answered."""
    model = opened.model
    return {
        "forms": str(forms),
        "pages": pages,
        "reading": reading.model_dump(),  # so that `triage review` reads OUT in the same way
        "backend": model.backend,
        "model": model.name,
        "prompt": model.prompt,
        "base_url": choice.base_url,
        **opened.asked_with,
        "threshold": options.threshold,
        "review_below": opened.review_below(options.review_below),
        "calibration": opened.calibration.summary if opened.calibration else None,
        "prior": options.prior if choice.backend is not Backend.LLM else None,
        "cascade_threshold": opened.cascade_threshold,
    }


def spent_by(opened: OpenBackend, seconds: float) -> dict[str, Any]:
    """Return what OUT.run.json says about the cost and the time of the run."""
    spent = opened.spent_usd
    return {
        "remembered": opened.cached_answers,
        "spent_usd": str(spent) if spent is not None else None,
        "duration_s": round(seconds, 3),
    }
