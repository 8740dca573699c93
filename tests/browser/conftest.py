"""A real browser, and a real server over a model that answers by words."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager

import pytest

SERVER = """
import json, sys
from pathlib import Path
sys.path[:0] = sys.argv[4:]
import triage_agent.web.submissions
triage_agent.web.submissions.SPOT_CHECKED = 10**12  # blind checks are by chance
from support.site import WordModel
from triage_agent.models import OpenBackend
from triage_agent.settings import Adviser
from triage_agent.triage import AsyncTriage
from triage_agent.web import ServeOptions, serve
serve(
    ServeOptions(
        Path(sys.argv[1]),
        port=int(sys.argv[2]),
        starts_per_hour=1_000_000,
        **json.loads(sys.argv[3]),
    ),
    AsyncTriage.over(OpenBackend(WordModel(), "")),
    Adviser("Ann Ray", colour="#aa3311"),
)
"""


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium; CI fails without it, and elsewhere the tests are left out."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("there is no Chromium: apt-get install chromium")
        pytest.skip("there is no Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright  # of a group that the other tests do without

    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield one
        one.close()


@contextmanager
def served(folder, **options):
    """Yield the address of a server whose data are in a folder, started with these options."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = [str(folder), str(port), json.dumps(options), *sys.path]
    running = subprocess.Popen([sys.executable, "-c", SERVER, *given])
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/healthz", timeout=1).close()  # noqa: S310
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        yield address
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(40)


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    with served(tmp_path_factory.mktemp("data")) as one:
        yield one


@pytest.fixture
def console():
    """What the browser wrote on its console; a test that expects something there clears it."""
    return []


@pytest.fixture
def page(request, browser, console):
    """A page of its own; the marker `view` gives its width, scheme and whether scripts run."""
    view = {"width": 400, "dark": False, "scripts": True}
    for marker in request.node.iter_markers("view"):
        view |= marker.kwargs
    context = browser.new_context(
        viewport={"width": view["width"], "height": 800},
        color_scheme="dark" if view["dark"] else "light",
        java_script_enabled=view["scripts"],
        reduced_motion="reduce",
    )
    one = context.new_page()
    one.set_default_timeout(20_000)
    one.on("console", lambda message: console.append(message.text))
    yield one
    assert not [text for text in console if "Content Security Policy" in text]
    context.close()
