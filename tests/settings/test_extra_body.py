import pytest

from triage_agent.errors import SettingsError
from triage_agent.settings import Backend, Choice, Options, check_options, read_extra_body
from triage_agent.settings.extra_body import OURS

LLM = Choice(Backend.LLM, "a model is named", "m")


@pytest.mark.parametrize("text", ["{}", '{"top_k": 3}', '{"a": {"b": [1, null, true]}}'])
def test_a_json_object_is_read_from_the_option_or_from_a_file(text, tmp_path):
    path = tmp_path / "extra.json"
    path.write_text("\ufeff" + text, encoding="utf-8")
    assert read_extra_body(text) == read_extra_body(f"@{path}")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", "7", "null", '{"a": NaN}', '{"a": Infinity}', "top_k=3", "[" * 100_000],
    ids=lambda text: text[:20],
)
def test_what_is_no_json_object_is_an_error_that_names_the_option(text):
    with pytest.raises(SettingsError, match="--extra-body"):
        read_extra_body(text)


def test_the_error_does_not_show_what_may_be_private():
    with pytest.raises(SettingsError) as caught:
        read_extra_body('{"user": "secret-word"')
    assert "secret-word" not in caught.value.message


@pytest.mark.parametrize(("name", "option"), OURS.items())
def test_what_triage_sets_itself_is_refused_with_the_option_that_sets_it(name, option):
    with pytest.raises(SettingsError) as caught:
        read_extra_body(f'{{"{name}": 1}}')
    assert repr(name) in caught.value.message
    assert option in caught.value.message


@pytest.mark.parametrize("given", ["@no-such.json", "@"])
def test_a_file_that_is_not_there_is_an_error_that_names_it(given):
    with pytest.raises(SettingsError):
        read_extra_body(given)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"extra_body": '{"model": "x"}'}, "--extra-body"),
        ({"reasoning_effort": " "}, "--reasoning-effort"),
        ({"reasoning_effort": "very\nlow"}, "--reasoning-effort"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_output_tokens": "many"}, "max_output_tokens"),
    ],
    ids=str,
)
def test_they_are_checked_before_anything_is_sent(options, name):
    with pytest.raises(SettingsError, match=name):
        check_options(LLM, Options(model="m", **options))
