"""A server over a model that costs nothing, owners who come to a verdict, and an adviser."""

import html
import re
from contextlib import contextmanager
from functools import partial
from unittest.mock import patch

from argon2 import PasswordHasher
from starlette.testclient import TestClient

from triage_agent import AsyncTriage
from triage_agent.intake import split_problems
from triage_agent.models import OpenBackend
from triage_agent.types import Label, Prediction, Signals
from triage_agent.web import ServeOptions
from triage_agent.web.advisers import Advisers, first_link
from triage_agent.web.app import create_app

NAME, PASSWORD = "Ann", "seven green lamps"
AUTOMATE = "- Orders are typed by hand\n- Bills are sent late\n- Reports eat up our Fridays"
MIXED = "- Orders are typed by hand\n- Please build an app\n- This is torn between them"
QUICK = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
CHECKED = "triage_agent.web.submissions.SPOT_CHECKED"


class Scripted:
    """A model that answers by a word in the text."""

    backend, name, prompt = "embedded", "script", None

    async def predict(self, problem):
        label = Label.BUILD if "build" in problem.text else Label.AUTOMATE
        sure = 0.5 if "torn" in problem.text else 0.9
        return Prediction(
            label,
            Signals(neither="outside" in problem.text, too_vague="vague" in problem.text),
            p_build=sure if label is Label.BUILD else 1 - sure,
            probability_from="script",
            evidence=(problem.text,),
        )

    async def aclose(self):
        pass


class Desk:
    """A browser at a server; an owner's, or an adviser's once they have signed in."""

    def __init__(self, client, options):
        self.client, self.options = client, options
        self.get, self.database = client.get, client.app.state.site.database

    def welcome(self, link=None, name=NAME, password=PASSWORD):
        """Set a password by a link, that of the first adviser if none is given."""
        path = (link or first_link(self.options)).removeprefix(self.options.address)
        form = {"name": name, "password": password, "again": password}
        return self.client.post(path, data=form)

    def sign_in(self, name=NAME, password=PASSWORD, to=""):
        form = {"name": name, "password": password, "to": to}
        return self.client.post("/sign-in", data=form, follow_redirects=False)

    def post(self, path, **form):
        """Send a form with the token of the session, as the page that is open shows it."""
        page = self.client.get("/inbox/account").text
        return self.client.post(path, data={"csrf": hidden(page, "csrf"), **form})

    def owner(self, text, company="Acme", revenue="1M to 10M", **answers):
        """Come to a verdict as an owner, and return the path of the conversation."""
        start = self.client.get("/").text
        form = {"text": text, "agree": "yes", "once": hidden(start, "once")}
        page = self.client.post("/", data=form)
        given = {"company": company, "revenue": revenue, "software": "no", **answers}
        while "/verdict" not in str(page.url):
            assert page.status_code == 200, page.text
            asked, name = page.text, hidden(page.text, "id")
            pieces = re.findall(r'<textarea name="(piece-\d+)"[^>]*>([^<]*)', asked)
            said = given.get(name, "2" if name.startswith("quiz") else "unknown")
            form = {"id": name, "do": "confirm", "text": said, "choice": said}
            form |= {key: html.unescape(value) for key, value in pieces}
            page = self.client.post(str(page.url), data=form)
        return str(page.url.path).removesuffix("/verdict")

    def correct(self, number, problem, kind, **form):
        """Say of a problem what it is, by the form on the submission's page."""
        page = self.client.get(f"/inbox/{number}").text
        part = page.split(f'id="problem-{problem}"')[1]
        form = {"problem": problem, "text": hidden(part, "text"), "kind": kind, **form}
        return self.post(f"/inbox/{number}/correct", **form)


@contextmanager
def desk_at(folder, *, check_every=10**12, **settings):
    """Yield a desk at a server over a data folder; one firm verdict in so many is checked."""
    options = ServeOptions(folder, **settings)
    backend = OpenBackend(Scripted(), "backend: script")
    with (
        patch("triage_agent.triage.flow.split_text", split_problems),
        patch("triage_agent.web.passwords.PasswordHasher", QUICK),
        patch(CHECKED, check_every),
        TestClient(create_app(options, AsyncTriage.over(backend)), options.address) as client,
    ):
        yield Desk(client, options)


def hidden(page, name):
    """Return the value of a hidden field of a page."""
    return html.unescape(re.search(f'name="{name}" value="([^"]*)"', page).group(1))


def invited(desk, name):
    """Return a new link that makes somebody an adviser."""
    return f"{desk.options.address}/welcome/{Advisers(desk.database).invite(name)}"
