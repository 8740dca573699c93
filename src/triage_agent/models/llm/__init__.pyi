from .cache import cache_path
from .opening import OpenLLM, open_llm, open_typed
from .prompt import Prompt, load_prompt
from .questions import Questions, load_questions

__all__ = [
    "OpenLLM",
    "Prompt",
    "Questions",
    "cache_path",
    "load_prompt",
    "load_questions",
    "open_llm",
    "open_typed",
]
