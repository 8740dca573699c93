from .calibration import (
    EDGE,
    PRIOR_TIES,
    TIE_RULE,
    Calibration,
    FittedOn,
    Isotonic,
    Platt,
    Unchanged,
    kind_of,
    log_odds,
    mapped,
    tie_rates,
)
from .cascade import confidence, operating_points
from .embedded.chain import (
    ALLOWED,
    FIRST,
    NEVER,
    ROLE_OF,
    ROLES,
    SEVERAL,
    STATES,
    Chain,
    UnitReading,
)
from .embedded.encoder import WEIGHTS, Encoded, Encoder, Vector, load_encoder
from .embedded.heads import Heads, load_heads
from .embedded.language import foreign_language
from .embedded.model import EmbeddedModel, strongest_passages
from .embedded.orders import screen
from .embedded.splitter import EmbeddedJudge, Limits, list_of, split_text
from .embedded.text import Span, clauses, split, tidy
from .embedded.unit_features import Matrix, features
from .factory import (
    OpenBackend,
    asks_llm,
    calibration_folder,
    open_backend,
    prompt_of,
    split_prompt_of,
)
from .health import check_backend
from .llm.answering import CachingAnswerer
from .llm.batch_jobs import BatchJobs
from .llm.batch_ledger import Batch
from .llm.batch_opening import open_batches, open_batches_of
from .llm.budget import CostCapError, Quote, cost, estimate_cost, in_usd
from .llm.cache import clear_cache, open_cache
from .llm.dialect import MOST_ROOM
from .llm.prices import Price, batch_price, price_for
from .llm.prompt import Prompt, load_prompt
from .llm.questions import Questions
from .protocols import Identity, Model

__all__ = [
    "ALLOWED",
    "EDGE",
    "FIRST",
    "MOST_ROOM",
    "NEVER",
    "PRIOR_TIES",
    "ROLES",
    "ROLE_OF",
    "SEVERAL",
    "STATES",
    "TIE_RULE",
    "WEIGHTS",
    "Batch",
    "BatchJobs",
    "CachingAnswerer",
    "Calibration",
    "Chain",
    "CostCapError",
    "EmbeddedJudge",
    "EmbeddedModel",
    "Encoded",
    "Encoder",
    "FittedOn",
    "Heads",
    "Identity",
    "Isotonic",
    "Limits",
    "Matrix",
    "Model",
    "OpenBackend",
    "Platt",
    "Price",
    "Prompt",
    "Questions",
    "Quote",
    "Span",
    "Unchanged",
    "UnitReading",
    "Vector",
    "asks_llm",
    "batch_price",
    "calibration_folder",
    "check_backend",
    "clauses",
    "clear_cache",
    "confidence",
    "cost",
    "estimate_cost",
    "features",
    "foreign_language",
    "in_usd",
    "kind_of",
    "list_of",
    "load_encoder",
    "load_heads",
    "load_prompt",
    "log_odds",
    "mapped",
    "open_backend",
    "open_batches",
    "open_batches_of",
    "open_cache",
    "operating_points",
    "price_for",
    "prompt_of",
    "screen",
    "split",
    "split_prompt_of",
    "split_text",
    "strongest_passages",
    "tidy",
    "tie_rates",
]
