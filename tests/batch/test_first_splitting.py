"""How the first version took cells apart, which its OUT is still read with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_agent.batch.first_splitting import split_as_first, split_list


@pytest.mark.parametrize(
    ("cell", "problems"),
    [
        ("We lose leads", ["We lose leads"]),
        ("1. Leads\n2. Stock\n   is wrong", ["Leads", "Stock is wrong"]),
        ("My problems:\n- Leads\n\n- Stock", ["Leads", "Stock"]),
        ("1. Leads get lost 2. Stock is wrong 3) Reports", ["Leads get lost", "Stock is wrong",
         "Reports"]),
        ("• Leads • Stock", ["Leads", "Stock"]),
        ("1. Leads get lost", ["Leads get lost"]),
        ("Leads get lost.\n\nStock is wrong.", ["Leads get lost.\n\nStock is wrong."]),
        ("We sell shoes\n- online\n- in shops", ["We sell shoes\n- online\n- in shops"]),
        ("In 2024. 2. was bad", ["In 2024. 2. was bad"]),
    ],
)  # fmt: skip
def test_a_cell_was_one_problem_unless_it_was_a_list(cell, problems):
    assert [one.text for one in split_as_first(f" {cell} ").problems] == problems


@given(st.text())
def test_a_text_without_markers_was_one_problem(text):
    if not set(text) & set("-*•‣◦–—0123456789()") and text.isascii():
        assert split_list(text) == [text]
