"""Several models on the same cases: one run each, and their figures side by side."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from triage_agent.errors import SettingsError
from triage_agent.evals.evaluation import EvalRequest, EvalResult, cases_of_request, evaluate
from triage_agent.evals.run import ProgressBar
from triage_agent.evals.summary import ProblemFigures
from triage_agent.models import cost, price_for
from triage_agent.settings import Backend, Options, choose_backend
from triage_agent.types import Usage

LONGEST_NAME = 60  # characters of a folder's name that come from the model's


@dataclass(frozen=True, slots=True)
class ModelRun:
    """The run of one model, and what it cost."""

    result: EvalResult
    problems: ProblemFigures  # those of the result
    micro_usd: int | None  # of what did not come from the cache; None: the price is not known

    @property
    def name(self) -> str:
        """The backend and the model."""
        settings = self.result.run.settings
        return f"{settings['backend']}: {settings['model']}"

    def values(self) -> dict[str, Any]:
        """Return settings, figures and cost as JSON values; amounts are texts, to stay exact."""
        usd = None if self.micro_usd is None else f"{Decimal(self.micro_usd).scaleb(-6):f}"
        return {**self.result.values(), "cost_usd": usd}


def evaluate_models(
    request: EvalRequest, also: Sequence[str], progress: ProgressBar, report: Callable[[str], None]
) -> list[ModelRun]:
    """Return what the model of the request and each further one reach on the same cases.

    `also` are names of LLMs, or `embedded`. With an output, each run is written to a folder of its
    own in it, before the next model is asked: what stops one model loses nothing of the others.
    """
    models = all_options(request.options, also)
    cases = cases_of_request(request)  # once: a stream has no second reading
    runs: list[ModelRun] = []
    folders: set[str] = set()
    for options in models:
        with_model = replace(request, options=options, output=None)
        if request.output:
            name = folder_name(options, folders)
            folders.add(name)
            with_model = replace(with_model, output=request.output / name)
        result = evaluate(with_model, progress, report, cases)
        if with_model.output:
            report(f"written: {result.write(with_model.output)}")
        if problems := result.summary.problems:  # there always is a case, so there are figures
            usage = sum((row.usage for row in result.run.rows), Usage())
            runs.append(ModelRun(result, problems, micro_usd(options, usage)))
    return runs


def all_options(options: Options, also: Sequence[str]) -> list[Options]:
    """Return the options of every model; `SettingsError` if one is named twice.

    >>> [one.model for one in all_options(Options(model="a"), ["b", "embedded"])]
    ['a', 'b', None]
    """
    several = [options]
    for name in also:
        embedded = name.strip().casefold() == Backend.EMBEDDED
        backend = Backend.EMBEDDED if embedded else Backend.LLM
        several.append(replace(options, backend=backend, model=None if embedded else name))
    choices = [choose_backend(one) for one in several]
    named = [(choice.backend, choice.model) for choice in choices]
    if twice := next((one for one in named if named.count(one) > 1), None):
        raise SettingsError(
            f"{twice[1] or 'The embedded model'} is named twice. Without --model and --backend the "
            "embedded model is the first; name every other model once with --also."
        )
    return several


def micro_usd(options: Options, usage: Usage) -> int | None:
    """Return what a usage costs in micro-dollars; None if the model's price is not known."""
    choice = choose_backend(options)
    if choice.backend is Backend.EMBEDDED:
        return 0
    price = price_for(choice, options)
    return cost(usage, price) if price else None


def folder_name(options: Options, taken: set[str]) -> str:
    """Return a folder's name for a model that is not taken.

    >>> folder_name(Options(model="org/model:1b"), {"org-model-1b"})
    'org-model-1b-2'
    """
    choice = choose_backend(options)
    name = choice.model or choice.backend.value
    if choice.backend is Backend.CASCADE:
        name = f"cascade-{name}"
    # In small letters: some file systems take GPT-5 and gpt-5 for one name.
    slug = re.sub(r"[^a-z0-9.]+", "-", name.casefold())[:LONGEST_NAME].strip("-.") or "model"
    numbered = (slug if number == 1 else f"{slug}-{number}" for number in range(1, len(taken) + 2))
    return next(one for one in numbered if one not in taken)
