"""Opens the backend that the options choose: the model, its calibration, and one way to close."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from triage_agent.errors import SettingsError
from triage_agent.files import folder
from triage_agent.models.calibration import Calibration, find_calibration
from triage_agent.models.protocols import Model
from triage_agent.settings import (
    DEFAULT_CASCADE_ACCURACY,
    USUAL_PRIOR,
    Backend,
    Choice,
    Options,
    SplitBy,
    check_options,
    check_typed,
    choose_backend,
)
from triage_agent.types import Usage

if TYPE_CHECKING:  # the embedded model alone needs none of it
    from triage_agent.models.llm import LLMSplitter, OpenLLM, Prompt, Questions, SplitPrompt


@dataclass(slots=True)
class OpenBackend:
    """A model that is open, and what it has cost; `aclose` closes everything that it uses."""

    model: Model
    line: str  # tells the user which backend it is, and where their text goes
    calibration: Calibration | None = None  # None: none was fitted for this model and prompt
    measured_below: float | None = None  # less probable labels need review; None: not measured
    cascade_threshold: float | None = None  # None: it is no cascade
    llm: "OpenLLM | None" = None  # None: the embedded model alone
    _closed: bool = False

    @property
    def cached_answers(self) -> int:
        """How many answers came from the cache and cost nothing."""
        if self.llm is None:
            return 0
        splits = self.llm.splitter.answerer.hits if self.llm.splitter else 0
        return self.llm.caching.hits + splits

    @property
    def splitter(self) -> "LLMSplitter | None":
        """What takes apart the texts that the rules cannot; None: they stay whole."""
        return self.llm.splitter if self.llm else None

    @property
    def splits_line(self) -> str:
        """What became of those texts so far, in words; empty: there was none."""
        return self.splitter.line if self.splitter else ""

    @property
    def splits_usage(self) -> Usage:
        """What it cost to take them apart; what a problem costs is in its row."""
        return self.splitter.usage if self.splitter else Usage()

    @property
    def splits_record(self) -> dict[str, object]:
        """What the record of a run says of it."""
        return self.splitter.record if self.splitter else {}

    @property
    def spent_usd(self) -> Decimal | None:
        """What the account has spent, earlier runs included, also after closing.

        None: nothing is paid for, or the price is not known.
        """
        return self.llm.spent_usd if self.llm else None

    @property
    def cap_usd(self) -> Decimal | None:
        """What the account may spend; None: any amount."""
        return self.llm.budget.cap_usd if self.llm else None

    @property
    def asked_with(self) -> dict[str, str | int]:
        """The options that are said with every request to an LLM, as records show them."""
        return self.llm.chat.extras.record if self.llm else {}

    def review_below(self, wanted: float | None) -> float | None:
        """Return the probability under which a label needs review: as wanted, else as measured.

        None: nothing was measured for this backend, and no label needs review for this reason.
        """
        return self.measured_below if wanted is None else wanted

    async def drain(self) -> None:
        """Send nothing more, and wait for what is under way: it is paid for, and is cached."""
        if self.llm:
            await self.llm.drain()

    async def aclose(self) -> None:
        """Close connections and files; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            if self.llm:
                await self.llm.cancel_splits()
            await self.model.aclose()
        finally:
            self._close_files()

    def _close_files(self) -> None:
        if self.llm:
            self.llm.close()


def open_backend(options: Options) -> OpenBackend:
    """Return the chosen backend, open; what only one of them needs is imported for it alone.

    Raises `SettingsError` for options that cannot work together or that the backend would ignore.
    """
    choice = _checked_choice(options)
    opened = _open(choice, options)
    try:
        opened.calibration = _calibration(opened.model, options)
        opened.measured_below = _measured_below(opened.model, opened.calibration)
    except SettingsError:
        opened._close_files()  # noqa: SLF001 (its own module; nothing was sent, nothing to await)
        raise
    return opened


def prompt_of(options: Options) -> "Prompt | Questions | None":
    """Return what the chosen backend shows a model beside the problem; None: it has no prompt."""
    backend = choose_backend(options).backend
    if backend is Backend.EMBEDDED:
        return None
    from triage_agent.models.llm import load_prompt, load_questions

    return (load_questions if backend is Backend.TYPED else load_prompt)(options.prompt)


def split_prompt_of(options: Options) -> "SplitPrompt | None":
    """Return what an LLM is shown beside a text that it is to take apart; None: none is asked."""
    backend = choose_backend(options).backend
    if options.split_by is SplitBy.RULES or backend not in {Backend.LLM, Backend.CASCADE}:
        return None
    from triage_agent.models.llm import SplitPrompt

    return SplitPrompt()


def _checked_choice(options: Options) -> Choice:
    """Return the backend to use, or raise `SettingsError` for options that do not fit it."""
    choice = choose_backend(options)
    check_options(choice, options)
    if choice.backend is Backend.TYPED:
        check_typed(options)
    return choice


def calibration_folder(options: Options) -> Path:
    """Return the user's folder of calibrations; it stands beside the cache."""
    from triage_agent.models.llm import cache_path

    return (options.cache or cache_path()).parent / "calibration"


def _calibration(model: Model, options: Options) -> Calibration | None:
    """Return the calibration of an open model: the user's own, else the one that ships."""
    if options.prior != USUAL_PRIOR:  # every calibration was fitted at the usual one
        return None
    folders = [folder("evals") / "calibration"]
    with suppress(SettingsError):  # no home folder, so no calibration of the user's own either
        folders.insert(0, calibration_folder(options))
    paths = [place / model.identity.file_name for place in folders]
    return find_calibration(model.identity, paths) or _shipped_calibration(model)


def _shipped_calibration(model: Model) -> Calibration | None:
    """Return the calibration in the package, if it is about this model."""
    if model.backend != Backend.EMBEDDED:
        return None
    from triage_agent.models.embedded import WEIGHTS, usable

    with usable(WEIGHTS / "calibration.json") as path:
        return find_calibration(model.identity, [path])


def _measured_below(model: Model, calibration: Calibration | None) -> float | None:
    """Return the review threshold: of this calibration, else of the one in the package.

    The user's own has none, and with another prior none applies; a label that is not sure enough
    needs review nevertheless.
    """
    if calibration and calibration.review_below is not None:
        return calibration.review_below
    shipped = _shipped_calibration(model)
    return shipped.review_below if shipped else None


def _open(choice: Choice, options: Options) -> OpenBackend:
    """Return the chosen backend, open, without its calibration."""
    if choice.backend is Backend.LLM:
        llm = _open_llm(choice, options)
        return OpenBackend(llm.model, f"backend: {llm.line}", llm=llm)
    if choice.backend is Backend.TYPED:
        from triage_agent.models.llm import load_questions, open_typed

        typed = open_typed(choice, options, load_questions(options.prompt))
        return OpenBackend(typed.model, f"backend: {typed.line}", llm=typed)
    from triage_agent.models.embedded import EmbeddedModel

    embedded = EmbeddedModel(options.prior)
    prior = "" if options.prior == USUAL_PRIOR else f", prior {options.prior:g}"
    named = f"embedded ({embedded.name}{prior})"
    if choice.backend is Backend.EMBEDDED:
        return OpenBackend(embedded, f"Read on this computer; nothing is sent. (backend: {named})")
    from triage_agent.models.cascade import Cascade

    threshold = cascade_threshold(options)
    llm = _open_llm(choice, options)
    return OpenBackend(
        Cascade(embedded, llm.model, threshold),
        f"backend: cascade, {named} where at least {100 * threshold:g} % sure, else {llm.line}",
        cascade_threshold=threshold,
        llm=llm,
    )


def _open_llm(choice: Choice, options: Options) -> "OpenLLM":
    """Return the LLM, open, with the labelled examples if its prompt shows them."""
    from triage_agent.models.llm import ask_for_model, load_prompt, open_llm

    if choice.asks_for_model:  # the name decides what is cached, and whose calibration counts
        name = ask_for_model(choice.base_url or "", choice.api_key or "")
        choice = replace(choice, model=name, asks_for_model=False)
    template = load_prompt(options.prompt)
    if not template.wants_examples:
        return open_llm(choice, options, template)
    from triage_agent.models.embedded import Neighbours

    return open_llm(choice, options, template, Neighbours().as_text)


def asks_llm(options: Options) -> Callable[[str], bool]:
    """Return a predicate: would this text be sent to a server? Nothing is sent."""
    choice = _checked_choice(options)
    if choice.backend is not Backend.CASCADE:
        return lambda _: choice.backend is not Backend.EMBEDDED
    from triage_agent.models.cascade import confidence
    from triage_agent.models.embedded import EmbeddedModel

    embedded, threshold = EmbeddedModel(options.prior), cascade_threshold(options)
    return lambda text: confidence(embedded.read(text)) < threshold


def cascade_threshold(options: Options) -> float:
    """Return the confidence from which the embedded model answers alone: given or measured."""
    from triage_agent.models.cascade import (
        load_operating_points,
        threshold_for_accuracy,
        threshold_for_calls,
    )
    from triage_agent.models.embedded import WEIGHTS

    if options.cascade_threshold is not None:
        return options.cascade_threshold
    points = load_operating_points(WEIGHTS)
    if options.cascade_calls is not None:
        return threshold_for_calls(points, options.cascade_calls)
    accuracy = options.cascade_accuracy
    return threshold_for_accuracy(
        points, DEFAULT_CASCADE_ACCURACY if accuracy is None else accuracy
    )
