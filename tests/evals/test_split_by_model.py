"""`triage eval --set splits` with a language model that takes apart what the rules cannot."""

import json

import pytest

from support.desk import serving
from support.splitting import DOUBTFUL, PARTS, replying, splits
from triage_agent.evals import EvalRequest, evaluate
from triage_agent.settings import Options, SplitBy

CASES = [
    {"text": DOUBTFUL, "problems": PARTS},
    {
        "text": "1. Leads get lost\n2. Stock is wrong",
        "problems": ["Leads get lost", "Stock is wrong"],
    },
]


@pytest.fixture
def cases(tmp_path, monkeypatch):
    rest = {
        "half": "open",
        "from": "paste",
        "kind": "speech",
        "context": [],
        "furniture": [],
        "holds_several": False,
        "why": "",
        "readers_agree": True,
    }
    lines = [json.dumps({"id": str(n), **rest, **one}) for n, one in enumerate(CASES)]
    path = tmp_path / "splits.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setattr("triage_agent.evals.evaluation.checked", lambda _: (path, 1))


@pytest.mark.parametrize(
    ("split_by", "exact", "asked"), [(SplitBy.RULES, 1, []), (SplitBy.MODEL, 2, [DOUBTFUL])]
)
def test_the_splits_of_the_model_are_measured_where_it_is_asked(
    split_by, exact, asked, cases, tmp_path
):
    with serving(**replying(PARTS)) as server:
        options = Options(
            model="test-model",
            base_url=server.base_url,
            cache=tmp_path / "cache.sqlite3",
            split_by=split_by,
        )
        request = EvalRequest(("splits",), None, False, None, 1, 0.3, None, options=options)
        result = evaluate(request, lambda *_: lambda _: None, lambda _: None)
        assert splits(server) == asked
    assert (result.run.splits.exact.right, result.run.splits.exact.total) == (exact, 2)
    assert ("split_by" in result.run.settings) is (split_by is SplitBy.MODEL)
