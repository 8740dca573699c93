"""The owner's pages stand in a page of another site, and nowhere else."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from .conftest import served

pytestmark = pytest.mark.browser
GO_ON = "form .buttons button[value=confirm]"
THREE = "1. Invoices are typed by hand\n2. Stock is counted on paper\n3. Customers want an app here"


@contextmanager
def other_site():
    """Yield a site that frames what its address names, and its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            framed = self.path.partition("?")[2]
            body = (
                "<!DOCTYPE html><title>Example Advisers</title><h1>Are you ready for AI?</h1>"
                f'<iframe src="{framed}" title="Build or automate?" width="390" height="700">'
                "</iframe>"
            ).encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """A site, on which the pages may stand, and the address of the pages, which is another site.

    For a browser, localhost and 127.0.0.1 are as far apart as two companies.
    """
    with (
        other_site() as port,
        served(tmp_path_factory.mktemp("data"), embed_hosts=[f"localhost:{port}"]) as address,
    ):
        yield port, address


def frame_of(page):
    return page.locator("iframe").content_frame


def opened(page, sites, path="/", host="localhost"):
    port, address = sites
    page.goto(f"http://{host}:{port}/?{address}{path}")
    return frame_of(page)


@pytest.mark.parametrize(
    "_",
    [
        pytest.param(0, marks=pytest.mark.view(width=500)),
        pytest.param(1, marks=pytest.mark.view(width=500, scripts=False)),
    ],
    ids=["with scripts", "without"],
)
def test_an_owner_comes_to_the_verdict_within_another_site(page, sites, _):
    frame = opened(page, sites)
    frame.get_by_label("What are the three biggest problems").fill(THREE)
    frame.get_by_label("I have read this and agree.").check()
    frame.get_by_role("button", name="Go on").last.click()
    frame.locator(GO_ON).click()
    frame.get_by_label("What is your company called?").fill("Acme & Sons")
    frame.locator(GO_ON).click()
    frame.get_by_label("$1M to $10M").check()
    frame.locator(GO_ON).click()
    frame.get_by_label("no", exact=True).check()
    frame.locator(GO_ON).click()
    frame.get_by_role("heading", level=1, name="Hire a fractional AI officer.").wait_for()
    assert page.inner_text("h1") == "Are you ready for AI?"
    assert page.context.cookies() == []
    link = frame.locator(".link a").inner_text()
    frame.get_by_role("link", name="The whole report").click()
    frame.get_by_text("Advice for Acme & Sons").wait_for()
    page.goto(link)  # the frame shows no address, so the page does
    assert page.inner_text("h1") == "Hire a fractional AI officer."


@pytest.mark.parametrize("path", ["/sign-in", "/inbox", "/welcome/x", "/api/docs"])
def test_the_inbox_stands_in_no_frame(page, sites, path, console):
    opened(page, sites, path)
    assert is_refused(page, console)


def test_a_site_that_was_not_named_frames_nothing(page, sites, console):
    opened(page, sites, host="127.0.0.1")
    assert is_refused(page, console)


def is_refused(page, console):
    """Return whether the browser shows an error in place of a page, because of the policy."""
    because = [text for text in console if "frame-ancestors" in text]
    console.clear()
    return len(because) == 1 and "chrome-error" in page.frames[1].url
