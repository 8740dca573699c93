"""Which backend an option's values choose, and whether they can work together."""

import math
from dataclasses import dataclass, field

from triage_agent.errors import SettingsError
from triage_agent.settings.extra_body import read_extra_body
from triage_agent.settings.options import (
    CHECKED_LATER,
    LONGEST,
    USUAL_PRIOR,
    Backend,
    Options,
    settings_of_options,
    variable_of,
)
from triage_agent.settings.shorthands import read_shorthand


@dataclass(frozen=True, slots=True)
class Choice:
    """The backend that will be used, and the reason in words."""

    backend: Backend  # never AUTO
    why: str
    model: str = ""  # as the server calls it
    base_url: str | None = None  # None: the client's default, api.openai.com
    asks_for_model: bool = False  # `model` is a shorthand without a name: the server has it
    api_key: str | None = field(default=None, repr=False)


def choose_backend(options: Options) -> Choice:
    """Return the backend to use.

    `auto` takes the LLM if a model is named, else the embedded model: a key alone sends nothing
    anywhere. Raises `SettingsError` if the LLM or the cascade is wanted without a model.
    """
    wanted, model = options.backend, _trimmed(options, "model", blanks=True)
    if wanted is Backend.EMBEDDED:
        return Choice(Backend.EMBEDDED, "--backend embedded asks for it")
    if wanted is Backend.AUTO and not model:
        return Choice(Backend.EMBEDDED, "no model is named by --model or TRIAGE_MODEL")
    if not model:
        raise SettingsError(
            f"--backend {wanted.value} needs the name of a model. Give it with --model or "
            "TRIAGE_MODEL."
        )
    name, address = read_shorthand(model)
    base_url = _trimmed(options, "base_url") or None
    if address and base_url:
        raise SettingsError(
            f"--model {model} means the server at {address}, and --base-url gives an address too. "
            f"Leave out --base-url, or write the model without {model.partition(':')[0]}: in front."
        )
    return Choice(
        Backend.LLM if wanted is Backend.AUTO else wanted,
        "a model is named" if wanted is Backend.AUTO else f"--backend {wanted.value} asks for it",
        name or model,
        address or base_url,
        asks_for_model=not name,
        api_key=_trimmed(options, "api_key") or None,
    )


def _trimmed(options: Options, name: str, *, blanks: bool = False) -> str:
    """Return a text without the blanks and line ends around it, which copying leaves; "" for None.

    Raises `SettingsError`, without the text, which may be a key, if such stand within it too.
    """
    text: str = (getattr(options, name) or "").strip()
    place = f"--{name.replace('_', '-')} (or {variable_of(name)})"
    if not text.isprintable() or (" " in text and not blanks):
        kinds = "a line break or another character" if blanks else "a blank, or a character"
        raise SettingsError(f"{place} holds {kinds} that it cannot hold. Correct it.")
    if len(text) > LONGEST:
        raise SettingsError(
            f"{place} has {len(text):,} characters, and {LONGEST:,} is the limit. Correct it."
        )
    return text


def check_values(options: Options) -> None:
    """Raise `SettingsError` for a value of the wrong type, or outside its limits.

    The command line checks its own; this is for those who call the library.
    """
    for name, (kind, setting) in settings_of_options().items():
        value = getattr(options, name)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = isinstance(value, kind) or (number and isinstance(float(value), kind))
        if fits and number:
            least = -math.inf if setting.least is None else setting.least
            most = math.inf if setting.most is None else setting.most
            fits = least <= value <= most or name in CHECKED_LATER
        if not fits:
            shown = "what was given" if setting.secret else repr(value)
            limits = [
                f"{words} {limit:g}"
                for words, limit in (("at least", setting.least), ("at most", setting.most))
                if limit is not None
            ]
            wanted = getattr(kind, "__name__", str(kind)).replace(" | None", "")
            raise SettingsError(f"{name} must be {' and '.join([wanted, *limits])}, not {shown}.")


def check_options(choice: Choice, options: Options) -> None:
    """Raise `SettingsError` for an option that cannot work, or that the backend would ignore."""
    check_values(options)
    if options.reasoning_effort is not None and not _trimmed(options, "reasoning_effort"):
        raise SettingsError("--reasoning-effort is empty. Write a word like low, or leave it out.")
    if options.extra_body is not None:
        read_extra_body(options.extra_body)
    if not 0 < options.prior < 1:
        raise SettingsError(
            f"--prior must be between 0 and 1, for example 0.3, not {options.prior:g}."
        )
    if options.prior != USUAL_PRIOR and choice.backend in {Backend.LLM, Backend.TYPED}:
        reader = "the LLM" if choice.backend is Backend.LLM else "a decision model"
        raise SettingsError(
            f"--prior is for the embedded model and the cascade, and this run uses {reader} "
            f"({choice.why}). Leave it out, or choose with --backend."
        )
    known = settings_of_options()
    given = {
        f"--{name.replace('_', '-')}": (value, known[name][1].least)
        for name in ("cascade_threshold", "cascade_accuracy", "cascade_calls")
        if (value := getattr(options, name)) is not None
    }
    if len(given) > 1:
        raise SettingsError(
            f"{' and '.join(given)} exclude each other: each says when the LLM is asked."
        )
    for name, (value, least) in given.items():
        if choice.backend is not Backend.CASCADE:
            raise SettingsError(
                f"{name} is for --backend cascade, and this run uses {choice.backend.value} "
                f"({choice.why})."
            )
        if not least <= value <= 1:
            raise SettingsError(f"{name} must be between {least:g} and 1, not {value:g}.")
