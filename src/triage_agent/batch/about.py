"""How a batch was made, in the words of the summary's last line."""

from collections.abc import Mapping
from typing import Any

from triage_agent.batch.tally import Tally


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
