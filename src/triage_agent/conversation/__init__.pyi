from .answers import Answer
from .asking import question_for, quiz_questions
from .checking import check_problem
from .content import says_something
from .conversation import Conversation
from .keeping import KeptConversation, Place, Told, forget_old, new_place, place_left
from .pieces import Piece, added, both_ends, divided, merged
from .question import CONFIRMED, Question, Step
from .unclear import LABEL_OF, NEITHER
from .words import Language, Words, english

__all__ = [
    "CONFIRMED",
    "LABEL_OF",
    "NEITHER",
    "Answer",
    "Conversation",
    "KeptConversation",
    "Language",
    "Piece",
    "Place",
    "Question",
    "Step",
    "Told",
    "Words",
    "added",
    "both_ends",
    "check_problem",
    "divided",
    "english",
    "forget_old",
    "merged",
    "new_place",
    "place_left",
    "question_for",
    "quiz_questions",
    "says_something",
]
