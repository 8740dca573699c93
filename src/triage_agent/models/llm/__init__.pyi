from .cache import default_path
from .opening import OpenLLM, open_llm
from .prompt import load_prompt

__all__ = [
    "OpenLLM",
    "default_path",
    "load_prompt",
    "open_llm",
]
