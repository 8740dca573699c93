"""`triage batch --split-by model` over real HTTP: cells that the rules doubt are taken apart."""

import json
from decimal import Decimal

import pytest

from support.desk import PRICE, PRICES, Desk, honest, kill_after, serving
from support.openai_server import Fault, completion
from support.splitting import DOUBTFUL, PARTS, is_split, replying, splits

BY_MODEL = ("--split-by", "model")
OTHER = "Leads get lost"
TEXTS = [
    DOUBTFUL,
    OTHER,
    "1. Leads get lost\n2. Stock is wrong",
    "Quotes take days and customers cannot see where their order is",
]


def passages(text):
    """Return the problems of the doubtful texts above."""
    return text.split(" and ")


def price_of(call):
    """Return what a call costs in which a text is taken apart, in USD."""
    said = json.dumps({"problems": passages(call.text)})
    used = honest(completion(call.body, said)["usage"])
    return sum(tokens * price for tokens, price in zip(used, PRICES, strict=True))


@pytest.fixture
def desk(tmp_path):
    one = Desk(tmp_path / "desk", 0)
    one.write(TEXTS)
    return one


def problems(desk):
    """Return the texts of the problems of each row."""
    names = [f"triage_{number}_text" for number in range(1, 6)]
    return [[row[name] for name in names if row.get(name)] for row in desk.rows]


def record(desk):
    return json.loads((desk.folder / "out.csv.run.json").read_text(encoding="utf-8"))


def test_cells_that_the_rules_doubt_hold_several_problems_in_out(desk):
    with serving(**replying(passages)) as server:
        said = desk.run(server, *BY_MODEL, "--price", PRICE)
        assert splits(server) == [TEXTS[0], TEXTS[3]]
        asked = server.calls
        # What is scripted is not in the server's own bill.
        assert desk.spent == server.billed + sum(map(price_of, filter(is_split, server.kept)))
    assert problems(desk) == [
        PARTS,
        [OTHER],
        ["Leads get lost", "Stock is wrong"],
        passages(TEXTS[3]),
    ]
    first = desk.rows[0]
    assert [first[f"triage_{n}_holds_several"] for n in (1, 2, 3)] == ["false"] * 3
    assert "holds_several" not in first["triage_1_review_reasons"]
    assert "(--split-by model): 2 taken apart" in said
    assert record(desk)["splits"] == {"apart": 2}
    assert record(desk)["tally"]["usage"]["calls"] == asked == 2 + 7  # one text stands twice


def test_without_the_option_they_stay_whole_and_nothing_more_is_asked(desk):
    with serving(**replying(passages)) as server:
        said = desk.run(server)
        assert splits(server) == []
    assert problems(desk)[0] == [DOUBTFUL]
    assert "split-by" not in said
    assert "splits" not in record(desk)


def test_killed_and_run_again_the_output_is_the_undisturbed_one(desk, tmp_path):
    with serving(**replying(passages)) as server:
        desk.run(server, *BY_MODEL)
        whole, calls = desk.out.read_bytes(), server.calls
    for number in (1, 3, 6):
        killed = Desk(tmp_path / f"killed {number}", 0)
        killed.write(TEXTS)
        with serving(latency_s=0.05, **replying(passages)) as server:
            kill_after(killed.start(server, *BY_MODEL), server, number, 0)
            kept = killed.kept
            before = server.calls
            killed.run(server, *BY_MODEL)
            assert server.calls == before + calls - kept  # no answer is paid for twice
        assert killed.out.read_bytes() == whole


def test_a_reply_that_cannot_be_used_leaves_the_cell_whole_and_is_counted(desk):
    with serving(
        **replying(lambda text: ["x y z"] if text == DOUBTFUL else Fault.REFUSAL)
    ) as server:
        said = desk.run(server, *BY_MODEL)
    assert [row["triage_1_text"] for row in desk.rows][:: len(TEXTS) - 1] == [TEXTS[0], TEXTS[3]]
    assert [desk.rows[n]["triage_1_holds_several"] for n in (0, 3)] == ["true", "true"]
    assert "1 whole, as the reply holds words that are not in the text" in said
    assert "1 whole, as no usable reply came" in said
    assert record(desk)["splits"] == {"invented": 1, "failed": 1}


def test_what_is_over_the_most_problems_is_joined_as_ever(desk):
    with serving(**replying(passages)) as server:
        desk.run(server, *BY_MODEL, "--max-problems", "2")
    assert problems(desk)[0] == [PARTS[0], "\n".join(PARTS[1:])]
    assert desk.rows[0]["triage_2_holds_several"] == "true"


@pytest.mark.parametrize("option", ["--no-split", "--labels-only"])
def test_where_cells_are_not_split_no_model_is_asked_to(option, desk):
    with serving(**replying(passages)) as server:
        desk.run(server, *BY_MODEL, option)
        assert splits(server) == []


def test_review_reads_out_with_the_problems_that_the_model_found(desk):
    with serving(**replying(passages)) as server:
        desk.run(server, *BY_MODEL)
    from triage_agent.batch.read_output import how_to_read, read_out

    rows = list(read_out(desk.out, how_to_read(desk.out)))
    assert all(row.fits for row in rows)
    assert [one.text for one in rows[0].results] == PARTS


def test_a_dry_run_says_what_doubtful_cells_cost_more(desk):
    with serving(**replying(passages)) as server:
        plain = " ".join(desk.run(server, "--dry-run", "--price", PRICE).split())
        said = " ".join(desk.run(server, *BY_MODEL, "--dry-run", "--price", PRICE).split())
        assert server.calls == 0
        desk.run(server, *BY_MODEL, "--price", PRICE)
        more = server.calls - 5  # one for each problem that the rules find
    assert "split-by" not in plain
    sentence = said.partition("Beside these, ")[2].partition("more at most")[0]
    assert sentence.startswith("--split-by model asks about 2 texts that the rules do not surely")
    assert "up to 10 calls more" in sentence  # 2, and 4 problems more in each of 2 forms
    assert more <= 10
    bound = Decimal(sentence.rpartition("$")[2].split()[0])
    with serving(**replying(passages)) as server:
        other = Desk(desk.folder / "other", 0)
        other.write(TEXTS)
        other.run(server, "--price", PRICE)
        without = server.billed
    assert desk.spent - without <= bound


def test_with_batches_of_the_provider_it_is_refused(desk):
    with serving(**replying(passages)) as server:
        said = desk.run(server, *BY_MODEL, "--batch-api", code=2)
        assert server.calls == 0
    assert "--split-by model and --batch-api exclude each other" in " ".join(said.split())


def test_on_ray_it_is_refused(desk):
    from triage_agent.batch.ray import shared
    from triage_agent.errors import SettingsError
    from triage_agent.settings import Options, SplitBy

    options = Options(model="m", cache_address="postgresql://h/d", split_by=SplitBy.MODEL)
    with pytest.raises(SettingsError, match="--split-by model is for a batch on one machine"):
        shared(options)
