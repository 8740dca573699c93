from .cache import cache_path
from .listings import ask_for_model
from .local_servers import find_local_servers
from .opening import OpenLLM, open_llm
from .prompt import load_prompt
from .rungs import address_with_version, walk

__all__ = [
    "OpenLLM",
    "address_with_version",
    "ask_for_model",
    "cache_path",
    "find_local_servers",
    "load_prompt",
    "open_llm",
    "walk",
]
