from .answers import Answer
from .asking import quiz_questions
from .conversation import Conversation
from .keeping import KeptConversation, Told, forget, is_kept, keep, kept
from .pieces import Piece, added, divided, merged
from .question import Question, Step

__all__ = [
    "Answer",
    "Conversation",
    "KeptConversation",
    "Piece",
    "Question",
    "Step",
    "Told",
    "added",
    "divided",
    "forget",
    "is_kept",
    "keep",
    "kept",
    "merged",
    "quiz_questions",
]
