"""Prices: the shipped file, the user's own, and which entry a model's name finds."""

import tomllib
from decimal import Decimal

import pytest

from triage_agent.errors import SettingsError
from triage_agent.models.llm.prices import (
    PRICES,
    Price,
    batch_price,
    load_prices,
    price_for,
    price_of,
)
from triage_agent.settings import Backend, Choice, Options


def price(given, made, discount="0"):
    return Price(Decimal(given), Decimal(made), Decimal(discount))


def entry(name, given="1", made="2", host=""):
    return (
        f'[[models]]\nname = "{name}"\ninput_usd_per_million = "{given}"\n'
        f'output_usd_per_million = "{made}"\nhost = "{host}"\n'
    )


@pytest.fixture
def file(tmp_path):
    return tmp_path / "prices.toml"


def test_every_shipped_price_says_whose_it_is_since_when_and_from_where():
    models = load_prices().models
    assert len(models) >= 5
    for model in models:
        assert model.host
        assert model.looked_up
        assert model.source
        assert Decimal("0.01") < model.input_usd_per_million < model.output_usd_per_million < 100
    names = [(model.name, model.host) for model in models]
    assert len(set(names)) == len(names)


def test_a_discount_in_batches_stands_where_a_page_says_so_and_is_never_assumed():
    discounted = {model.name for model in load_prices().models if model.batch_discount}
    assert {"gpt-6-luna", "gpt-5-mini"} <= discounted
    for model in load_prices().models:
        assert bool(model.batch_source) == bool(model.batch_discount)
        assert model.host == "api.openai.com" or not model.batch_discount


def test_the_price_in_a_batch_is_what_the_user_says_else_less_the_discount(file):
    file.write_text(f'{entry("gpt-x")}batch_discount = "0.25"\n{entry("gpt-y")}', encoding="utf-8")
    prices = load_prices(file)
    assert batch_price(price_of("gpt-x", prices), None) == price("0.75", "1.50")
    assert batch_price(price_of("gpt-y", prices), None) == price("1", "2")
    assert batch_price(price_of("gpt-x", prices), "0.1/0.2") == price("0.1", "0.2")
    assert batch_price(price_of("gpt-x", prices, "3/4"), None) == price("3", "4")
    assert batch_price(None, None) is None
    with pytest.raises(SettingsError, match="--batch-price 'half' is not a price"):
        batch_price(None, "half")


@pytest.mark.parametrize("discount", ["-0.1", "1.1", "NaN", "half"])
def test_a_discount_that_is_no_share_is_refused(discount, file):
    file.write_text(f'{entry("gpt-x")}batch_discount = "{discount}"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="batch_discount"):
        load_prices(file)


def test_shipped_prices_are_written_as_text_so_that_no_float_comes_near_them():
    shipped = tomllib.loads((PRICES).read_text(encoding="utf-8"))
    values = [value for model in shipped["models"] for value in model.values()]
    assert not [value for value in values if isinstance(value, float)]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        pytest.param("gpt-x", price("0.25", "2"), id="the name itself"),
        pytest.param("gpt-x-2025-08-07", price("0.25", "2"), id="a dated name means its family"),
        pytest.param("gpt-x-2024-05-13", price("5", "15"), id="a dated name with its own price"),
        pytest.param("gpt-x-mini", None, id="a relative is not the family"),
        pytest.param("gpt-x-2025-08", None, id="half a date"),
        pytest.param("gpt-x-2025-08-07-hd", None, id="something after the date"),
        pytest.param("ft:gpt-x-2025-08-07:us::1", None, id="a fine-tuned model"),
        pytest.param("openai/gpt-x", None, id="the same from a reseller"),
        pytest.param("GPT-X", None, id="another spelling"),
        pytest.param("", None, id="no name"),
    ],
)
def test_a_name_finds_its_price_or_none(file, model, expected):
    file.write_text(entry("gpt-x", "0.25", "2.00") + entry("gpt-x-2024-05-13", "5", "15"))
    assert price_of(model, load_prices(file)) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param("api.one.example", price("1", "2"), id="the first host"),
        pytest.param("api.two.example", price("3", "4"), id="the second host"),
        pytest.param("127.0.0.1", None, id="a host that has no price"),
        pytest.param(None, price("1", "2"), id="not asked for a host"),
    ],
)
def test_a_price_is_that_of_its_host(file, host, expected):
    one, two = entry("m", "1", "2", "api.one.example"), entry("m", "3", "4", "api.two.example")
    file.write_text(one + two)
    assert price_of("m", load_prices(file), host=host) == expected


def test_a_price_without_a_host_is_anybodys(file):
    file.write_text(entry("m"))
    assert price_of("m", load_prices(file), host="127.0.0.1") == price("1", "2")


def test_the_users_file_comes_before_the_shipped_one_and_does_not_hide_the_rest(file):
    one, other = load_prices().models[:2]
    file.write_text(entry(one.name, "77", "78"))
    prices = load_prices(file)
    assert price_of(one.name, prices) == price("77", "78")
    assert price_of(other.name, prices) == price_of(other.name, load_prices())


def test_unquoted_numbers_mean_what_they_say(file):
    file.write_text(entry("m", "0.1", "0.7").replace('"0.1"', "0.1").replace('"0.7"', "0.7"))
    assert price_of("m", load_prices(file)) == price("0.1", "0.7")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(entry("m", "-1"), id="a negative price"),
        pytest.param(entry("m", "nan"), id="no number"),
        pytest.param(entry("m", "inf"), id="an endless price"),
        pytest.param(entry("m", "cheap"), id="a word"),
        pytest.param(entry(""), id="no name"),
        pytest.param(entry("m") + "mood = 1\n", id="a field that nobody knows"),
        pytest.param("models = 3", id="no entries"),
        pytest.param("[[models", id="no TOML"),
    ],
)
def test_a_price_file_that_does_not_fit_is_named(file, content):
    file.write_text(content)
    with pytest.raises(SettingsError, match="prices") as caught:
        load_prices(file)
    assert str(file) in caught.value.message


def test_a_price_file_that_is_not_there_is_named(file):
    with pytest.raises(SettingsError, match="cannot be read"):
        load_prices(file)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("0.25/2.00", price("0.25", "2")),
        ("0/0", price("0", "0")),
        (" $3 / $15.5 ", price("3", "15.5")),
        ("0.000000001/999999", price("0.000000001", "999999")),
    ],
)
def test_an_override_is_the_price_whatever_the_model(override, expected):
    assert price_of("nobody-knows-it", load_prices(), override) == expected
    assert price_of(load_prices().models[0].name, load_prices(), override) == expected


@pytest.mark.parametrize(
    "override",
    ["", "1", "1/", "/1", "1/2/3", "-1/2", "1e3/2", "nan/1", "a/b", "1,5/2", "٣/٤", "1/9999999"],
)
def test_an_override_that_is_no_price_is_a_settings_error_that_shows_how(override):
    with pytest.raises(SettingsError, match=r"--price .* --price 0\.25/2\.00"):
        price_of("m", load_prices(), override)


@pytest.mark.parametrize(
    ("backend", "given", "expected"),
    [
        pytest.param(Backend.LLM, None, price("0.25", "2.00", "0.5"), id="a chat model"),
        pytest.param(
            Backend.CASCADE, None, price("0.25", "2.00", "0.5"), id="the LLM of a cascade"
        ),
        pytest.param(Backend.TYPED, None, None, id="its decisions have a price of their own"),
        pytest.param(Backend.TYPED, "0.1/0", price("0.1", "0"), id="which the user may give"),
    ],
)
def test_a_shipped_price_is_that_of_chat_and_not_of_decisions(backend, given, expected):
    choice = Choice(backend, "a test", "gpt-5-mini")
    assert price_for(choice, Options(price=given)) == expected
