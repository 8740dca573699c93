"""What a name that mentions a problem asks for: the problem, perhaps it, or something about it."""

import pytest

from triage_agent.batch.column_words import Role, role_of

ASK_FOR_IT = [
    "What problems keep you busy?",
    "Describe your biggest operational challenge",
    "Which challenge should we solve first?",
    "The problem you'd like to fix",
    "List the issues that cost you the most time",
    "What is the hardest problem to solve in your business?",
    "Problem reported",
    "What problem can we solve for you?",
    "What problem are you trying to solve?",
    "Problem No. 2",
    "Problem A",
    "Challenge: operations",
    "Pain points - sales",
    "Description of the problem",
    "Q2_1: Please describe up to three problems in your operations",
    "How would you describe your main problem?",
    "Please tell us about this problem in detail",
    "Problem (in your own words)",
    "What costs you the most time?",
    "Quel est votre plus gros problème ?",
]
ABOUT_IT = [
    "Who owns this issue?",
    "Since when do you have this problem?",
    "How does the challenge affect you?",
    "What would solving this problem be worth?",
    "What did you spend on the problem?",
    "What is your main problem costing you?",
    "What has your team done about the bottleneck?",
    "Which of our tools could fix the problem?",
    "Challenges you have already overcome",
    "What problems does your product solve?",
    "What is not a problem for you?",
    "No problem: what works?",
]
OF_SOMEBODY = [
    "Our view of the problem",
    "Team's opinion on the issue",
    "Account manager comments about the pain points",
    "Anna's remarks about the issue",
    "Feedback by our team",
    "Remarks from head office",
    "Comments (internal)",
    "Problem followup",
]
PERHAPS = [
    "Notes on the problem",
    "Money lost to the problem",
    "Problem history",
    "Complaint channel",
    "Which problems do your customers have?",
    "Hurdles seen by our clients",
]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *((name, Role.PROBLEM) for name in ASK_FOR_IT),
        *((name, Role.ASPECT) for name in ABOUT_IT),
        *((name, Role.REPLY) for name in OF_SOMEBODY),
        *((name, Role.MENTION) for name in PERHAPS),
        ("Customer's comments", Role.TEXT),
        ("Feedback from our customers", Role.TEXT),
        ("What works well?", Role.ABOUT),
    ],
)
def test_the_place_of_the_noun_says_what_a_name_asks_for(name, role):
    assert role_of(name) is role
