"""A site of `triage serve` in a test, over a model that answers by words, and its forms."""

import re
from contextlib import contextmanager
from html.parser import HTMLParser

from starlette.testclient import TestClient

from triage_agent.models import OpenBackend
from triage_agent.triage import AsyncTriage
from triage_agent.types import Label, Prediction, Signals
from triage_agent.web.app import create_app
from triage_agent.web.options import ServeOptions


class WordModel:
    """Answers build where the text names an app, vague where it says so, else automate."""

    backend, name, prompt = "stub", "stub-1", None
    output_mode = None

    def __init__(self):
        self.texts = []

    @property
    def parts(self):
        return (self,)

    async def predict(self, problem):
        self.texts.append(problem.text)
        build = "app" in problem.text.split()
        signals = Signals(
            customer_facing_software=build,
            existing_process=not build,
            too_vague="thing" in problem.text.split(),
        )
        return Prediction(
            Label.BUILD if build else Label.AUTOMATE,
            signals,
            p_build=0.98 if build else 0.02,
            p_in_scope=0.98,
            probability_from="stub",
            evidence=(problem.text,),
            rationale="Read by a test.",
        )

    async def aclose(self):
        pass


@contextmanager
def site(folder, model=None, *, raise_server_exceptions=True, **options):
    """Yield a client of a site whose data are in a folder."""
    triage = AsyncTriage.over(OpenBackend(model or WordModel(), ""))
    app = create_app(ServeOptions(folder, **options), triage)
    with TestClient(
        app,
        base_url="http://127.0.0.1:8787",
        follow_redirects=True,
        raise_server_exceptions=raise_server_exceptions,
    ) as client:
        yield client


class Form(HTMLParser):
    """The fields of the first form of a page that has some, as a browser would send them."""

    def __init__(self, page):
        super().__init__()
        self.fields, self.action, self._area, self._done = {}, "", None, False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if self._done:
            return
        if tag == "form":
            self.action = given.get("action", "")
        elif tag == "input" and "name" in given:
            kind = given.get("type", "text")
            if kind not in {"radio", "checkbox"} or "checked" in given:
                self.fields[given["name"]] = given.get("value") or ""
        elif tag == "textarea" and "name" in given:
            self._area = given["name"]
            self.fields[self._area] = ""

    def handle_data(self, data):
        if self._area and not self._done:
            self.fields[self._area] += data

    def handle_endtag(self, tag):
        if tag == "textarea":
            self._area = None
        elif tag == "form":
            self._done = True


def send(client, page, **values):
    """Send the form of a page with some fields changed, and return the next page."""
    form = Form(page.text)
    return client.post(form.action, data={**form.fields, **values})


def begin(client, text, **values):
    """Paste a text on the first page, and return the page that follows."""
    return send(client, client.get("/"), text=text, agree="yes", **values)


def heading(page):
    """Return the first heading of a page."""
    return re.sub(r"<[^>]+>", "", re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.S)[1]).strip()


def walk(client, page, *, company="", revenue="1M to 10M", software="no"):
    """Answer the questions of a conversation until its verdict, and return that page."""
    for _ in range(20):
        if "/verdict" in str(page.url):
            return page
        asked = Form(page.text).fields.get("id", "")
        page = send(
            client,
            page,
            do="confirm",
            **{
                "split": {},
                "company": {"text": company},
                "revenue": {"choice": revenue},
                "software": {"choice": software},
            }.get(asked, {"choice": "existing_process"}),
        )
    raise AssertionError(f"no verdict was reached; at {heading(page)}")
