"""The signatures of form tools, by vectors that others published and by what is nearly right."""

import base64
import hmac

import pytest

from triage_agent.web.hook_signatures import (
    WINDOW_S,
    Verdict,
    is_secret,
    standard,
    tally,
    typeform,
)

# The example in the documentation of the scheme that Standard Webhooks was made of.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 (it is published)
NOW = 1_614_265_330
BODY = b'{"test": 2432232314}'
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(NOW),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
# RFC 4231, test case 2.
KEY, CONTENT = "Jefe", b"what do ya want for nothing?"
DIGEST = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
MADE = base64.b64encode(bytes.fromhex(DIGEST)).decode()


def test_a_published_signature_is_right():
    assert standard(HEADERS, BODY, SECRET, NOW) is Verdict.RIGHT
    given = HEADERS | {"webhook-signature": f"v1,AAAA v1a,x {HEADERS['webhook-signature']}"}
    assert standard(given, BODY, SECRET, NOW) is Verdict.RIGHT


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", ""),
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek."),
        ("webhook-timestamp", str(NOW + 1)),
        ("webhook-timestamp", f" {NOW}"),
        ("webhook-signature", ""),
        ("webhook-signature", HEADERS["webhook-signature"].removeprefix("v1,")),
        ("webhook-signature", HEADERS["webhook-signature"].replace("v1,", "v2,")),
        ("webhook-signature", HEADERS["webhook-signature"].lower()),
        ("webhook-signature", "v1,\udcff"),
    ],
)
def test_what_is_nearly_right_is_wrong(name, value):
    assert standard(HEADERS | {name: value}, BODY, SECRET, NOW) is Verdict.WRONG
    assert standard(HEADERS, BODY + b" ", SECRET, NOW) is Verdict.WRONG
    assert standard({}, BODY, SECRET, NOW) is Verdict.WRONG


@pytest.mark.parametrize("late", [WINDOW_S, -WINDOW_S, WINDOW_S + 1, -WINDOW_S - 1])
def test_a_signed_time_is_compared_with_now(late):
    within = abs(late) <= WINDOW_S
    found = standard(HEADERS, BODY, SECRET, NOW + late)
    assert found is (Verdict.RIGHT if within else Verdict.OLD)


@pytest.mark.parametrize("moment", ["", "now", "²", "1e9", "-1", "9" * 400])
def test_a_signed_time_that_is_none_is_old(moment):
    content = f"a.{moment}.".encode() + BODY
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    made = base64.b64encode(hmac.digest(key, content, "sha256")).decode()
    headers = {
        "webhook-id": "a",
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{made}",
    }
    assert standard(headers, BODY, SECRET, NOW) is Verdict.OLD


def test_the_signatures_of_typeform_and_tally_are_those_of_the_rfc():
    assert typeform({"typeform-signature": f"sha256={MADE}"}, CONTENT, KEY, 0) is Verdict.RIGHT
    assert typeform({"typeform-signature": MADE}, CONTENT, KEY, 0) is Verdict.WRONG
    assert tally({"tally-signature": MADE}, CONTENT, KEY, 0) is Verdict.RIGHT
    assert tally({"tally-signature": f"sha256={MADE}"}, CONTENT, KEY, 0) is Verdict.WRONG


def test_every_comparison_takes_the_same_time_wherever_it_differs(monkeypatch):
    compared = []

    def compare(one, other):
        compared.append((one, other))
        return False

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert not is_secret("a", "a")
    assert standard(HEADERS, BODY, SECRET, NOW) is Verdict.WRONG
    assert tally({"tally-signature": MADE}, CONTENT, KEY, 0) is Verdict.WRONG
    assert typeform({"typeform-signature": f"sha256={MADE}"}, CONTENT, KEY, 0) is Verdict.WRONG
    assert len(compared) == 4
