"""Cells of software questions as forms hold them; written before the code that reads them."""

import pytest

from triage_agent.batch.profile_columns import read_software

SELLS = "Do you sell software to customers?"
TABLE = f"""
{SELLS} | Yes | yes
{SELLS} | Y | yes
{SELLS} | TRUE | yes
{SELLS} | Yes - a SaaS product | yes
{SELLS} | No, we are a bakery | no
{SELLS} | We sell shoes | unknown
{SELLS} | services to software companies | unknown
{SELLS} | We offer services to software companies | unknown
{SELLS} | We build an app for gyms | yes
{SELLS} | planning to | unknown
{SELLS} | maybe | unknown
{SELLS} | N/A | unknown
{SELLS} | Software: no | no
{SELLS} | Software: yes | yes
{SELLS} | No | no
{SELLS} | nope | no
{SELLS} | Not yet | unknown
{SELLS} | We are a bakery | unknown
{SELLS} | We are a software company | yes
{SELLS} | We don't sell software | no
{SELLS} | no software | no
{SELLS} | SaaS | yes
{SELLS} | a mobile app | yes
{SELLS} | We use a lot of software | unknown
{SELLS} | We need an app | unknown
{SELLS} | Not a software company | no
{SELLS} | Consulting for SaaS startups | unknown
{SELLS} | We are building one | yes
{SELLS} | No, but we are building an app | yes
{SELLS} | Yes, we sell shoes | unknown
{SELLS} | we do | yes
{SELLS} | we do not | no
{SELLS} | We do plumbing | unknown
{SELLS} | We're developing a web platform for landlords | yes
{SELLS} | Marketing agency for app developers | unknown
{SELLS} | We sell hardware, not software | no
{SELLS} | Partially | unknown
{SELLS} | 1 | yes
{SELLS} | 0 | no
{SELLS} | x | yes
{SELLS} | We build an app for our own staff | unknown
{SELLS} | Our product is a SaaS platform | yes
{SELLS} | never | no
{SELLS} | No idea | unknown
{SELLS} | we resell Microsoft software | unknown
{SELLS} | We make apps and websites for clients | yes
{SELLS} | We don't know | unknown
{SELLS} | Software training | unknown
{SELLS} | Yes! | yes
{SELLS} | we neither sell nor build software | no
Do you use software? | Yes | unknown
Do you need custom software? | Yes | unknown
Which software do you use? | HubSpot | unknown
What do you sell? | Software | yes
What do you sell? | Yes | unknown
What do you sell? | No | unknown
Do you sell products or services? | Yes | unknown
Is your product SaaS? | Yes | yes
Are you building software for customers? | No | no
We do not sell software | Yes | unknown
"""
CASES = [tuple(map(str.strip, line.split("|"))) for line in TABLE.strip().splitlines()]
WORDS = {True: "yes", False: "no", None: "unknown"}


@pytest.mark.parametrize(("header", "cell", "answer"), CASES)
def test_only_what_says_so_is_a_yes_or_a_no(header, cell, answer):
    assert WORDS[read_software(cell, header)] == answer


@pytest.mark.parametrize(
    ("question", "says_so"),
    [
        ("Do you sell software?", True),
        ("Does your company build apps for its customers?", True),
        ("sells_software", True),
        ("Do customers pay for your software?", True),
        ("Q12", True),
        ("Do you sell or build software for your customers?", True),
        ("Do you sell or build software?", True),
        ("Do you build, sell or license software?", True),
        ("Do you make or sell an app?", True),
        ("Do you sell or develop software products or apps?", True),
        ("Is software (SaaS, apps) part of what you sell to customers?", True),
        ("Do you build apps that your customers use?", True),
        ("Do you sell goods or build software?", False),
        ("Do you want to sell or build software?", False),
        ("Do you sell or use software?", False),
        ("Do you sell hardware or software?", False),
        ("Do you offer services or software?", False),
        ("Do you build or use software?", False),
        ("Do you develop software internally?", False),
        ("Is your software secure?", False),
        ("Do you sell software licences of other vendors?", False),
        ("Do you build software for your own staff?", False),
    ],
)
def test_a_yes_counts_only_where_the_question_asks_about_selling(question, says_so):
    assert read_software("Yes", question) is (True if says_so else None)
    assert read_software("Yes, we sell an app", question) is True


@pytest.mark.parametrize(
    ("question", "yes", "no"),
    [
        ("Do you sell products or software?", True, False),
        ("Are you into tech, apps and such?", True, False),
        ("Do you sell software (not hardware)?", True, False),
        ("We do not sell software", None, None),
        ("Don't you sell software?", None, None),
    ],
)
def test_a_yes_counts_where_the_user_chose_the_column_unless_its_name_denies_it(question, yes, no):
    assert read_software("Yes", question) is None
    read = [read_software(cell, question, chosen=True) for cell in ("Yes", "No")]
    assert read == [yes, no]
    assert read_software("Yes, but we stopped", question, chosen=True) is None


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        ("No, except for two schools", None),
        ("No (well, yes, for a friend)", None),
        ("Yes, but we stopped", None),
        ("Yes, although just consulting", None),
        ("No, we run a garage", False),
        ("Yes: our own app", True),
    ],
)
def test_an_answer_that_is_partly_taken_back_is_unknown(cell, answer):
    assert read_software(cell, "Do you sell software?") is answer


def test_codes_that_the_name_explains_are_read():
    name = "Sells software (1 = no, 2 = yes)"
    assert [read_software(cell, name) for cell in ("1", "2", "3")] == [False, True, None]
