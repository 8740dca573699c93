"""Text comes in: arguments, pasted text, JSON Lines, and every kind of rubbish."""

import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from triage_agent.errors import InputError
from triage_agent.intake.pasted import (
    LARGEST_INPUT,
    Rejected,
    decode,
    from_arguments,
    from_stream,
    is_technology_wish,
)
from triage_agent.types import Problem


def read(raw):
    return list(from_stream(io.BytesIO(raw)))


def texts(raw):
    return [one if isinstance(one, str) else one.text for one in read(raw)]


def test_arguments_are_texts():
    assert from_arguments(["one", "two\n- more"], "advise") == ["one", "two\n- more"]


def test_an_argument_that_is_the_name_of_a_data_file_is_an_error_with_the_cure():
    with pytest.raises(InputError, match="Argument 2 is the name of a file") as caught:
        from_arguments(["leads get lost", "intake.csv"], "advise")
    assert "triage advise < intake.csv" in caught.value.message


@pytest.mark.parametrize(
    "text", ["problems.jsonl", " notes.TXT ", "/data/forms.xlsx", "..\\forms.docx", "a/b/c.md"]
)
def test_what_looks_like_a_data_file_is_not_taken_for_a_problem(text):
    with pytest.raises(InputError):
        from_arguments([text], "advise")


def test_the_path_of_a_file_that_exists_is_not_taken_for_a_problem(tmp_path):
    path = tmp_path / "my problems"
    path.write_text("leads get lost")
    with pytest.raises(InputError):
        from_arguments([str(path)], "advise")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "We e-mail report.pdf to everyone by hand",
        "and/or",
        "x" * 1_000_000,
        "a\0b/c.txt d",
        "Sales\nreport.pdf",
        "No. 1 problem: leads.",
    ],
    ids=lambda text: repr(text[:20]),
)
def test_text_is_no_path(text):
    assert from_arguments([text], "advise") == [text]


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b" \n\t\n", b"\r\n\r\n", b"\xef\xbb\xbf", b"\x00\x00", b"\xef\xbb\xbf\n\n"]
)
def test_an_empty_stream_is_an_input_error_that_shows_how_to_give_one(raw):
    with pytest.raises(InputError, match="no problem to read"):
        read(raw)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\x0c\n", id="a form feed"),
        pytest.param("\u00a0\u2003".encode(), id="wide spaces"),
        pytest.param(b"\xff\xfe", id="the mark of UTF-16 and nothing behind it"),
        pytest.param(" \n".encode("utf-16"), id="white space in UTF-16"),
    ],
)
def test_a_stream_without_a_problem_is_never_passed_over_in_silence(raw):
    with pytest.raises(InputError):
        read(raw)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_stream_is_read_in_the_encodings_that_editors_write(encoding):
    assert texts("Löhne\nΑποθήκη 🙂\n".encode(encoding)) == ["Löhne\nΑποθήκη 🙂\n"]


def test_utf_16_is_read_in_both_byte_orders():
    assert decode(b"\xff\xfea\x00") == "a"
    assert decode(b"\xfe\xff\x00a") == "a"


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        pytest.param(b"caf\xe9", r"byte 4 \(line 1\) is 0xe9", id="in the first line"),
        pytest.param(b"one\ntwo \xff\n", r"byte 9 \(line 2\) is 0xff", id="in the second line"),
        pytest.param(b"\n\n\none \xff", r"\(line 4\) is 0xff", id="behind blank lines"),
        pytest.param(b"\xef\xbb\xbfabc\xff", r"is 0xff", id="behind a byte-order mark"),
    ],
)
def test_bytes_that_are_no_text_are_an_error_that_names_the_place(raw, place):
    with pytest.raises(InputError, match=place):
        read(raw)


def test_json_lines_keep_their_ids_and_other_keys_are_ignored():
    raw = (
        b'{"id": "a7", "text": "one", "label": "x"}\n{"text": "two"}\n{"id": 9, "text": "three"}\n'
    )
    assert read(raw) == [Problem("a7", "one"), Problem("2", "two"), Problem("9", "three")]


def test_blank_lines_between_json_lines_are_passed_over_and_counted():
    raw = b'\n{"text": "one"}\n\n  \n{"text": "two"}'
    assert read(raw) == [Problem("2", "one"), Problem("5", "two")]


@pytest.mark.parametrize("own", ["null", '""', '"  "', "1.5", "[1]", '{"a": 1}'])
def test_an_id_that_is_no_name_is_replaced_by_the_lines_number(own):
    assert read(f'{{"id": {own}, "text": "one"}}'.encode()) == [Problem("1", "one")]


def test_an_empty_text_in_json_is_a_row_of_its_own():
    assert read(b'{"id": "a", "text": ""}') == [Problem("a", "")]


def test_a_text_in_json_is_not_split():
    assert texts(b'{"text": "1. one\\n2. two\\n\\nthree"}') == ["1. one\n2. two\n\nthree"]


def test_half_a_character_is_replaced_and_not_carried_further():
    assert texts(b'{"text": "a\\ud83d", "id": "x"}') == ["a\ufffd"]
    assert read(b'{"text": "a", "id": "\\udc00"}')[0].id == "\ufffd"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        pytest.param(b"{broken", r"Line 2 is not valid JSON \(column 2\)", id="no JSON"),
        pytest.param(b"plain text", "Line 2 is not valid JSON", id="plain text"),
        pytest.param(b'{"text": 5}', 'Line 2 needs a JSON object with a "text"', id="no string"),
        pytest.param(b'{"problem": "x"}', "Line 2 needs a JSON object", id="no text"),
        pytest.param(b'["text"]', "Line 2 needs a JSON object", id="a list"),
        pytest.param(b"null", "Line 2 needs a JSON object", id="null"),
        pytest.param(b'{"text": "\xff"}', "Line 2 is not UTF-8", id="not UTF-8"),
        pytest.param(b"[" * 100_000, "Line 2 is not valid JSON", id="nested too deep"),
        pytest.param(b'{"text": "a", "n": ' + b"9" * 5_000 + b"}", "Line 2", id="a huge number"),
    ],
)
def test_a_bad_json_line_is_rejected_alone_and_names_its_line(line, says):
    first, bad, last = read(b'{"text": "one"}\n' + line + b'\n{"text": "three"}')
    assert (first, last) == (Problem("1", "one"), Problem("3", "three"))
    assert isinstance(bad, Rejected)
    assert bad.id == "2"
    assert bad.error.message.startswith(says.replace("\\", "")[:6])
    with pytest.raises(InputError, match=says):
        raise bad.error


def test_a_rejected_row_keeps_its_own_id_and_its_message_names_the_line():
    (row,) = read(b'{"id": "form-7"}')
    assert row.id == "form-7"
    assert "Line 1" in row.error.message


def test_json_lines_are_read_one_at_a_time():
    class Endless(io.RawIOBase):
        """Yields rows for ever, as a pipe from a running export does."""

        def readable(self):
            return True

        def readinto(self, buffer):
            line = b'{"text": "one"}\n'
            buffer[: len(line)] = line
            return len(line)

    stream = io.BufferedReader(Endless(), buffer_size=64)
    rows = from_stream(stream)
    assert [next(rows).text for _ in range(5)] == ["one"] * 5


byte_streams = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.text(max_size=100).map(lambda text: text.encode("utf-16", "surrogatepass")),
    st.lists(
        st.one_of(
            st.binary(max_size=20),
            st.sampled_from(
                [b'{"text": "a"}', b"{", b"- a", b"", b"[1]", b"\xef\xbb\xbf", b"\xff"]
            ),
            st.recursive(
                st.none() | st.booleans() | st.floats() | st.text(max_size=5),
                lambda inner: st.dictionaries(st.sampled_from(["text", "id", "x"]), inner),
                max_leaves=5,
            ).map(lambda value: json.dumps(value).encode()),
        ),
        max_size=6,
    ).map(b"\n".join),
)


@given(byte_streams)
@example(b"\xff\xfe\x00\xd8")
@example(b"\xef\xbb\xbf\xef\xbb\xbf{}")
@example(b"{\x00")
def test_any_bytes_are_rows_or_an_input_error(raw):
    try:
        rows = read(raw)
    except InputError:
        return
    for row in rows:
        if isinstance(row, str):
            assert row.strip()
            continue
        assert isinstance(row, Problem | Rejected)
        assert row.id
        row.id.encode()
        row.text.encode()


@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_every_json_line_gives_exactly_one_row_with_its_text(values):
    raw = "\n".join(json.dumps({"id": f"r{n}", "text": v}) for n, v in enumerate(values)).encode()
    assert read(raw) == [Problem(f"r{n}", value) for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("We need an app", True),
        ("we need an app.", True),
        ("I want a chatbot", True),
        ("We need a new CRM", True),
        ("Build us a website", True),
        ("We'd like a mobile app", True),
        ("we want to use AI", True),
        ("We need an app because customers cannot see where their delivery is", False),
        ("Nobody follows up on leads", False),
        ("Our app is slow and customers leave", False),
        ("We need people who type invoices", False),
        ("", False),
        ("We need an app " * 100, False),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, str) else None,
)
def test_a_text_that_only_names_a_technology_is_a_wish(text, wish):
    assert is_technology_wish(text) is wish


class _Endless(io.RawIOBase):
    """A stream without an end, like /dev/zero or `yes`; it counts what is taken."""

    def __init__(self, piece):
        self.piece, self.taken = piece, 0

    def readable(self):
        return True

    def readinto(self, buffer):
        count = len(buffer)
        buffer[:] = (self.piece * (count // len(self.piece) + 1))[:count]
        self.taken += count
        return count


@pytest.mark.parametrize("piece", [b"x", b"y\n", b"\n", b"\0", b'{"text": "a"'], ids=repr)
@pytest.mark.parametrize("bounded", [True, False])
def test_an_input_without_an_end_is_refused_at_the_limit(piece, bounded):
    endless = _Endless(piece)
    with pytest.raises(InputError, match="10 MB, the limit"):
        list(from_stream(io.BufferedReader(endless), bounded=bounded))
    assert endless.taken < 4 * LARGEST_INPUT


def test_json_lines_are_limited_together_only_if_they_are_kept():
    line = b'{"text": "' + b"x" * 1_000_000 + b'"}\n'
    assert sum(1 for _ in from_stream(io.BytesIO(line * 12), bounded=False)) == 12
    with pytest.raises(InputError, match="10 MB, the limit"):
        list(from_stream(io.BytesIO(line * 12)))


def test_an_input_that_cannot_be_read_is_an_error_with_the_reason(tmp_path):
    with (tmp_path / "x").open("wb") as file, pytest.raises(InputError, match="cannot be read"):
        list(from_stream(file))


def test_many_blank_lines_before_a_text_take_no_long_time():
    found = list(from_stream(io.BytesIO(b"\n" * 2_000_000 + b"Leads get lost")))
    assert [text.strip() for text in found] == ["Leads get lost"]
