"""The gate as tests, for those who live in pytest: the same figures as `triage eval --gate`.

    pytest -m gate

reads every fixed set with the embedded model (some two minutes on two cores), recomputes the
recorded runs of the shipped prompts from their rows, and has a subtest for each limit in
evals/gates.toml. It is left out of a plain `pytest`.
"""

import json
import os
import subprocess
import sys

import pytest

from triage_agent.evals.gate import load_gates
from triage_agent.files import folder
from triage_agent.models.llm.prompt import load_prompt

pytestmark = pytest.mark.gate


@pytest.fixture(scope="module")
def gate():
    """Return how the program ended, and what it measured."""
    command = [sys.executable, "-m", "triage_agent.cli.main", "eval", "--gate", "--json"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TRIAGE_", "OPENAI_"))}
    ended = subprocess.run(command, capture_output=True, env=environment, timeout=1800, check=False)
    assert ended.returncode in {0, 7}, ended.stderr.decode()
    return ended.returncode, json.loads(ended.stdout)


def test_every_limit_is_kept(gate, subtests):
    code, values = gate
    for one in values["gate"]:
        with subtests.test(one["name"]):
            assert one["holds"], one["words"]
    assert (code == 0) is all(one["holds"] for one in values["gate"])


def test_every_limit_of_the_embedded_model_and_every_shipped_prompt_was_checked(gate):
    _, values = gate
    checked = [one["name"] for one in values["gate"]]
    assert set(load_gates().embedded) <= set(checked)
    prompts = [load_prompt(str(path)).id for path in folder("prompts").glob("*.md")]
    assert len(prompts) >= 3
    assert [name for name in prompts if not any(one.startswith(name) for one in checked)] == []


def test_the_gate_has_read_every_set_and_2000_pairs(gate):
    _, values = gate
    assert set(values["settings"]["sets"]) >= {
        "problems",
        "attacks",
        "perturbations",
        "decisions",
        "ties",
        "businesses",
        "red-flags",
        "redaction",
        "splits",
    }
    assert values["attacks"]["pairs"] + values["perturbations"]["pairs"] == 2_000
    assert values["problems"]["in_scope"] >= 400
