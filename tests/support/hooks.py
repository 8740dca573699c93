"""A server that form tools send to, and the tools: curl, with signatures made by openssl."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from base64 import b64decode
from contextlib import closing, contextmanager

import pytest
import uvicorn

from support.site import WordModel
from triage_agent.batch import FormMapping
from triage_agent.models import OpenBackend
from triage_agent.triage import AsyncTriage
from triage_agent.web import ServeOptions
from triage_agent.web.app import create_app
from triage_agent.web.connections import PROTOCOL
from triage_agent.web.deliveries import Deliveries
from triage_agent.web.hooks import Hooks

ASKED, COMPANY, REVENUE = "What is your biggest problem?", "Company", "Yearly revenue"
ANSWERS = {ASKED: "Orders are typed by hand", COMPANY: "Acme", REVENUE: "$3M"}
MAPPING = FormMapping(
    mapping_version=1,
    problem_column=(ASKED,),
    company_column=COMPANY,
    revenue_column=REVENUE,
)
JOTFORM = {ASKED: "q3_whatIs", COMPANY: "q4_company", REVENUE: "q5_yearlyRevenue"}
SECRETS = {"jotform", "json-address"}  # of these kinds the secret stands in the address


class Served:
    """A server in a thread, and its data."""

    def __init__(self, app, address, loop):
        self.app, self.address, self._loop = app, address, loop

    @property
    def site(self):
        return self.app.state.site

    @property
    def database(self):
        return self.site.database

    def run(self, work):
        """Return what a coroutine returns in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def rest(self):
        """Wait until nothing is left that is due."""
        self.run(self.site.arrivals.resting())

    def ring(self):
        self._loop.call_soon_threadsafe(self.site.arrivals.ring)

    def forget(self):
        """Forget everything that came, and how often."""
        self.rest()
        with self.database.transaction() as connection:
            for table in ("hook", "hook_use", "submission"):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608
        self.site.limiter._rates._paid.clear()

    def hook(self, kind, name=None, mapping=MAPPING):
        """Make a hook whose columns are chosen, unless there is no mapping."""
        hooks, name = Hooks(self.database), name or kind
        hooks.make(name, kind, adviser(self.database))
        if mapping is not None:
            hooks.map(name, _named(mapping, kind), adviser(self.database))
        return Sender(self, name)

    def submissions(self, name):
        """Return (company, recommendation) of the submissions of a hook."""
        self.rest()
        query = "SELECT company, recommendation FROM submission WHERE source = ? ORDER BY id"
        return [tuple(row) for row in self.database.rows(query, name)]


class Sender:
    """A form tool that sends to one hook."""

    def __init__(self, served, name):
        self.served, self.name = served, name

    @property
    def hook(self):
        return Hooks(self.served.database).named(self.name)

    def body(self, number, answers=None):
        """Return the body of one answer, as the tool sends it; for Jotform, a field of it."""
        return json.dumps(form_of(self.hook.kind, number, answers or ANSWERS)).encode()

    def send(self, number, answers=None, **changes):
        """Send one answer by curl, and return its status and what it was answered."""
        body = changes.pop("body", None) or self.body(number, answers)
        return curl(self.address(), *self.options(number, body, **changes))

    def address(self):
        return self.served.address + self.hook.path

    def options(self, number, body, *, secret=None, signed=None, moment=None):
        """Return the options of curl for a body; `signed` is what is signed in its place."""
        kind, id_ = self.hook.kind, f"answer-{number}"
        if kind == "jotform":
            raw = ["-F", f"rawRequest={body.decode()}"]
            return ["-F", f"submissionID={number}", "-F", "formID=1", "-F", "pretty=x:y", *raw]
        headers = ["content-type: application/json"]
        if kind == "json-address":
            headers.append(f"idempotency-key: {id_}")
        else:
            headers += signature(
                kind, secret or self.hook.secrets[0], signed or body, id_, moment or time.time()
            )
        return ["--data-binary", body.decode(), *(part for one in headers for part in ("-H", one))]


def _named(mapping, kind):
    """Return a mapping by the names that a tool gives to the questions."""
    if kind != "jotform":
        return mapping
    return FormMapping(
        mapping_version=1,
        problem_column=tuple(JOTFORM[one] for one in mapping.problem_column),
        company_column=JOTFORM.get(mapping.company_column),
        revenue_column=JOTFORM.get(mapping.revenue_column),
    )


def form_of(kind, number, answers):
    """Return the JSON of one answer in the shape that the tool's documentation shows."""
    if kind == "typeform":
        fields = [
            {"id": f"f{n}", "ref": f"r{n}", "type": "long_text", "title": title}
            for n, title in enumerate(answers)
        ]
        return {
            "event_id": f"event-{number}",
            "event_type": "form_response",
            "form_response": {
                "form_id": "lT4Z3j",
                "token": f"answer-{number}",
                "submitted_at": "2026-11-20T12:00:00Z",
                "definition": {"id": "lT4Z3j", "title": "Intake", "fields": fields},
                "answers": [
                    {"type": "text", "text": text, "field": {k: one[k] for k in ("id", "ref")}}
                    for one, text in zip(fields, answers.values(), strict=True)
                    if text  # what was not answered is left out
                ],
            },
        }
    if kind == "tally":
        fields = [
            {"key": f"question_{n}", "label": label, "type": "TEXTAREA", "value": text}
            for n, (label, text) in enumerate(answers.items())
        ]
        data = {"responseId": f"r{number}", "submissionId": f"answer-{number}", "fields": fields}
        return {"eventId": f"e{number}", "eventType": "FORM_RESPONSE", "data": data}
    if kind == "jotform":
        return {"slug": "submit/1", "event_id": "1"} | {
            JOTFORM.get(name, f"q9_{name}"): text for name, text in answers.items()
        }
    return answers


def signature(kind, secret, body, id_, moment):
    """Return the headers of a signature, which openssl makes."""
    if kind == "typeform":
        return [f"Typeform-Signature: sha256={openssl(secret.encode(), body)}"]
    if kind == "tally":
        return [f"Tally-Signature: {openssl(secret.encode(), body)}"]
    content = f"{id_}.{int(moment)}.".encode() + body
    made = openssl(b64decode(secret.removeprefix("whsec_")), content)
    return [
        f"webhook-id: {id_}",
        f"webhook-timestamp: {int(moment)}",
        f"webhook-signature: v1,{made}",
    ]


def openssl(key, content):
    """Return the HMAC of a content as base64."""
    made = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key.hex()}"]
    digest = subprocess.run([*made, "-binary"], input=content, capture_output=True, check=True)
    base64 = ["openssl", "base64", "-A"]
    return subprocess.run(
        base64, input=digest.stdout, capture_output=True, check=True
    ).stdout.decode()


def curl(address, *options):
    """Return the status and the JSON of an answer to curl; no JSON: its text."""
    asked = ["curl", "-s", "-m", "20", "-X", "POST", "-w", "\n%{http_code}", *options, address]
    done = subprocess.run(asked, capture_output=True, check=False)
    text, _, status = done.stdout.decode().rpartition("\n")
    try:
        return int(status), json.loads(text)
    except ValueError:
        return int(status), text


def adviser(database):
    """Return the number of an adviser, who is made if there is none."""
    with database.transaction() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO adviser (id, name, password, made_at) VALUES (1, 'Ann', 'x', '')"
        )
    return 1


def undone(database, name):
    """Return (tries, trouble) of what a hook has received and is no submission yet."""
    waiting, _ = Deliveries(database).waiting(name, 1000)
    return [(one.tries, one.trouble) for one in waiting]


@contextmanager
def served(folder, triage=None, **options):
    """Yield a server over a data folder; a model that answers by words reads, or `triage`."""
    for program in ("curl", "openssl"):
        if shutil.which(program) is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"there is no {program}")
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    triage = triage or AsyncTriage.over(OpenBackend(WordModel(), ""))
    app = create_app(ServeOptions(folder, port=port, **options), triage)
    loop, ready = asyncio.new_event_loop(), threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets)
            ready.set()

    server = Server(
        uvicorn.Config(app, port=port, http=PROTOCOL, ws="none", log_level="warning", lifespan="on")
    )
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve()), daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield Served(app, f"http://127.0.0.1:{port}", loop)
    finally:
        server.should_exit = True
        thread.join(40)
        loop.close()
