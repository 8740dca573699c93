from .cache import cache_path
from .opening import OpenLLM, open_llm
from .prompt import load_prompt

__all__ = [
    "OpenLLM",
    "cache_path",
    "load_prompt",
    "open_llm",
]
