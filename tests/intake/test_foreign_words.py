"""Headers and amounts in other languages."""

import tomllib

import pytest

from triage_agent.errors import InputError
from triage_agent.intake import header_words, in_english, language_of, read_revenue
from triage_agent.intake.foreign_words import WORDS

EURO = 1.15  # dollars


@pytest.mark.parametrize(
    "text",
    [
        "Was the problem fixed?",
        "Who is in charge, and how do they die?",
        "Company name",
        "Annual sales (incl. VAT)",
        "Mayor's office",
        "Uber rides per month",
        "Temps and staff",
        "Circa 2M",
        "Problem",
        "Client",
        "",
    ],
)
def test_english_stays_as_it_is(text):
    assert (language_of(text), in_english(text)) == (None, text)


@pytest.mark.parametrize(
    ("header", "english"),
    [
        ("Wie heißt Ihr Unternehmen?", "what is the name of your company?"),
        ("Groesste Herausforderung", "biggest challenge"),
        ("Qu'avez-vous déjà essayé ?", "Qu'have you already tried ?"),
        ("¿Cuál es su facturación mensual?", "¿what is your revenue monthly?"),
        ("Wat heeft u al geprobeerd?", "what have you already tried?"),
        ("Nome dell'azienda", "name of the company"),
        ("Faturamento anual", "revenue annual"),
    ],
)
def test_the_words_of_a_header_are_read_in_english(header, english):
    assert header_words(header) == english


@pytest.mark.parametrize(
    ("header", "cell", "low", "high"),
    [
        ("Umsatz in TEUR", "2.500", 2_500_000, 2_500_000),
        ("Jahresumsatz", "1.234.567,89 €", 1_234_567.89, 1_234_567.89),
        ("Jahresumsatz", "1,250 Mio. €", 1_250_000, 1_250_000),
        ("Jahresumsatz", "unter 500.000 €", 0, 500_000),
        ("Revenue", "über 10 Mio. €", 10_000_000, float("inf")),
        ("Revenue", "80.000 € pro Monat", 960_000, 960_000),
        ("Chiffre d'affaires (k€)", "1 250,5", 1_250_500, 1_250_500),
        ("Revenue", "entre 1 et 5 M€", 1_000_000, 5_000_000),
        ("Facturación (EUR)", "de 1 a 5 millones", 1_000_000, 5_000_000),
        ("Facturación (EUR)", "500 mil", 500_000, 500_000),
        ("Omzet per jaar", "€ 1,5 miljoen", 1_500_000, 1_500_000),
        ("Revenue", "3 MEUR", 3_000_000, 3_000_000),
    ],
)
def test_an_amount_is_read_in_the_language_of_its_column(header, cell, low, high):
    revenue = read_revenue(cell, header, EURO)
    assert revenue.low_usd == pytest.approx(low * EURO)
    assert revenue.high_usd == pytest.approx(high * EURO)


def test_a_small_number_with_a_stop_stays_unclear_where_its_unit_was_left_out():
    with pytest.raises(InputError, match="may be 1500 or"):
        read_revenue("1.500", "Jahresumsatz")
    assert read_revenue("8.500", "Monatsumsatz").low_usd == 102_000


def test_what_says_that_nothing_is_told_is_unknown_in_its_language():
    for header, cell in (("Umsatz", "k. A."), ("Revenue", "keine Angabe"), ("Omzet", "onbekend")):
        assert str(read_revenue(cell, header)) == "at least $0"


@pytest.mark.parametrize("language", ["de", "fr", "es", "nl", "it", "pt"])
def test_no_word_that_shows_a_language_stands_twice(language):
    words = tomllib.loads(WORDS.read_text("utf-8"))["languages"][language]
    assert not {*words["words"]} & {*words["small"]}
