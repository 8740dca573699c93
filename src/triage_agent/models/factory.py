"""Puts a backend together: the model, and around it memory, limits and money."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from triage_agent.errors import SettingsError
from triage_agent.files import folder
from triage_agent.models.calibration import Calibration, Identity, find_calibration
from triage_agent.models.protocols import Model
from triage_agent.settings import (
    DEFAULT_CASCADE_ACCURACY,
    USUAL_PRIOR,
    Backend,
    Choice,
    Options,
    check_options,
    choose_backend,
)


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
    again: Callable[[int], Model] | None = None  # None: the model says the same every time
    calibration: Calibration | None = None  # None: none was fitted for this model and prompt

    async def aclose(self) -> None:
        """Close the model, and what it does not close itself."""
        try:
            await self.model.aclose()
        finally:
            self.close()

    def repeat(self, number: int) -> Model:
        """Return the model as it answers the `number`th time: a kept answer is no repeat."""
        return self.again(number) if self.again else self.model


def open_backend(options: Options) -> Opened:
    """Return the chosen backend, open; what only one of them needs is imported for it alone.

    Raises `SettingsError` for options that cannot work together or that the backend would ignore.
    """
    choice = choose_backend(options)
    check_options(choice, options)
    opened = _open(choice, options)
    try:
        return replace(opened, calibration=_calibration(opened.model, options))
    except SettingsError:
        opened.close()
        raise


def identity_of(model: Model) -> Identity:
    """Return what a calibration of an open model is about.

    A cascade's threshold belongs to it: it chooses the problems that the LLM is asked about.
    """
    from triage_agent.models.cascade import Cascade

    at = f" at {model.threshold:g}" if isinstance(model, Cascade) else ""
    return Identity(model.backend, model.name + at, model.prompt)


def calibration_folder(options: Options) -> Path:
    """Return the user's folder of calibrations; it stands beside the ledger."""
    from triage_agent.models.llm import default_path

    return (options.cache or default_path()).parent / "calibration"


def _calibration(model: Model, options: Options) -> Calibration | None:
    """Return the calibration of an open model: the user's own, else the one that ships."""
    if options.prior != USUAL_PRIOR:  # every calibration was fitted at the usual one
        return None
    identity = identity_of(model)
    folders = [calibration_folder(options), folder("evals") / "calibration"]
    paths = [place / identity.file_name for place in folders]
    if model.backend == Backend.EMBEDDED:
        from triage_agent.models.embedded import WEIGHTS

        paths.append(WEIGHTS / "calibration.json")
    return find_calibration(identity, paths)


def _open(choice: Choice, options: Options) -> Opened:
    """Return the chosen backend, open, without its calibration."""
    if choice.backend is Backend.LLM:
        return _open_llm(choice, options)
    from triage_agent.models.embedded import EmbeddedModel

    embedded = EmbeddedModel(options.prior)
    prior = "" if options.prior == USUAL_PRIOR else f", prior {options.prior:g}"
    named = f"embedded ({embedded.name}{prior})"
    if choice.backend is Backend.EMBEDDED:
        return Opened(embedded, f"backend: {named}, nothing leaves this machine")
    from triage_agent.models.cascade import Cascade

    threshold = cascade_threshold(options)
    opened = _open_llm(choice, options)
    llm = opened.line.removeprefix("backend: ")
    return replace(
        opened,
        model=Cascade(embedded, opened.model, threshold),
        again=lambda number: Cascade(embedded, opened.repeat(number), threshold),
        line=f"backend: cascade, {named} where at least {100 * threshold:g}% sure, else {llm}",
    )


def asks_llm(options: Options) -> Callable[[str], bool]:
    """Return a predicate: would this text be sent to the LLM? Nothing is sent."""
    choice = choose_backend(options)
    check_options(choice, options)
    if choice.backend is not Backend.CASCADE:
        return lambda _: choice.backend is Backend.LLM
    from triage_agent.models.cascade import sureness
    from triage_agent.models.embedded import EmbeddedModel

    embedded, threshold = EmbeddedModel(options.prior), cascade_threshold(options)
    return lambda text: sureness(embedded.read(text)) < threshold


def cascade_threshold(options: Options) -> float:
    """Return how sure the embedded model must be to answer alone: as given, or as measured."""
    from triage_agent.models.cascade import (
        load_curve,
        threshold_for_accuracy,
        threshold_for_calls,
    )
    from triage_agent.models.embedded import WEIGHTS

    if options.cascade_threshold is not None:
        return options.cascade_threshold
    points = load_curve(WEIGHTS)
    if options.cascade_calls is not None:
        return threshold_for_calls(points, options.cascade_calls)
    accuracy = options.cascade_accuracy
    return threshold_for_accuracy(
        points, DEFAULT_CASCADE_ACCURACY if accuracy is None else accuracy
    )


def _neighbours() -> Callable[[str], str]:
    """Return what finds the examples nearest to a text."""
    from triage_agent.models.embedded import Neighbours

    return Neighbours().as_text


def _open_llm(choice: Choice, options: Options) -> Opened:
    """Return the LLM backend: prompt, memory, one service."""
    from triage_agent.models.llm import (
        OPENAI_BASE_URL,
        Asking,
        Budget,
        Gate,
        Ledger,
        LLMModel,
        OpenAIChat,
        Recalling,
        default_path,
        fast_client,
        host_of,
        is_local,
        key_of,
        load_prices,
        load_prompt,
        price_of,
    )

    template = load_prompt(options.prompt)
    gate = Gate(
        max_concurrency=options.max_concurrency,
        requests_per_minute=options.rpm,
        tokens_per_minute=options.tpm,
    )
    ledger = Ledger(options.cache or default_path())
    host = host_of(choice.base_url or OPENAI_BASE_URL)
    price = price_of(choice.model, load_prices(), options.price, host=host)
    budget = Budget(ledger, options.account, price, options.max_cost_usd)
    chat = OpenAIChat(
        choice.model,
        choice.base_url,
        choice.api_key,
        timeout_s=options.timeout,
        gate=gate,
        budget=budget if options.account else None,
        http_client=fast_client(options.timeout),
    )
    recalling = Recalling(
        Asking(chat),
        ledger,
        key=lambda request: key_of(chat.base_url, chat.model, request),
        fresh=options.fresh,
    )
    local = is_local(host)
    redacts = not local if options.redact is None else options.redact
    where = "on this machine" if local else "your text is sent there"
    hidden = ", e-mail addresses and numbers hidden" if redacts else ""
    llm = LLMModel(
        chat,
        recalling,
        template,
        options.votes,
        redacts,
        options.brief,
        _neighbours() if template.wants_examples else None,
    )
    return Opened(
        llm,
        f"backend: llm ({choice.model}) at {chat.host}, {where}{hidden}",
        remembered=lambda: recalling.remembered,
        drain=recalling.drain,
        spent_usd=lambda: budget.spent_usd if price else None,
        cap_usd=options.max_cost_usd,
        close=ledger.close,
        again=lambda number: replace(llm, first_sample=number * options.votes),
    )
