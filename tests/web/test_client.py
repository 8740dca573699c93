"""The client for Python, against a server of our own over a socket."""

import socket
import threading
from contextlib import closing, contextmanager

import pytest
import uvicorn

from support.site import WordModel
from triage_agent import Client, InputError, ServiceError, StopError
from triage_agent.models import OpenBackend
from triage_agent.triage import AsyncTriage
from triage_agent.web.app import create_app
from triage_agent.web.database import Database
from triage_agent.web.options import ServeOptions
from triage_agent.web.tokens import SCOPES, Tokens

INVOICES = "Invoices are typed by hand"


@contextmanager
def serving(folder):
    """Yield the address of a server, and a token for all of it."""
    app = create_app(ServeOptions(folder), AsyncTriage.over(OpenBackend(WordModel(), "")))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        pass
    port = server.servers[0].sockets[0].getsockname()[1]
    with closing(Database(folder)) as database:
        token = Tokens(database).make("client", SCOPES)
    try:
        yield f"http://127.0.0.1:{port}", token
    finally:
        server.should_exit = True
        thread.join()


def test_it_asks_for_everything_and_says_what_is_wrong(tmp_path):
    with serving(tmp_path) as (url, token):
        with Client(url, token) as client:
            rows = client.classify([INVOICES, {"id": "b", "text": "Customers want an app here"}])
            advice = client.advise([INVOICES], revenue="3M", sells_software=False)
            assert [row["id"] for row in rows] == ["1", "b"]
            assert advice["recommendation"] == "fractional-ai-officer"
            assert client.decide(rows, revenue="3M")["votes"]["build"] == 1
            first = client.advise([INVOICES], key="k")
            assert client.advise([INVOICES], key="k") == first
            with pytest.raises(InputError, match="lots"):
                client.advise([INVOICES], revenue="lots")
            with pytest.raises(InputError, match="quiz"):
                client.quiz({"data": 1})
        with Client(url, "no token") as stranger, pytest.raises(StopError, match="token"):
            stranger.classify([INVOICES])


def test_a_server_that_is_not_there_is_said_to_be(tmp_path):
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}", "t") as client, pytest.raises(ServiceError):
        client.classify([INVOICES])
