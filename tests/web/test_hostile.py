"""What outsiders send that no browser would: nothing of it breaks a page, or gets past one."""

import gzip
import logging
import re
import threading
from urllib.parse import unquote, urlencode

import pytest

from support.site import Form, WordModel, begin, heading, send, site, walk
from triage_agent.errors import SettingsError
from triage_agent.web import owner
from triage_agent.web.faults import places
from triage_agent.web.options import ServeOptions
from triage_agent.web.security import who

FORM = {"content-type": "application/x-www-form-urlencoded"}
ONCE = "0123456789abcdef0123456789abcdef"
THREE = "1. Invoices are typed by hand\n2. Stock is counted on paper\n3. Calls are not returned"
MARKUP = "</title></textarea>\"'><script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with site(tmp_path_factory.mktemp("data"), starts_per_hour=10_000) as one:
        yield one


class TestForms:
    @pytest.mark.parametrize(
        "text",
        ["%ff%fe", "\xff\xfe", "%00", "%ed%a0%80", "%e2%80%ae%e2%81%a6", "%25%0d%0a", "+"],
        ids=["bad UTF-8", "raw bytes", "NUL", "surrogate", "right to left", "line", "space"],
    )
    def test_whatever_bytes_a_text_has_it_is_read_and_shown(self, client, text):
        body = f"agree=yes&once={ONCE}&text=Leads {text} get lost".encode("latin-1")
        page = client.post("/", content=body, headers=FORM)
        assert page.status_code == 200
        assert page.url.path.startswith("/t/")
        page = walk(client, page)
        assert "get lost" in page.text
        assert client.get(page.url.path.replace("verdict", "report")).status_code == 200

    @pytest.mark.parametrize(
        ("kind", "status"),
        [
            ("multipart/form-data; boundary=x; charset=utf-7", 415),
            ("multipart/form-data; boundary=x; charset=punycode", 415),
            ("multipart/form-data", 415),
            ("text/plain", 415),
            ("application/json", 415),
            ("", 415),
            ("application/x-www-form-urlencoded; charset=utf-16", 422),
        ],
    )
    def test_what_no_form_of_ours_sends_is_refused(self, client, kind, status):
        body = b'--x\r\ncontent-disposition: form-data; name="text"\r\n\r\n+2AA-\r\n--x--\r\n'
        page = client.post("/", content=body, headers={"content-type": kind})
        assert page.status_code == status
        assert "What you wrote is kept" not in page.text

    def test_a_packed_form_is_refused(self, client):
        body = gzip.compress(urlencode({"text": "x" * 10_000_000}).encode())
        sent = client.post("/", content=body, headers={**FORM, "content-encoding": "gzip"})
        assert sent.status_code == 415

    def test_a_thousand_fields_are_refused_in_words(self, client):
        page = client.post("/", data={f"f{n}": "x" for n in range(1000)})
        assert (page.status_code, heading(page)) == (400, "This could not be read")

    def test_of_a_name_that_stands_twice_the_last_counts(self, client):
        body = f"agree=no&agree=yes&text=&text=Leads get lost&once={ONCE}"
        assert client.post("/", content=body, headers=FORM).url.path.startswith("/t/")

    @pytest.mark.parametrize(
        "form",
        [
            {"do": "divide:1", "piece-x": "a"},
            {"do": "divide:²", "piece-1": "a"},
            {"do": "divide:" + "9" * 5000, "piece-1": "a"},
            {"do": "join:-1", "piece-1": "a"},
            {"do": "remove:1", "piece-1": ""},
            {"do": "nonsense", "piece-999999999": "a"},
            {"do": "\x00", "new": "\u202e\x00<script>"},
        ],
    )
    def test_a_button_that_is_not_there_breaks_nothing(self, client, form):
        page = begin(client, THREE)
        assert client.post(page.url.path, data={"id": "split", **form}).status_code in {200, 422}
        assert client.get(page.url.path).status_code == 200

    @pytest.mark.parametrize("amount", ["9" * 5000, "1e999999", "\x00", "NaN", "x" * 900_000])
    def test_an_amount_that_is_none_is_refused_at_once(self, client, amount):
        page = begin(client, THREE)
        for values in ({}, {"text": ""}):
            page = send(client, page, do="confirm", **values)
        form = {"id": "revenue", "choice": "own", "text": amount}
        page = client.post(page.url.path, data=form)
        assert page.status_code == 422
        assert page.elapsed.total_seconds() < 3  # the server's loop waits meanwhile

    def test_a_text_that_would_keep_the_server_busy_is_refused_in_words(self, client):
        for text in ("leads get lost\n" * 7_000, "漢" * 100_001):
            page = begin(client, text)
            assert page.status_code == 422
            assert "100,000 characters" in page.text
            page = begin(client, THREE)
            page = send(client, page, **{"piece-1": text}, do="confirm")
            assert page.status_code == 422
            assert "100,000 characters" in page.text

    @pytest.mark.parametrize("amount", ["9" * 5000, "1e999999", "NaN", "inf", "-5", "\x00", "²"])
    def test_figures_that_are_none_are_refused_by_the_other_pages(self, client, amount):
        names = ("hours_saved", "hourly_cost", "monthly_cost", "one_off_cost", "age_days")
        assert client.post("/returns", data=dict.fromkeys(names, amount)).status_code == 422
        assert client.post("/quiz", data={"data": amount}).status_code == 422
        form = {"role": "fractional-cto", "severe-rebuild": amount, amount[:9]: "yes"}
        assert client.post("/red-flags", data=form).status_code == 200


class TestAddresses:
    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO"])
    @pytest.mark.parametrize("path", ["/", "/quiz", "/t/none", "/static/site.css"])
    def test_other_methods_are_refused(self, client, method, path):
        answer = client.request(method, path)
        assert answer.status_code == 405
        assert "access-control-allow-origin" not in answer.headers

    @pytest.mark.parametrize("path", ["/", "/quiz", "/roles", "/healthz", "/static/site.css"])
    def test_head_answers_as_get_does_and_counts_as_nothing(self, client, path):
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")

    @pytest.mark.parametrize(
        "path",
        [
            "/static/../app.py",
            "/static/..%2f..%2fapp.py",
            "/static/%2e%2e/%2e%2e/database.py",
            "/static/..%5c..%5capp.py",
            "/static//etc/passwd",
            "/static/%00",
            "/static/",
            "/t/..%2f..%2fetc%2fpasswd",
            "/t/" + "a" * 900,
            "/t/%00",
            "/t/%ff%ed%a0%80",
            "/t/",
        ],
    )
    def test_there_is_nothing_beside_the_pages(self, client, path):
        assert client.get(path).status_code == 404

    @pytest.mark.parametrize("path", ["/static/" + "a" * 5000, "/t/" + "9" * 60_000])
    def test_an_address_that_is_too_long_is_refused(self, client, path):
        assert client.get(path).status_code == 414

    @pytest.mark.parametrize("path", ["/quiz/", "//evil.example/", "/t/%2e%2e/", "/static"])
    def test_nothing_sends_a_visitor_elsewhere(self, client, path):
        answer = client.get(path, follow_redirects=False)
        assert answer.status_code in {200, 404}
        assert "location" not in answer.headers

    @pytest.mark.parametrize("host", ["evil.example", "127.0.0.1@evil.example", "[", "a b", "\\"])
    def test_a_server_for_this_machine_is_reached_by_no_other_name(self, client, host):
        assert client.get("/", headers={"host": host}).status_code == 421

    @pytest.mark.parametrize("host", ["localhost:9999", "127.0.0.1", "[::1]:8787"])
    def test_it_is_reached_by_every_name_of_this_machine(self, client, host):
        assert client.get("/", headers={"host": host}).status_code == 200

    @pytest.mark.parametrize("origin", ["http://[", "https://127.0.0.1:8787.evil.example", ""])
    def test_an_odd_origin_is_another_site(self, client, origin):
        assert client.post("/quiz", data={"a": "b"}, headers={"origin": origin}).status_code == 403

    def test_links_are_made_of_the_public_address_and_not_of_a_header(self, tmp_path):
        with site(tmp_path, public_url="https://triage.example.com") as client:
            names = {"host": "evil.example", "x-forwarded-host": "evil.example"}
            page = walk(client, begin(client, THREE))
            page = client.get(page.url.path, headers=names)
            assert "evil.example" not in page.text
            mail = re.search(r'href="mailto:([^"]*)"', page.text)[1].replace("&amp;", "&")
            assert f"https://triage.example.com{page.url.path}" in unquote(mail)

    @pytest.mark.parametrize(
        ("path", "kind"),
        [
            ("/", "text/html; charset=utf-8"),
            ("/nowhere", "text/html; charset=utf-8"),
            ("/charts.css", "text/css; charset=utf-8"),
            ("/static/site.css", "text/css; charset=utf-8"),
            ("/static/icon.svg", "image/svg+xml"),  # in ASCII
            ("/healthz", "application/json"),
        ],
    )
    def test_an_answer_says_what_it_is(self, client, path, kind):
        assert client.get(path).headers["content-type"] == kind

    def test_looking_at_a_page_changes_nothing(self, client):
        page = walk(client, begin(client, THREE))
        for path in ("delete", "verdict?revenue=500k&software=yes", "report"):
            client.get(page.url.path.replace("verdict", path))
            client.head(page.url.path.replace("verdict", path))
        assert client.get(page.url.path).text == page.text

    def test_there_is_no_verdict_before_the_questions_are_answered(self, client):
        page = begin(client, THREE)
        for part in ("verdict", "report"):
            answer = client.get(f"{page.url.path}/{part}")
            assert heading(answer) == "I read three problems. Is that right?"
        client.post(f"{page.url.path}/verdict", data={"revenue": "3M", "software": "no"})
        client.post(page.url.path, data={"id": "software", "choice": "no", "do": "confirm"})
        assert heading(client.get(page.url.path)) == "I read three problems. Is that right?"


class TestWords:
    def test_markup_is_text_on_every_page(self, client):
        page = begin(
            client, f"1. Invoices {MARKUP} are typed\n2. Stock {{{{7*1234567}}}} %s {{link}}"
        )
        seen = [page.text]
        page = walk(client, page, company=f"Acme{MARKUP}{{link}}")
        assert page.url.path.endswith("/verdict")
        seen += [
            page.text,
            client.get(page.url.path.replace("verdict", "report")).text,
            client.get(page.url.path.replace("verdict", "delete")).text,
            client.post(page.url.path, data={"revenue": MARKUP, "software": MARKUP}).text,
            send(client, client.get("/"), text=MARKUP).text,
            client.post("/returns", data={"hours_saved": MARKUP}).text,
            client.get("/red-flags", params={"role": MARKUP}).text,
            client.get("/" + MARKUP).text,
        ]
        assert sum("&lt;script&gt;" in one for one in seen) >= 5
        for text in seen:
            assert "<script>alert" not in text
            assert "<img src=x" not in text
            assert text.count("<title>") == text.count("</title>") == 1
            assert "8641969" not in text

    def test_a_name_cannot_add_a_line_to_the_mail_or_a_header(self, client):
        page = walk(
            client, begin(client, THREE), company="Acme\r\nBcc: evil@example.com\r\n\r\n<x>"
        )
        mail = re.search(r'href="(mailto:[^"]*)"', page.text)[1]
        assert "Bcc" not in mail
        assert "bcc" not in client.get(page.url.path.replace("verdict", "report")).headers

    def test_a_full_house_gives_a_form_back_as_text(self, client, monkeypatch):
        async def full(self, work):
            raise owner_busy

        from triage_agent.web.engine import Engine, TooBusyError

        owner_busy = TooBusyError()
        monkeypatch.setattr(Engine, "run", full)
        form = {"text": MARKUP, MARKUP: MARKUP, "agree": "yes"}
        page = client.post("/", data=form)
        assert page.status_code == 503
        assert "<script>alert" not in page.text
        assert Form(page.text).fields[MARKUP] == MARKUP


class TestTwoAtOnce:
    def test_a_form_that_was_changed_by_going_back_is_another_conversation(self, client):
        first = client.get("/")
        one = send(client, first, text=THREE, agree="yes")
        other = send(client, first, text="Leads get lost", agree="yes")
        assert one.url != other.url
        assert heading(other) != heading(one)

    def test_who_knows_what_a_form_carried_but_not_its_text_finds_nothing(self, client):
        first = client.get("/")
        once = Form(first.text).fields["once"]
        one = send(client, first, text=THREE, agree="yes")
        other = client.post("/", data={"once": once, "text": "Let me see", "agree": "yes"})
        assert other.url != one.url

    def test_two_windows_that_answer_do_not_undo_each_other(self, client):
        page = begin(client, THREE)
        walk(client, page, company="Acme")
        late = send(client, page, do="remove:1")
        assert late.url.path.endswith("/verdict")
        assert "Acme" in late.text
        assert late.text.count("<li><p") == 3

    def test_deleting_while_a_problem_is_read_leaves_nothing(self, tmp_path):
        class Waits(WordModel):
            def __init__(self):
                super().__init__()
                self.begun, self.goes_on = threading.Event(), threading.Event()

            async def predict(self, problem):
                self.begun.set()
                self.goes_on.wait(10)
                return await super().predict(problem)

        model, statuses = Waits(), []
        with site(tmp_path, model) as client:
            page = begin(client, "Quokkas are typed into a list by hand each day")
            path = page.url.path
            page = send(client, page, do="confirm", text="Wombat Ltd")
            page = send(client, page, do="confirm", choice="1M to 10M")
            form = {"id": "software", "choice": "no", "do": "confirm"}
            last = threading.Thread(
                target=lambda: statuses.append(client.post(path, data=form).status_code)
            )
            last.start()
            assert model.begun.wait(10)
            gone = client.post(f"{path}/delete")
            model.goes_on.set()
            last.join()
            assert heading(gone) == "Deleted"
            assert statuses == [404]
            for file in tmp_path.rglob("*"):
                held = file.read_bytes().lower() if file.is_file() else b""
                assert b"quokka" not in held, file
                assert b"wombat" not in held, file


class TestTheLog:
    def test_an_error_is_logged_by_its_place_and_without_what_was_written(
        self, client, caplog, monkeypatch
    ):
        def fails(question, form):
            raise ValueError(f"{form['text']} is no answer")

        page = send(client, begin(client, THREE), do="confirm")
        monkeypatch.setattr(owner, "answer_of", fails)
        with caplog.at_level(logging.DEBUG):
            answer = send(client, page, text="Wombat Ltd", do="confirm")
        assert (answer.status_code, heading(answer)) == (500, "Something went wrong here")
        assert "content-security-policy" in answer.headers
        ours = [one for one in caplog.records if one.name.startswith("triage_agent")]
        assert "ValueError" in ours[-1].getMessage()
        assert "test_hostile.py" in ours[-1].getMessage()
        for record in caplog.records:
            if not record.name.startswith("httpx2"):  # the test's own client
                said = logging.Formatter().format(record)
                assert "Wombat" not in said
                assert page.url.path.rpartition("/")[2] not in said

    def test_the_place_of_an_error_names_what_led_to_it(self):
        try:
            try:
                int("Wombat")
            except ValueError as error:
                raise KeyError("Wombat") from error
        except KeyError as error:
            said = places(error)
        assert re.fullmatch(r"KeyError \(.*\), after ValueError \(.*\)", said)
        assert "Wombat" not in said


class TestWhoAsks:
    @pytest.mark.parametrize(
        ("address", "counted"),
        [
            ("203.0.113.9", "203.0.113.9"),
            ("2001:db8:1:2:3:4:5:6", "20010db800010002::/64"),
            ("2001:db8:1:2:ffff::1", "20010db800010002::/64"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("x" * 5000, "x" * 100),
        ],
    )
    def test_a_customer_s_network_counts_as_one(self, address, counted):
        class Request:
            class client:  # noqa: N801  (as Starlette names it)
                host = address

        assert who(Request()) == counted

    @pytest.mark.parametrize("proxy", ["*", "0.0.0.0/0", "::/0", "proxy.example", ""])
    def test_not_everybody_can_be_trusted_to_say_who_asks(self, tmp_path, proxy):
        with pytest.raises(SettingsError, match="--trusted-proxy"):
            ServeOptions(tmp_path, trusted_proxies=(proxy,)).check()

    @pytest.mark.parametrize("proxy", ["127.0.0.1", "10.0.0.0/8", "::1", "fd00::/8"])
    def test_a_proxy_is_an_address_or_a_network(self, tmp_path, proxy):
        ServeOptions(tmp_path, trusted_proxies=(proxy,)).check()
