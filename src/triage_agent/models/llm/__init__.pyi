from .cache_place import cache_path
from .listings import ask_for_model
from .local_servers import find_local_servers
from .opening import OpenLLM, open_llm, open_typed
from .prompt import Prompt, load_prompt
from .questions import Questions, load_questions
from .rungs import address_with_version, walk
from .splitting import LLMSplitter, SplitPrompt

__all__ = [
    "LLMSplitter",
    "OpenLLM",
    "Prompt",
    "Questions",
    "SplitPrompt",
    "address_with_version",
    "ask_for_model",
    "cache_path",
    "find_local_servers",
    "load_prompt",
    "load_questions",
    "open_llm",
    "open_typed",
    "walk",
]
