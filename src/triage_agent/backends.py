"""Puts a backend together: the model, and around it memory, limits and money."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal

from triage_agent.model import Model
from triage_agent.settings import Backend, Choice, Tuning


async def _nothing() -> None:
    """Wait for nothing."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A model that is open, and what the user is told about where their text goes."""

    model: Model
    line: str
    remembered: Callable[[], int] = field(default=lambda: 0)  # answers that cost nothing so far
    drain: Callable[[], Awaitable[None]] = field(default=_nothing)  # wait for paid answers
    spent_usd: Callable[[], Decimal | None] = field(default=lambda: None)  # None: no price known
    cap_usd: Decimal | None = None
    close: Callable[[], None] = field(default=lambda: None)  # of what the model does not close


def open_backend(choice: Choice, tuning: Tuning | None = None) -> Opened:
    """Return the chosen backend, open; what only one of them needs is imported for it alone."""
    if choice.backend is Backend.EMBEDDED:
        from triage_agent.embedded_model import EmbeddedModel

        embedded = EmbeddedModel()
        line = f"backend: embedded ({embedded.name}), nothing leaves this machine"
        return Opened(embedded, line)
    return _open_llm(choice, tuning or Tuning())


def _open_llm(choice: Choice, tuning: Tuning) -> Opened:
    """Return the LLM backend: prompt, memory, one service."""
    from triage_agent.answers import Asking, Recalling
    from triage_agent.ledger import Ledger, default_path, key_of
    from triage_agent.limits import Gate
    from triage_agent.llm_model import LLMModel
    from triage_agent.money import Budget, load_prices, price_of
    from triage_agent.openai_model import OpenAIChat, fast_client
    from triage_agent.prompt import load_prompt
    from triage_agent.refusals import OPENAI_BASE_URL, host_of, is_local

    template = load_prompt(tuning.prompt)
    gate = Gate(
        max_concurrency=tuning.max_concurrency,
        requests_per_minute=tuning.requests_per_minute,
        tokens_per_minute=tuning.tokens_per_minute,
    )
    ledger = Ledger(tuning.cache or default_path())
    host = host_of(choice.base_url or OPENAI_BASE_URL)
    price = price_of(choice.model, load_prices(), tuning.price, host=host)
    budget = Budget(ledger, tuning.account, price, tuning.max_cost_usd)
    chat = OpenAIChat(
        choice.model,
        choice.base_url,
        choice.api_key,
        timeout_s=tuning.timeout_s,
        gate=gate,
        budget=budget if tuning.account else None,
        http_client=fast_client(tuning.timeout_s),
    )
    recalling = Recalling(
        Asking(chat),
        ledger,
        key=lambda request: key_of(chat.base_url, chat.model, request),
        fresh=tuning.fresh,
    )
    local = is_local(host)
    redacts = not local if tuning.redact is None else tuning.redact
    where = "on this machine" if local else "your text is sent there"
    hidden = ", e-mail addresses and numbers hidden" if redacts else ""
    return Opened(
        LLMModel(chat, recalling, template, tuning.votes, redacts),
        f"backend: llm ({choice.model}) at {chat.host}, {where}{hidden}",
        remembered=lambda: recalling.remembered,
        drain=recalling.drain,
        spent_usd=lambda: budget.spent_usd if price else None,
        cap_usd=tuning.max_cost_usd,
        close=ledger.close,
    )
