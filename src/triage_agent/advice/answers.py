"""The words for each recommendation (prompts/advice.toml)."""

from functools import cache

from pydantic import RootModel, model_validator

from triage_agent.advice.roles import Role
from triage_agent.advice.rules import Recommendation
from triage_agent.files import Strict, folder, load_toml


class AdviceWords(Strict):
    """The words for one recommendation."""

    headline: str
    answer: str  # the same within a sentence
    unpaid: str | None = None  # the headline if it would not pay; None: no fee is recommended
    unready: str | None = None  # the headline if the quiz says not to start; None: nobody is hired
    out_of_scope: str | None = None  # the headline if all problems are about neither kind of work
    roles: tuple[Role, ...]
    introduces: tuple[Role, ...] | None = None  # of them, whom it recommends; None: all

    @property
    def introduced(self) -> tuple[Role, ...]:
        """The roles of which it is said who that is."""
        return self.roles if self.introduces is None else self.introduces


class AdviceTable(RootModel[dict[Recommendation, AdviceWords]]):
    """Advice for every recommendation."""

    @model_validator(mode="after")
    def holds_all(self) -> "AdviceTable":
        """Refuse a file that lacks a recommendation."""
        if missing := set(Recommendation) - set(self.root):
            raise ValueError(f"no advice for {', '.join(sorted(missing))}")
        return self


@cache
def advice_table() -> dict[Recommendation, AdviceWords]:
    """Return the advice for every recommendation (prompts/advice.toml)."""
    return load_toml(folder("prompts") / "advice.toml", AdviceTable).root
