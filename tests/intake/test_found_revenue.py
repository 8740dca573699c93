"""The revenue that a text about problems states beside them."""

import pytest

from triage_agent.intake.found_revenue import revenue_said

MAIL = """Hi Jenny,
every order gets typed into NetSuite by hand, about 60 a day, two people.
We do about $8M a year, 34 people.

On Tue, Nov 10, 2026 at 4:02 PM Jenny <jenny@example.com> wrote:
> We make $2M a year ourselves. Could you send me your problems?
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MAIL, "about $8M a year"),
        ("Our revenue is $250k a month", "$250k a month"),
        ("Annual revenue: 3M", "3M"),
        ("about 2.5 million in sales, and nobody follows up", "about 2.5 million in sales"),
        ("Revenue: 3M\nWe do $3M a year.", "$3M a year"),
        ("Yearly revenue: £410k", "£410k"),
        ("We make 3M widgets", ""),
        ("We lose $8M a year because of it", ""),
        ("We spend 40k a year on ads", ""),
        ("We do about 60 a day", ""),
        ("Our goal is revenue of 5M", ""),
        ("Sales of $2M here, and turnover of $3M there", ""),
        ("", ""),
    ],
)
def test_the_revenue_is_found_in_the_words_of_the_text_or_not_at_all(text, said):
    assert revenue_said([text]) == said
