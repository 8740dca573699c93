"""What is taken out of a text before it goes to a remote model, and put back afterwards."""

import re
import subprocess
import sys
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from triage_agent.privacy import mask, original_span, redact, restore, without_half_placeholder

EMAILS = [
    "ann@example.com",
    "Ann.Lee+billing@mail.example.co.uk",
    "ANN@EXAMPLE.COM",
    "josé@exämple.de",
    "jose\u0301@example.com",
    "анна@почта.рф",
    "o'brien@example.ie",
    "ann_lee-1@163.com",
    "ann@mail.4chan.org",
    '"ann lee"@example.com'.replace(" ", "."),
    "ann @ example.com",
    "ann＠example.com",
    "ann at example dot com",
    "ann [at] example [dot] com",
    "ann(at)example.com",
    "ann {at} mail {dot} example {dot} com",
    "ann%40example.com",
    "<ann@example.com>",
    "mailto:ann@example.com?subject=hi",
    "ann@example.com,bob@example.org;cy@example.net",
]
PHONES = [
    "415-555-2671",
    "(415) 555-2671",
    "(415)555-2671",
    "415.555.2671",
    "415 555 2671",
    "4155552671",
    "1-415-555-2671",
    "1 (415) 555-2671",
    "+1 415 555 2671",
    "+14155552671",
    "+1.415.555.2671",
    "415-555-2671 x204",
    "415-555-2671, ext. 204",
    "415‑555‑2671",
    "415\u00a0555\u00a02671",
    "415 – 555 – 2671",
    "１-４１５-５５５-２６７１",
    "555-010-9999",
    "_415-555-2671_",
    "\\n415-555-2671",
    "+44 20 7946 0958",
    "+44 (0)20 7946 0958",
    "0044 20 7946 0958",
    "020 7946 0958",
    "07911 123456",
    "(0161) 496 0018",
    "+49 30 901820",
    "030 / 901820",
    "0176 12345678",
    "+33 6 12 34 56 78",
    "06 12 34 56 78",
    "06.12.34.56.78",
    "+34 612 345 678",
    "+353 1 679 3555",
    "+31 (0)20 794 0958",
    "+39 06 6982 1234",
    "011 44 20 7946 0958",
    "call 555-0132",
    "mobile: 612 345 678",
    "https://wa.me/34612345678",
]
CARDS = [
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "4111111111111111",
    "4111.1111.1111.1111",
    "5500 0000 0000 0004",
    "2223 0031 2200 3222",
    "3782 822463 10005",
    "378282246310005",
    "6011 0009 9013 9424",
    "3056 930902 5904",
    "41111111 11111111",
    "4111 1111 1111 1111 12/27",
    "2024 4111 1111 1111 1111",
    "card number 4111 1111 1111 1112",
]
ACCOUNTS = [
    "DE89 3704 0044 0532 0130 00",
    "DE89370400440532013000",
    "de89 3704 0044 0532 0130 00 and",
    "GB29 NWBK 6016 1331 9268 19",
    "FR14 2004 1010 0505 0001 3M02 606",
    "MT84MALT011000012345MTLCAST001S",
    "NO93 8601 1117 947",
    "account number 000123456",
    "Acct# 12345678",
    "acct no. 1234-5678-90",
    "routing 021000021",
    "ABA: 021000021",
    "sort code 20-30-40",
    "078-05-1120",
    "SSN is 078 05 1120",
    "EIN 12-3456789",
    "card number 4111 1111 1111 1112, cvv: 123",
]
URLS = [
    "https://ann:hunter2@crm.example/leads",
    "ftp://ann:p@ss@files.example/",
    "https://app.example/reset?token=abcdefgh",
    "https://s3.example/x.csv?X-Amz-Signature=abcdef&x=1",
    "https://app.example/#access_token=abcdefgh",
    "https://hooks.zapier.com/hooks/catch/123/abc",
]
KEYS = [
    "sk-proj-Ab3dEf6hIj9",
    "sk_live_abcdefghijkl",
    "ghp_abcdefghijklmnopqrst",
    "AKIAIOSFODNN7EXAMPLE",
    "xoxb-123456789012-abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-DEF_123",
    "Authorization: Basic YW5uOmh1bnRlcg==",
    "the password is hunter2!",
    "STRIPE_API_KEY=abcd1234",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----",
]
PERSONAL = [
    pytest.param(kind, spelling, id=f"{kind} {spelling!r}")
    for kind, spellings in (
        ("EMAIL", EMAILS),
        ("PHONE", PHONES),
        ("CARD", CARDS[:-1]),
        ("ACCOUNT", [CARDS[-1], *ACCOUNTS]),
        ("URL", URLS),
        ("KEY", KEYS),
    )
    for spelling in spellings
]
FRAMES = {
    "{}": "alone",
    "Please write to {} or ask the front desk.": "in a sentence",
    '"{}",': "in quotation marks",
    "We get 3,000 orders a day:\n{}\nand 12 returns": "on a line of its own",
}
# What may stay of a spelling: words that introduce it, a date or year beside it, separators.
HARMLESS_REST = re.compile(
    r"\[[A-Z]+_\d\]|12/27|2024|\\n|https://wa\.me|mailto|subject=hi|the password is|STRIPE_API_KEY"
    r"|Authorization: Basic|\b(?:call|mobile|and|card|account|acct|routing|aba|sort|code|number"
    r"|ssn|is|no|ein|cvv)\b|[\s\W_]",
    re.IGNORECASE,
)


@pytest.mark.parametrize("frame", [pytest.param(f, id=name) for f, name in FRAMES.items()])
@pytest.mark.parametrize(("kind", "spelling"), PERSONAL)
def test_nothing_personal_survives_and_all_of_it_comes_back(kind, spelling, frame):
    text = frame.format(spelling)
    before, after = frame.split("{}")
    redacted = redact(text)
    assert redacted.text.startswith(before)
    assert redacted.text.endswith(after)
    rest = redacted.text.removeprefix(before).removesuffix(after)
    assert f"[{kind}_1]" in rest
    assert HARMLESS_REST.sub("", rest) == ""
    assert restore(redacted.text, redacted) == text


INNOCENT = [
    "We ship 3,000 orders a week and get 1,200 e-mails.",
    "Support is open 24/7, 365 days a year.",
    "Revenue was $4,155,552,671 last year.",
    "Revenue was 4155552671 dollars, or $4155552671.",
    "We made $1.2M in 2023 and 2,500,000 in 2024.",
    "Between 2019-2024 we grew from 12 to 150 people.",
    "It happened on 2024-01-02, 01/02/2024 and 02.01.2024.",
    "It happened on 2024-01-02 10:30:15 and 2024-01-02T10:30:15Z.",
    "From 2024-01-02 to 2024-02-03 and 01/02/2024-03/04/2024.",
    "Open 09:00-17:00, Sat 10-14.",
    "Shifts run 0900-1700 0800-1600.",
    "We are in Beverly Hills, CA 90210-1234.",
    "The ZIP codes are 02139, 10001, 94105 and 60601.",
    "The server is at 192.168.100.200 on port 8080.",
    "The server is at 10.0.0.1:5432 and 127.0.0.1.",
    "We run version 10.15.7 with Python 3.11.4 and macOS 14.2.1.",
    "Build 2024.11.05.1234 broke the export.",
    "SKU 4155552671 is always out of stock.",
    "SKU 415-555-2671 is always out of stock.",
    "Order number 4155552671 was lost.",
    "Order #4155552671 was lost, and PO 415 555 2671 too.",
    "Invoice INV-2024-000123 and ticket #48211 were lost.",
    "Part AB-1234-5678 and model XR500-20-30 are gone.",
    "UPC 012345678905 and EAN 4006381333931 do not scan.",
    "ISBN 978-3-16-148410-0 is sold out.",
    "FedEx 9400 1000 0000 0000 0000 00 never arrived.",
    "The tracking number 1Z999AA10123456784 never arrived.",
    "Row 1234567 of 2000000 failed at 1700000000.",
    "The id is 550e8400-e29b-41d4-a716-446655440000.",
    "The digest is 9f86d081884c7d659a2feaa0c55ad015.",
    "We spend 5-6 hours a day, 20-25 hours a week, on 3-4 reports.",
    "About 1 000 000 rows, 25 000 of them wrong.",
    "Margins fell from 12.5% to 9.75% on 1.234.567,89 euros.",
    "100 200 300 400 500 600 700 800 900 units a month.",
    "2019 2020 2021 2022 2023 2024 sales are in the sheet.",
    "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 steps.",
    "Sales: 1200 1350 1425 1600 by quarter.",
    "We call 200 customers and text 3,000 people a month.",
    "Each call takes 15 minutes and costs $2.50.",
    "Our 12 accounts manage 2,400 jobs for 1,500 clients.",
    "Account managers lose 20 hours a week.",
    "We have 3 accounts 2024 was the best year for.",
    "Card payments fail 5% of the time, 1,000 times a day.",
    "A 1920x1080 screen, 4K video, 16:9.",
    "Room 12-34, aisle 5-6, shelf 7/8.",
    "GPS 37.774929, -122.419416 is the warehouse.",
    "Sizes are 10x20x30 cm, weight 2.5 kg.",
    "Section 3.2.1, pages 100-150, figures 4-7.",
    "That is +15% or +1 000 000 visits, a 0.05 to 0.10 share.",
    "We pay $15-$20 an hour, $3,000-$5,000 a month.",
    "The budget is 250k-500k, maybe 0.75M.",
    "Look at example.com and https://shop.example/item/12345678?page=2.",
    "We meet at example.com headquarters at 5.30pm @ noon.",
    "Bought 50@3.50 and 100 @ 2.75 each.",
    "Follow @ann_lee on Instagram, #sales2024.",
    "The key-performance indicators and the risk-register are late.",
    "Nobody knows the password, the token expires, and the API key is lost.",
    "People reset their password: 30 a week.",
    "C3PO and R2D2, Q3 FY24, H1 2025, W-2 and 1099 forms.",
    "Form 1099-MISC, 401(k), ISO 9001:2015, SOC 2.",
    "DE89 is a motorway and GB29 a road, AB12 3456 7890 1234 a part.",
    "We do 0.4155552671 of it, 3.14159265358979 exactly.",
    "Nine zeros: 1000000000, or 10000000000 cents.",
]


@pytest.mark.parametrize("text", INNOCENT)
def test_a_text_without_personal_data_stays_as_it_is(text):
    assert redact(text).text == text
    assert redact(text).originals == {}


def test_the_tables_are_as_long_as_was_asked():
    assert len(EMAILS + PHONES + CARDS) >= 60
    assert len(INNOCENT) >= 60


def test_equal_originals_share_a_placeholder_and_others_are_numbered_in_order():
    text = "ann@example.com, bob@example.com, ann@example.com, 415-555-2671"
    redacted = redact(text)
    assert redacted.text == "[EMAIL_1], [EMAIL_2], [EMAIL_1], [PHONE_1]"
    assert redacted.originals == {
        "[EMAIL_1]": "ann@example.com",
        "[EMAIL_2]": "bob@example.com",
        "[PHONE_1]": "415-555-2671",
    }


def test_a_placeholder_that_the_text_already_holds_keeps_its_meaning():
    redacted = redact("[EMAIL_1] is not ann@example.com, nor is [EMAIL_3] bob@example.com")
    assert redacted.text == "[EMAIL_1] is not [EMAIL_2], nor is [EMAIL_3] [EMAIL_4]"


@pytest.mark.parametrize("text", ["ann@example.com", "tel +44 20 7946 0958", "password: hunter2!"])
def test_a_text_that_is_cut_shows_no_half_of_a_placeholder(text):
    redacted = redact(f"ask {text}").text
    start = redacted.index("[")
    for end in range(start + 1, len(redacted)):
        assert without_half_placeholder(redacted[:end]) == redacted[:start]
    masked = mask(f"ask {text}")
    start = masked.index("[")
    for end in range(start + 1, len(masked)):
        assert without_half_placeholder(masked[:end]) == masked[:start]


@pytest.mark.parametrize("text", ["see [1", "see [Key", "list[x", "[EMAIL_1] and [a", "no bracket"])
def test_what_is_no_placeholder_is_not_cut(text):
    assert without_half_placeholder(text) == text


def test_numbers_that_stand_side_by_side_are_told_apart():
    text = "06 12 34 56 78 06 98 76 54 32, 415-555-2671/415-555-2672 and +44 20 7946 0958 2024"
    redacted = redact(text)
    assert redacted.text == "[PHONE_1] [PHONE_2], [PHONE_3]/[PHONE_4] and [PHONE_5] 2024"


@pytest.mark.parametrize(
    ("quote", "original"),
    [
        pytest.param("write to [EMAIL_1]", "write to ann@example.com", id="of the text"),
        pytest.param("[EMAIL_2] [PHONE_1]", "[EMAIL_2] [PHONE_1]", id="of nothing in the text"),
        pytest.param("EMAIL_1", "EMAIL_1", id="without its brackets"),
        pytest.param("", "", id="of no words"),
    ],
)
def test_a_quote_gets_only_the_originals_that_it_names(quote, original):
    assert restore(quote, redact("Please write to ann@example.com")) == original


PIECES = ["[EMAIL_1]", "[", "]", "_", "1", "PHONE", "\0", "@", ".", " ", "-", "+", "(", "0", "sk-"]
pieces = st.lists(
    st.one_of(
        st.sampled_from([*PIECES, *EMAILS, *PHONES, *CARDS, *ACCOUNTS, *URLS, *KEYS]), st.text()
    )
).map("".join)


@given(st.one_of(st.text(), pieces))
@example("[EMAIL_1]ann@example.com[EMAIL_2]")
@example("password: [KEY_1]")
@example("\ud800 ann@example.com")
def test_every_text_comes_back_unchanged(text):
    redacted = redact(text)
    assert restore(redacted.text, redacted) == text


LENGTH = 100_000
HOSTILE = [
    "1", "0", "+", "@", ".", "-", "a", "(", "[", "1 ", "0 ", "+1", "a@", "a.", "a@a.", "a@a.a",
    "a'", "'", "sk-", "pk-", "eyJ-", "a://", "a://a@", "?key=", "call 1", "account 1", "ab12 ",
    "de89 1111 1111 ", "4111 ", "4111 1111 1111 1112 ", "0123 456 ", "415 555 2671 ",
    "06 12 34 56 78 ", "+44 20 7946 0958 ", "+999 ", "a at a dot ", "(at)", '"', "\\n1", "1.",
    "1-1-1-", "password: ", "-----BEGIN PRIVATE KEY-----a", "Bearer ", "ann@example.com ",
    "password ", "password is ", "the password ", "pin ", "code for the door ", "secret ", "admin:",
    "login: a/", "use a1 as ", "P@ssw0rd", "capital ", "one two ", "seven ", "a at gmail ", "&#64;",
    "a@\n", "a\n@", "a@a-\n", '"a b"@', "a_at_a", "a1B2c3D4e5F6g7H8 ", "token a1B2c3D4e5F6g7H8 ",
    "sort code 20-30-40 ", "cvv ", "iban GB29 ", "passport A1234567 ", "123456 is my ",
    "12 34 56 78 ",
    "Madrid 912 345 678 ", "number is ", "0451-225-1234 ", "part number is ", "1//0",
    "0/1234567890:",
]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_long_text_made_to_be_slow_is_read_soon(unit):
    text = unit * (LENGTH // len(unit))
    started = time.process_time()
    redacted = redact(text)
    assert time.process_time() - started < 2  # one quadratic pattern would take minutes
    assert restore(redacted.text, redacted) == text


def test_importing_the_module_compiles_no_pattern_and_loads_no_phone_library():
    program = (
        "import re, sys\n"
        "compiled, before = set(), re._compiler.compile\n"
        "def compile(pattern, flags=0):\n"
        "    compiled.add(pattern)\n"
        "    return before(pattern, flags)\n"
        "re._compiler.compile = compile\n"
        "from triage_agent.privacy import redact\n"
        "names = [name for name in sys.modules if name.startswith('triage_agent.privacy.')]\n"
        "values = [one for name in names for one in vars(sys.modules[name]).values()]\n"
        "patterns = [one for one in values if isinstance(one, re.Pattern)]\n"
        "ours = {one for one in values if isinstance(one, str)}\n"
        "print(len(names) > 5, patterns, compiled & ours, 'phonenumbers' in sys.modules)"
    )
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "True [] set() False\n"


PIECES = [
    "ann@example.com ",
    "call +1 (555) 010-9999, ",
    "[EMAIL_1] ",
    "a",
    "é",
    "stock is wrong, ",
]


@given(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), st.data())
def test_a_place_of_a_redacted_text_is_found_in_the_original(text, data):
    hidden = redact(text)
    start = data.draw(st.integers(0, len(hidden.text)))
    end = data.draw(st.integers(start, len(hidden.text)))
    first, last = original_span(hidden, start, end)
    assert 0 <= first <= last <= len(text)
    assert original_span(hidden, 0, len(hidden.text)) == (0, len(text))
    parts = [restore(part, hidden) for part in (hidden.text[:start], hidden.text[start:end])]
    if text.startswith("".join(parts)):  # neither end is within a placeholder
        assert (first, last) == (len(parts[0]), len(parts[0] + parts[1]))
