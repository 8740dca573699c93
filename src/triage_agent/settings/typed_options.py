"""The options that are for models that write text, and not for a decision model."""

from triage_agent.errors import SettingsError
from triage_agent.settings.options import Options

# Why each means nothing to a model that gives probabilities and no text.
OF_WRITERS = {
    "votes": "it gives probabilities, so asking several times shows nothing more",
    "brief": "it writes no text that could be left out",
    "split_by": "it copies no passages out of a text",
    "reasoning_effort": "it does not think aloud",
    "max_output_tokens": "it writes no text that could be cut off",
}


def check_typed(options: Options) -> None:
    """Raise `SettingsError` for an option that a decision model would ignore."""
    usual = Options()
    for name, why in OF_WRITERS.items():
        if getattr(options, name) != getattr(usual, name):
            raise SettingsError(
                f"--{name.replace('_', '-')} is for an LLM, not for a decision model: {why}. "
                "Leave it out."
            )
