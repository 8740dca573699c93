import pytest

from triage_agent.models.llm.json_objects import CONFLICT, objects_in


def values(text, **options):
    return [found.value for found in objects_in(text, **options)]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": true, "b": ["x"], "c": null, "d": -1.5}',
        "{'a': True, 'b': ['x'], 'c': None, 'd': -1.5}",
        '{"a": true, "b": ["x",], "c": null, "d": -1.5,}',
        '{a: true, b: ["x"], c: null, d: -1.5}',
        '{"a": true, // yes\n "b": ["x"], /* no, {no} */ "c": null, "d": -1.5}',
        '{"a": True, "b": [\'x\'], "c": none, "d": -1.5} # {"a": 1',
    ],
    ids=["strict", "Python", "a comma too many", "bare keys", "comments", "all at once"],
)
def test_an_object_is_read_whatever_slips_it_has(text):
    assert values(f"Sure: {text} Anything else?")[:1] == [
        {"a": True, "b": ["x"], "c": None, "d": -1.5}
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"""{'a': 'it\'s "so"', }""", 'it\'s "so"'),
        (r"""{'a': 'it is \"so\"', }""", 'it is "so"'),
        ('{"a": "1\n2", }', "1\n2"),
        ('{"a": "http://x // y", }', "http://x // y"),
        (r'{"a": "\u00e9 \ud83d\ude00 \/", }', "é 😀 /"),
        ('{"a": "it\'s {", }', "it's {"),
    ],
)
def test_a_string_is_what_it_is_in_json(text, value):
    assert values(text) == [{"a": value}]


@pytest.mark.parametrize(
    "text",
    [
        "{label, signals}",
        '{"a": }',
        '{"a" 1}',
        '{"a": tru}',
        '{"a": f"{b}"}',
        '{"a": open("x")}',
        "{'a': 'it's'}",
        '{"a": "torn',
        "{**b}",
        '{"a": b"x"}',
        '{"a": 1 + 1}',
        "{1: 2}",
        '{"a":' * 100_000,
        "[" * 100_000,
        '{"a": ' + "9" * 5_000 + "}",
    ],
    ids=lambda text: text[:16],
)
def test_nothing_is_made_up_to_make_an_object(text):
    assert values(text) == []


def test_the_outermost_ones_are_found_in_order():
    assert values('{"a": {"b": 1}} [{"c": 2}] {"d": 3}') == [{"a": {"b": 1}}, [{"c": 2}], {"d": 3}]


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "{'a': 1, 'a': 2}"])
def test_a_key_with_two_values_has_none(text):
    assert values(text) == [{"a": CONFLICT}]


def test_a_key_with_the_same_value_twice_has_it():
    assert values('{"a": 1, "a": 1}') == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('Sure: {"a": true, "b": "cut of', {"a": True}),
        ('{"a": true, "b": ["x", "cut', {"a": True, "b": ["x"]}),
        ('{"a": true, "b": 9', {"a": True}),
        ('{"a": true, "b": 90, ', {"a": True, "b": 90}),
        ('{"a": true, "b": fal', {"a": True}),
        ('{"a": true, "b"', {"a": True}),
        ('{"a": "\ud83d", "b": "cut', {"a": "?"}),
    ],
)
def test_of_an_object_in_which_the_text_ends_what_is_complete_is_read(text, value):
    assert values(text, cut_off=True) == [value]
    assert values(text) == []
