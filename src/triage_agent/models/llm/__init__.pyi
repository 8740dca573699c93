from .asking import Asking, Recalling
from .budget import Budget
from .cache import Ledger, default_path
from .cache_key import key_of
from .client import OpenAIChat, fast_client
from .model import LLMModel
from .prices import load_prices, price_of
from .prompt import load_prompt
from .rate_limiter import Gate
from .refusals import OPENAI_BASE_URL, host_of, is_local

__all__ = [
    "OPENAI_BASE_URL",
    "Asking",
    "Budget",
    "Gate",
    "LLMModel",
    "Ledger",
    "OpenAIChat",
    "Recalling",
    "default_path",
    "fast_client",
    "host_of",
    "is_local",
    "key_of",
    "load_prices",
    "load_prompt",
    "price_of",
]
