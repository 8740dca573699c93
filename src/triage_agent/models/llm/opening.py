"""Puts the LLM and the decision model together: cache, rate limiter, budget and one service."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from uuid import uuid4

from triage_agent.errors import StopError
from triage_agent.models.llm.addresses import OPENAI_BASE_URL, is_local, read_address
from triage_agent.models.llm.answering import (
    Answerer,
    CachingAnswerer,
    ValidatingAnswerer,
)
from triage_agent.models.llm.budget import Budget
from triage_agent.models.llm.cache import open_cache
from triage_agent.models.llm.cache_entry import key_of
from triage_agent.models.llm.client import OpenAIChat
from triage_agent.models.llm.concurrency import FIRST_LIMIT
from triage_agent.models.llm.decision_client import DecisionClient
from triage_agent.models.llm.decision_model import DecisionAnswerer, DecisionModel
from triage_agent.models.llm.extras import Extras
from triage_agent.models.llm.listings import runs_elsewhere
from triage_agent.models.llm.metering import Meter
from triage_agent.models.llm.model import LLMModel
from triage_agent.models.llm.passages import PASSAGES
from triage_agent.models.llm.prices import price_for
from triage_agent.models.llm.prompt import Prompt, ValidReply
from triage_agent.models.llm.questions import Questions
from triage_agent.models.llm.rate_limiter import RateLimiter
from triage_agent.models.llm.reply_form import LABELS
from triage_agent.models.llm.shared_rates import SharedRates
from triage_agent.models.llm.splitting import LLMSplitter, SplitPrompt
from triage_agent.models.llm.store import Store
from triage_agent.models.llm.transport import check_address, open_client
from triage_agent.models.llm.waits import Waits
from triage_agent.models.protocols import ChatRequest
from triage_agent.settings import Choice, Options, SplitBy


@dataclass(slots=True)
class OpenLLM:
    """A service that is open, with its cache and its budget."""

    model: LLMModel | DecisionModel
    chat: OpenAIChat
    line: str  # names the model and its host, and says what is sent there
    caching: CachingAnswerer[ValidReply]
    budget: Budget
    database: Store
    splitter: LLMSplitter | None = None  # None: no text is put to it to be taken apart
    _final_usd: Decimal | None = None  # what was spent when the database was closed
    _closed: bool = False

    @property
    def spent_usd(self) -> Decimal | None:
        """What the account has spent, earlier runs included; None if the price is not known."""
        if self._closed:
            return self._final_usd
        return self.budget.spent_usd if self.budget.price else None

    async def drain(self) -> None:
        """Send nothing more, and wait until every request under way has ended and is cached."""
        self.chat.stop(StopError("The run was stopped.", "stopped"))
        await self.caching.drain()
        if self.splitter:
            await self.splitter.answerer.drain()

    async def cancel_splits(self) -> None:
        """Cancel the texts that are being taken apart; the model itself closes the connections."""
        if self.splitter:
            await self.splitter.answerer.cancel()

    def close(self) -> None:
        """Close the database; what was spent can still be read."""
        with closing(self.database):
            self._final_usd, self._closed = self.spent_usd, True


@dataclass(frozen=True, slots=True)
class _Reader:
    """What differs between a language model and a decision model."""

    client: type[OpenAIChat]
    asks: Callable[[OpenAIChat], Answerer[ValidReply]]
    # Of the service, of what answers for it, and whether private data is hidden.
    model: Callable[[OpenAIChat, Answerer[ValidReply], bool], LLMModel | DecisionModel]
    writes: bool  # whether its answers have output tokens


def open_llm(
    choice: Choice,
    options: Options,
    template: Prompt,
    examples: Callable[[str], str] | None = None,
) -> OpenLLM:
    """Return the LLM backend; `examples` returns the labelled examples that the prompt shows."""
    votes, brief = options.votes, options.brief

    def model(chat: OpenAIChat, answerer: Answerer[ValidReply], redacts: bool) -> LLMModel:
        return LLMModel(chat, answerer, template, votes, redacts, brief, examples)

    def asks(chat: OpenAIChat) -> Answerer[ValidReply]:
        return ValidatingAnswerer(chat, LABELS)

    return _open(choice, options, _Reader(OpenAIChat, asks, model, writes=True))


def open_typed(choice: Choice, options: Options, questions: Questions) -> OpenLLM:
    """Return the backend of a decision model."""

    def model(chat: OpenAIChat, answerer: Answerer[ValidReply], redacts: bool) -> DecisionModel:
        return DecisionModel(chat, answerer, questions, redacts)

    return _open(choice, options, _Reader(DecisionClient, DecisionAnswerer, model, writes=False))


def _open(choice: Choice, options: Options, reader: _Reader) -> OpenLLM:
    """Return a service that is open, with its cache, its limits and its budget."""
    address = read_address(choice.base_url or OPENAI_BASE_URL)
    check_address(address.base_url)
    host = address.host
    local, extras = is_local(host), Extras.of(options)
    stays = local and not runs_elsewhere(choice.model)
    price = price_for(choice, options)
    database = open_cache(options.cache_address, options.cache)
    # A library call has no output whose spending adds up: its cap is for this one opening.
    account = options.account or (f"opened {uuid4()}" if options.max_cost_usd is not None else "")
    budget = Budget(database, account, price, options.max_cost_usd, writes=reader.writes)
    waits = Waits(host)
    rate_limiter = RateLimiter(
        max_concurrency=options.max_concurrency,
        requests_per_minute=options.rpm,
        tokens_per_minute=options.tpm,
        on_wait=waits.say,
        first_limit=1 if local else FIRST_LIMIT,
    )
    shared = SharedRates(database, f"{choice.model} at {host}", options.rpm, options.tpm)
    chat = reader.client(
        choice.model,
        choice.base_url,
        choice.api_key,
        timeout_s=options.timeout,
        meter=Meter(rate_limiter, budget if account else None, shared),
        extras=extras,
        on_wait=waits.say,
        on_outage=waits.say_outage,
        http_client=open_client(options.timeout, choice.base_url or OPENAI_BASE_URL, local=local),
    )

    def key(request: ChatRequest) -> str:
        return key_of(chat.base_url, chat.model, request, extras.identity)

    caching = CachingAnswerer(reader.asks(chat), database, LABELS, key, fresh=options.fresh)
    redacts = not stays if options.redact is None else options.redact
    splitter = None
    if options.split_by is SplitBy.MODEL and reader.writes:
        asker = ValidatingAnswerer(chat, PASSAGES)
        passages = CachingAnswerer(asker, database, PASSAGES, key, fresh=options.fresh)
        splitter = LLMSplitter(passages, SplitPrompt(), redacts)
    model = reader.model(chat, caching, redacts)
    where = "on this machine" if stays else "your text is sent there"
    if local and not stays:
        where = "which sends your text on to ollama.com"
    hidden = ", e-mail addresses and numbers hidden" if redacts else ""
    line = f"{model.backend} ({choice.model}) at {chat.host}, {where}{hidden}"
    return OpenLLM(model, chat, line, caching, budget, database, splitter)
