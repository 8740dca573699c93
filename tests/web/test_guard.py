"""What no request may do, and what every answer carries."""

import pytest

from support.site import begin, site, walk
from triage_agent.errors import SettingsError
from triage_agent.web.options import ServeOptions
from triage_agent.web.security import MOST_BYTES

ADDRESSES = ("/", "/quiz", "/roles", "/healthz", "/static/site.css", "/nowhere", "/t/none")


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with site(tmp_path_factory.mktemp("data")) as one:
        yield one


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_answer_carries_a_policy_that_allows_no_inline_script_or_style(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/quiz", "/red-flags?role=fractional-cto", "/returns"])
def test_no_page_holds_an_inline_style_script_or_handler(client, path):
    page = client.get(path).text
    for held in (" style=", "<style", "<script", " onclick=", " onsubmit=", "javascript:"):
        assert held not in page


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_form_from_another_site_is_refused(client, headers):
    assert client.post("/quiz", data={"data": "1"}, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "same-origin"}, {"origin": "http://127.0.0.1:8787"}, {}]
)
def test_a_form_of_ours_is_taken(client, headers):
    assert client.post("/quiz", data={"data": "1"}, headers=headers).status_code == 422


def test_a_form_that_is_too_long_is_refused_whether_it_says_its_length_or_not(client):
    text = "x" * (MOST_BYTES + 1)

    def pieces():
        for _ in range(20):
            yield b"text=" + b"x" * (MOST_BYTES // 10)

    assert client.post("/", data={"text": text}).status_code == 413
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/", content=pieces(), headers=form).status_code == 413


def test_a_file_cannot_be_sent(client):
    assert client.post("/", files={"text": ("a.txt", b"Leads get lost")}).status_code == 415


def test_who_starts_very_often_has_to_wait(tmp_path):
    with site(tmp_path) as client:
        statuses = [begin(client, "Leads get lost").status_code for _ in range(32)]
        assert statuses[0] == 200
        assert statuses[-1] == 429


class TestFrames:
    OWNERS = ("/", "/quiz", "/roles", "/situations", "/red-flags", "/returns", "/t/none")
    OTHERS = (
        "/inbox",
        "/sign-in",
        "/welcome/x",
        "/inbox/feed/x",
        "/api/openapi.json",
        "/api/v1/quiz",
        "/healthz",
        "/nowhere",
        "/t",
        "/static/site.css",
    )

    @pytest.fixture(scope="class")
    @classmethod
    def embedded(cls, tmp_path_factory):
        hosts = ("www.Example.com", "127.0.0.1:9999")
        with site(tmp_path_factory.mktemp("data"), embed_hosts=hosts) as one:
            yield one

    @pytest.mark.parametrize("path", OWNERS)
    def test_the_sites_that_were_named_may_frame_the_owner_s_pages(self, embedded, path):
        headers = embedded.get(path).headers
        policy = headers["content-security-policy"]
        allowed = "frame-ancestors https://www.example.com http://127.0.0.1:9999"
        assert policy.endswith(allowed)
        assert "default-src 'none'" in policy
        assert "x-frame-options" not in headers

    def test_so_may_they_the_report_which_has_a_policy_of_its_own(self, embedded):
        page = walk(embedded, begin(embedded, "Leads get lost"))
        report = embedded.get(page.url.path.replace("verdict", "report"))
        policy = report.headers["content-security-policy"]
        assert "style-src 'sha256-" in policy
        assert policy.count("frame-ancestors") == 1
        assert "https://www.example.com" in policy

    @pytest.mark.parametrize("path", OTHERS)
    def test_nobody_may_frame_anything_else(self, embedded, path):
        headers = embedded.get(path, follow_redirects=False).headers
        assert headers["content-security-policy"].endswith("frame-ancestors 'none'")
        assert headers["x-frame-options"] == "DENY"

    @pytest.mark.parametrize("path", OWNERS)
    def test_without_the_option_nobody_may_frame_an_owner_s_page(self, client, path):
        headers = client.get(path).headers
        assert headers["content-security-policy"].endswith("frame-ancestors 'none'")
        assert headers["x-frame-options"] == "DENY"

    def test_a_page_that_may_stand_in_a_frame_shows_its_own_link(self, embedded, client):
        for one, shows in ((embedded, True), (client, False)):
            page = walk(one, begin(one, "Leads get lost"))
            link = f"http://127.0.0.1:8787{page.url.path.removesuffix('/verdict')}"
            assert (f'href="{link}" target="_blank" rel="noopener"' in page.text) is shows

    @pytest.mark.parametrize(
        "host",
        [
            "https://a.example",
            "a.example/x",
            "*.a.example",
            "*",
            "",
            "a b",
            "a; script-src *",
            "'self'",
        ],
    )
    @pytest.mark.parametrize("option", ["embed_hosts", "hook_hosts"])
    def test_what_is_not_a_host_is_refused_at_the_start(self, tmp_path, option, host):
        with pytest.raises(SettingsError, match="is not the name of a host"):
            ServeOptions(tmp_path, **{option: (host,)}).check()

    @pytest.mark.parametrize("host", ["desk.lan", "127.0.0.1", "::1", "fd00::7"])
    def test_a_receiver_may_be_allowed_by_its_address(self, tmp_path, host):
        ServeOptions(tmp_path, hook_hosts=(host,)).check()


class TestTheAddress:
    def test_a_server_for_others_needs_https(self, tmp_path):
        with pytest.raises(SettingsError, match="--public-url"):
            ServeOptions(tmp_path, host="0.0.0.0").check()  # noqa: S104

    @pytest.mark.parametrize(
        "url",
        ["http://triage.example.com", "https://a.example/path", "https://a.example/?x=1", "x"],
    )
    def test_a_public_address_is_https_and_without_a_path(self, tmp_path, url):
        with pytest.raises(SettingsError, match="public-url"):
            ServeOptions(tmp_path, public_url=url).check()

    def test_behind_https_a_browser_is_told_to_stay_there(self, tmp_path):
        with site(tmp_path, public_url="https://triage.example.com") as client:
            assert "max-age" in client.get("/healthz").headers["strict-transport-security"]
