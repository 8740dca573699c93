from .decision import Decision, Profile, Recommendation, Rule, decide, doubtful_problems
from .explain import Plan, RedFlag, plan_for, red_flags
from .hire_answers import FORM, check_flag, read_hire_answers
from .hire_check import (
    Answers,
    Finding,
    FlagReader,
    HireCheck,
    Level,
    Proposal,
    Reading,
    Spent,
    check_hire,
    hire_words,
)
from .hire_reader import NAME, EmbeddedFlagModel, dense_features
from .plan import FirstDays, plan_words, shortened
from .portfolio import Portfolio, read_portfolio
from .quiz import MAX_POINTS, Question, QuizResult, load_quiz, read_answers, score
from .roi import Assessment, Figures, Investment, RoiVerdict, assess
from .roles import Role, RoleFacts, compare_roles, described, owners_questions, role_facts

__all__ = [
    "FORM",
    "MAX_POINTS",
    "NAME",
    "Answers",
    "Assessment",
    "Decision",
    "EmbeddedFlagModel",
    "Figures",
    "Finding",
    "FirstDays",
    "FlagReader",
    "HireCheck",
    "Investment",
    "Level",
    "Plan",
    "Portfolio",
    "Profile",
    "Proposal",
    "Question",
    "QuizResult",
    "Reading",
    "Recommendation",
    "RedFlag",
    "RoiVerdict",
    "Role",
    "RoleFacts",
    "Rule",
    "Spent",
    "assess",
    "check_flag",
    "check_hire",
    "compare_roles",
    "decide",
    "dense_features",
    "described",
    "doubtful_problems",
    "hire_words",
    "load_quiz",
    "owners_questions",
    "plan_for",
    "plan_words",
    "read_answers",
    "read_hire_answers",
    "read_portfolio",
    "red_flags",
    "role_facts",
    "score",
    "shortened",
]
