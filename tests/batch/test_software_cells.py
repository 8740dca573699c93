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
