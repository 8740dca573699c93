"""Forms that arrive, and pages of a capped model, with a language model that takes texts apart."""

import logging
from decimal import Decimal

import pytest

from support.openai_server import Fault
from support.splitting import DOUBTFUL, PARTS, splits, splitting
from triage_agent.batch import FormMapping, open_arrived, read_arrived
from triage_agent.settings import Backend, Options, SplitBy
from triage_agent.web import CappedTriage

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


def capped(server, folder, **options):
    return CappedTriage(
        Options(
            backend=Backend.LLM,
            model="test-model",
            base_url=server.base_url,
            price="1/2",
            split_by=SplitBy.MODEL,
            **options,
        ),
        Decimal(5),
        folder,
    )


async def test_an_arrived_form_is_read_with_the_problems_that_the_model_finds(tmp_path):
    table = open_arrived(f'{{"problem": "{DOUBTFUL}"}}')
    mapping = FormMapping(mapping_version=1, problem_column=("problem",))

    async def read(split):
        return read_arrived(table, mapping, split)

    async with splitting(PARTS) as server, capped(server, tmp_path) as flow:
        form = await flow.reading(read)
        assert [one.text for one in form.problems] == PARTS
        assert splits(server) == [DOUBTFUL]


@pytest.mark.parametrize("fault", [Fault.KEY, Fault.REFUSAL])
async def test_a_service_that_fails_keeps_no_owner_from_going_on(fault, tmp_path, caplog):
    async with splitting(fault) as server, capped(server, tmp_path) as flow:
        with caplog.at_level(logging.WARNING):
            (read,) = await flow.read_closely(DOUBTFUL)
    assert [(one.text, one.holds_several) for one in read.problems] == [(DOUBTFUL, True)]
    assert DOUBTFUL not in caplog.text
