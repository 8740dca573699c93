"""Languages: what is not English is named, and short English texts are not taken for it."""

import json
from collections import Counter

import pytest

from triage_agent.files import folder
from triage_agent.models.embedded.language import foreign_language

CASES = [
    json.loads(line)
    for line in (folder("evals") / "languages.jsonl").read_text("utf-8").split("\n")
    if line
]
FOREIGN = {
    "Spanish": "Necesitamos que alguien nos ayude a automatizar las facturas cada mes.",
    "German": "Wir brauchen jemanden, der unsere Rechnungen jeden Monat automatisch verschickt.",
    "French": "Nous perdons des heures chaque semaine à copier les commandes dans Excel.",
    "Italian": "Perdiamo troppe ore ogni settimana per copiare gli ordini in Excel.",
    "Portuguese": "Perdemos muitas horas por semana copiando pedidos para uma planilha.",
    "Dutch": "Wij verliezen elke week uren met het overtypen van bestellingen in Excel.",
    "Swedish": "Vi förlorar många timmar varje vecka på att kopiera beställningar för hand.",
    "Polish": "Tracimy wiele godzin tygodniowo na przepisywanie zamówień do arkusza.",
    "Russian": "Мы тратим много часов в неделю на копирование заказов.",
    "Chinese": "我们每周花很多时间把订单复制到表格里。",
}


@pytest.mark.parametrize(("name", "text"), FOREIGN.items())
def test_another_language_is_named(name, text):
    assert foreign_language(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "app?",
        "Data",
        "Legacy VB6 lab interface",
        "CVs. 300. By hand.",
        "CUSTOMER DATA TYPED TWICE",
        "Our shop in Los Angeles, La Jolla, sells café de olla",
        "Idea stage. Confidential. Big market.",
    ],
)
def test_english_is_never_taken_for_another_language(text):
    assert foreign_language(text) is None


@pytest.mark.parametrize("half", ["open", "held-out"])
def test_of_the_fixed_set_nearly_all_are_told_apart(half):
    found = Counter(
        (case["language"] == "en", foreign_language(case["text"]) is None)
        for case in CASES
        if case["half"] == half
    )
    assert found[True, True] >= 24
    assert found[False, False] >= 72
