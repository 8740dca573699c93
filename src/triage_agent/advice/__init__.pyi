from .answers import advice_table
from .decision import Decision, decide
from .elsewhere import who_helps
from .first_days import FirstDays, plan_words, shortened
from .hire_answers import FORM, check_flag, read_hire_answers
from .hire_check import (
    FlagReader,
    FlagReading,
    HireAnswers,
    HireCheck,
    Proposal,
    RaisedFlag,
    Spent,
    assess_hire,
)
from .hire_reader import EmbeddedFlagModel
from .plan import Advice, Plan, advice_for, headline_of
from .portfolio import Portfolio, read_portfolio
from .quiz import MAX_POINTS, Quiz, QuizQuestion, QuizResult, load_quiz, read_answers, score
from .red_flags import Level, RedFlag, flags_about, hire_words, load_red_flags
from .roi import Assessment, Figures, Investment, RoiVerdict, assess
from .roles import Role, RoleFacts, described, owners_questions, role_facts, side_by_side
from .rules import Profile, Recommendation, Rule, Step
from .situations import known_situations

__all__ = [
    "FORM",
    "MAX_POINTS",
    "Advice",
    "Assessment",
    "Decision",
    "EmbeddedFlagModel",
    "Figures",
    "FirstDays",
    "FlagReader",
    "FlagReading",
    "HireAnswers",
    "HireCheck",
    "Investment",
    "Level",
    "Plan",
    "Portfolio",
    "Profile",
    "Proposal",
    "Quiz",
    "QuizQuestion",
    "QuizResult",
    "RaisedFlag",
    "Recommendation",
    "RedFlag",
    "RoiVerdict",
    "Role",
    "RoleFacts",
    "Rule",
    "Spent",
    "Step",
    "advice_for",
    "advice_table",
    "assess",
    "assess_hire",
    "check_flag",
    "decide",
    "described",
    "flags_about",
    "headline_of",
    "hire_words",
    "known_situations",
    "load_quiz",
    "load_red_flags",
    "owners_questions",
    "plan_words",
    "read_answers",
    "read_hire_answers",
    "read_portfolio",
    "role_facts",
    "score",
    "shortened",
    "side_by_side",
    "who_helps",
]
