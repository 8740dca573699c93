"""Which backend is used, and why: options first, then the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from triage_agent.errors import SettingsError
from triage_agent.model import Model


class Backend(StrEnum):
    """What reads the problems."""

    AUTO = "auto"
    LLM = "llm"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Choice:
    """The backend that will be used, and the reason in words."""

    backend: Backend  # never AUTO
    why: str
    model: str = ""
    base_url: str | None = None  # None: the client's default, api.openai.com
    api_key: str | None = field(default=None, repr=False)


def choose_backend(
    wanted: Backend,
    environment: Mapping[str, str],
    *,
    model: str | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
) -> Choice:
    """Return the backend to use.

    `auto` takes the LLM if a model is named (option or TRIAGE_MODEL), else the embedded model: a
    key alone sends nothing anywhere. Raises `SettingsError` if the LLM is wanted without a model.
    """
    model = (model or environment.get("TRIAGE_MODEL") or "").strip()
    if wanted is Backend.EMBEDDED:
        return Choice(Backend.EMBEDDED, "--backend embedded asks for it")
    if wanted is Backend.AUTO and not model:
        return Choice(Backend.EMBEDDED, "no model is named by --model or TRIAGE_MODEL")
    if not model:
        raise SettingsError(
            "The LLM backend needs the name of a model. Give it with --model or TRIAGE_MODEL."
        )
    return Choice(
        Backend.LLM,
        "--backend llm asks for it" if wanted is Backend.LLM else "a model is named",
        model,
        base_url or environment.get("OPENAI_BASE_URL") or None,
        api_key or environment.get("OPENAI_API_KEY") or None,
    )


def open_model(choice: Choice, *, prompt: str, timeout_s: float) -> tuple[Model, str]:
    """Return the chosen model, and the line that tells the user where their text goes."""
    if choice.backend is Backend.EMBEDDED:
        from triage_agent.embedded_model import EmbeddedModel

        embedded = EmbeddedModel()
        return embedded, f"backend: embedded ({embedded.name}), nothing leaves this machine"
    from triage_agent.llm_model import LLMModel
    from triage_agent.openai_model import OpenAIChat
    from triage_agent.prompt import load_prompt
    from triage_agent.refusals import is_local

    template = load_prompt(prompt)
    chat = OpenAIChat(choice.model, choice.base_url, choice.api_key, timeout_s=timeout_s)
    where = "on this machine" if is_local(chat.host) else "your text is sent there"
    line = f"backend: llm ({choice.model}) at {chat.host}, {where}"
    return LLMModel(chat, template), line
