from .answers import Answer
from .asking import question_for, quiz_questions
from .conversation import Conversation
from .keeping import KeptConversation, Place, Told, forget_old, new_place, place_left
from .pieces import Piece, added, divided, merged
from .question import Question, Step
from .unclear import LABEL_OF, NEITHER
from .words import Language, Words, english

__all__ = [
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
    "divided",
    "english",
    "forget_old",
    "merged",
    "new_place",
    "place_left",
    "question_for",
    "quiz_questions",
]
