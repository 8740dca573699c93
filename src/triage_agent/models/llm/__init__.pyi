from .cache import cache_path
from .opening import OpenLLM, open_llm
from .prompt import load_prompt
from .rungs import address_with_version, walk

__all__ = [
    "OpenLLM",
    "address_with_version",
    "cache_path",
    "load_prompt",
    "open_llm",
    "walk",
]
