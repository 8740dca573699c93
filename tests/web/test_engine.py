"""Problems are read beside the server's loop, so many at once as it bears."""

import asyncio
import threading
import time

import pytest

from support.site import WordModel, begin, send, site, walk
from triage_agent.models import OpenBackend
from triage_agent.triage import AsyncTriage
from triage_agent.web import engine as rooms
from triage_agent.web.engine import Engine, TooBusyError


def triage():
    return AsyncTriage.over(OpenBackend(WordModel(), ""))


def test_work_runs_in_another_thread_and_its_error_comes_back():
    async def run():
        async with Engine(triage()) as engine:

            async def where():
                return threading.current_thread()

            async def fails():
                raise ValueError("no")

            assert await engine.run(where) is not threading.current_thread()
            with pytest.raises(ValueError, match="no"):
                await engine.run(fails)

    asyncio.run(run())


def test_no_more_than_its_places_run_at_once_and_who_finds_the_queue_full_is_sent_away():
    async def run():
        under_way, most = 0, 0

        async def work():
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.05)
            under_way -= 1

        async with Engine(triage(), at_once=2, most_waiting=3) as engine:
            results = await asyncio.gather(
                *(engine.run(work) for _ in range(9)), return_exceptions=True
            )
        refused = [one for one in results if isinstance(one, TooBusyError)]
        assert (most, len(refused), results.count(None)) == (2, 4, 5)

    asyncio.run(run())


def test_the_loop_answers_while_problems_are_read(tmp_path):
    class Slow(WordModel):
        def __init__(self):
            super().__init__()
            self.begun = threading.Event()

        async def predict(self, problem):
            self.begun.set()
            time.sleep(1.0)  # noqa: ASYNC251  (as a model that holds its thread)
            return await super().predict(problem)

    model = Slow()
    with site(tmp_path, model) as client:
        page = begin(client, "Leads get lost")
        for values in ({"text": ""}, {"choice": "1M to 10M"}):
            page = client.post(page.url.path, data={"id": step(page), **values})
        last = threading.Thread(
            target=client.post,
            args=(page.url.path,),
            kwargs={"data": {"id": "software", "choice": "no"}},
        )
        last.start()
        assert model.begun.wait(5)
        began = time.perf_counter()
        assert client.get("/healthz").status_code == 200
        took = time.perf_counter() - began
        last.join()
        assert took < 0.9


def step(page):
    return page.text.partition('name="id" value="')[2].partition('"')[0]


def test_a_full_house_is_told_when_to_come_back_and_loses_nothing(tmp_path, monkeypatch):
    async def full(self, work):
        raise TooBusyError

    with site(tmp_path) as client:
        with monkeypatch.context() as patched:
            patched.setattr(rooms.Engine, "run", full)
            page = begin(client, "Leads get lost <b>often</b>")
            assert page.status_code == 503
            assert int(page.headers["retry-after"]) > 0
        page = walk(client, send(client, page))
        assert "Leads get lost &lt;b&gt;often" in page.text


def test_what_is_known_is_shown_though_the_house_is_full(tmp_path, monkeypatch):
    async def full(self, work):
        raise TooBusyError

    with site(tmp_path) as client:
        page = begin(client, "Leads get lost every week")
        with monkeypatch.context() as patched:
            patched.setattr(rooms.Engine, "run", full)
            assert client.get(page.url.path).status_code == 200
            page = client.post(page.url.path, data={"id": "company", "text": "Acme"})
            page = client.post(page.url.path, data={"id": "revenue", "choice": "1M to 10M"})
            assert step(page) == "software"
            unread = client.post(page.url.path, data={"id": "software", "choice": "no"})
            assert unread.status_code == 503  # only now a problem must be read
        page = walk(client, client.get(page.url.path))
        with monkeypatch.context() as patched:
            patched.setattr(rooms.Engine, "run", full)
            assert client.get(page.url.path).status_code == 200
            assert client.get(page.url.path.replace("verdict", "report")).status_code == 200


def test_a_long_text_that_is_taken_apart_stops_nobody_else(tmp_path, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()

    class Held(AsyncTriage):
        def split(self, text):
            if "hold" in text:
                begun.set()
                assert go_on.wait(20)
            return super().split(text)

    monkeypatch.setattr("support.site.AsyncTriage", Held)
    with site(tmp_path) as client:
        held = threading.Thread(target=begin, args=(client, "They hold every order up"))
        held.start()
        assert begun.wait(20)
        page = walk(client, begin(client, "Leads get lost every week"))
        assert page.url.path.endswith("/verdict")
        go_on.set()
        held.join()
