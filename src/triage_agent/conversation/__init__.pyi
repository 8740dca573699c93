from .asking import quiz_questions
from .conversation import Conversation
from .keeping import KeptConversation, forget, keep, kept
from .pieces import Piece, added, divided, merged
from .question import Question, Step

__all__ = [
    "Conversation",
    "KeptConversation",
    "Piece",
    "Question",
    "Step",
    "added",
    "divided",
    "forget",
    "keep",
    "kept",
    "merged",
    "quiz_questions",
]
