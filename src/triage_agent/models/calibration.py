"""Calibration: the probability that a backend claims, mapped to how often that is right.

`triage eval calibrate` fits a map for one backend, model and prompt (see `evals.calibrate`); here
such a file is read, and applied to the predictions of that backend.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, ValidationError, model_validator

from triage_agent.errors import SettingsError
from triage_agent.files import Strict, explain, read_bytes
from triage_agent.intake import counted
from triage_agent.models.protocols import Identity
from triage_agent.types import DecidedBy, Prediction

PRIOR_TIES = 10  # cases that a torn answer's own chance counts as, beside those of a tie rule
MOST = 700.0  # log-odds; `math.exp` of more overflows
EDGE = 1e-6  # probabilities nearer to 0 or 1 have the log-odds of this one
UNCALIBRATED = "-uncalibrated"  # how `probability_from` ends where no map was applied
TIE_RULE = "tie-rule"  # the value of `probability_from` for the rate of a tie rule

Share = Annotated[float, Field(ge=0, le=1)]
TieRule = Literal["TB1", "TB2", "TB3", "TB4"]
TIE_RULES: dict[DecidedBy, TieRule] = {
    DecidedBy.TB1: "TB1",
    DecidedBy.TB2: "TB2",
    DecidedBy.TB3: "TB3",
    DecidedBy.TB4: "TB4",
}


class Unchanged(Strict):
    """No map: the probabilities are right as they are."""

    method: Literal["none"] = "none"


class Platt(Strict):
    """A straight line over the log-odds (Platt 1999): two numbers, enough for few cases."""

    method: Literal["platt"] = "platt"
    scale: Annotated[FiniteFloat, Field(ge=0)]  # under 1: the model is overconfident
    shift: FiniteFloat  # over 0: it predicts build-software too rarely

    def at(self, p: float, votes: int = 1) -> float:
        """Return the probability at `p`, a share of votes if there are several."""
        odds = self.scale * log_odds(p, votes) + self.shift
        return 1 / (1 + math.exp(-max(-MOST, min(MOST, odds))))


class Isotonic(Strict):
    """Any map that never falls: straight lines between points (Zadrozny, Elkan 2002)."""

    method: Literal["isotonic"] = "isotonic"
    x: tuple[Share, ...] = Field(min_length=1)  # what the model claims
    y: tuple[Share, ...]  # what came true

    @model_validator(mode="after")
    def never_falls(self) -> "Isotonic":
        """Refuse points that make no rising line."""
        if len(self.x) != len(self.y):
            raise ValueError("x and y differ in length")
        if any(one > other for side in (self.x, self.y) for one, other in pairwise(side)):
            raise ValueError("x and y must not fall")
        return self

    def at(self, p: float) -> float:
        """Return the height of the line at `p`; beyond the ends it is level."""
        after = bisect_right(self.x, p)
        if after in (0, len(self.x)):
            return self.y[min(after, len(self.y) - 1)]
        (x0, x1), (y0, y1) = self.x[after - 1 : after + 1], self.y[after - 1 : after + 1]
        return y0 + (y1 - y0) * (p - x0) / (x1 - x0)


Map = Annotated[Platt | Isotonic | Unchanged, Field(discriminator="method")]


class TieRate(Strict):
    """How often a tie rule was right."""

    right: int = Field(ge=0)
    total: int = Field(ge=1)

    @model_validator(mode="after")
    def no_more_right_than_there_are(self) -> "TieRate":
        """Refuse counts that cannot be."""
        if self.right > self.total:
            raise ValueError("more are right than there are")
        return self


class FittedOn(Strict):
    """The file whose cases were used; the hash shows whether it was changed since."""

    file: str
    sha256: str


class Calibration(Strict):
    """What was fitted for one backend, model and prompt: a map, and the tie rules' rates."""

    backend: str
    model: str
    prompt: str | None
    probability_from: (
        str  # the kind of probability that it maps: logprobs, votes, stated or embedded
    )
    votes: int = Field(ge=1)  # samples per case
    threshold: Share  # under which the tie rules decided; their rates hold at no other
    map: Map
    prior: Share  # share of build-software among the cases; elsewhere the map is off by the odds
    cases: int = Field(ge=1)  # that the map was fitted to
    tie_rates: dict[TieRule, TieRate]
    review_below: Share | None = None  # a less probable label needs review; None: not measured
    flagged: Share | None = None  # of the answered texts it was measured on, those under it
    fitted_on: FittedOn
    made: date
    triage_agent: str  # the version that fitted it

    @property
    def identity(self) -> Identity:
        """The model and prompt that it was fitted for."""
        return Identity(self.backend, self.model, self.prompt)

    @property
    def summary(self) -> str:
        """One line about it, for the record of a run."""
        cases = f"{counted(self.cases, 'case')} of {self.fitted_on.file}"
        return f"{self.map.method}, fitted {self.made} to {cases}"

    def fits(self, prediction: Prediction) -> bool:
        """Return whether it was fitted to the kind of probability that a prediction has."""
        return (
            prediction.p_build is not None
            and kind_of(prediction.probability_from) == self.probability_from
            and max(1, len(prediction.votes)) == self.votes
        )

    def apply(self, p_build: float) -> float:
        """Return the chance of build-software where the backend claims `p_build`."""
        return mapped(self.map, p_build, self.votes, self.cases)

    def calibrated(self, prediction: Prediction) -> Prediction:
        """Return the prediction with the calibrated probability."""
        if prediction.p_build is None:
            return prediction
        return replace(
            prediction,
            p_build=self.apply(prediction.p_build),
            probability_from=self.probability_from,
        )

    def tie_rate(self, rule: DecidedBy, threshold: float) -> float | None:
        """Return how often a tie rule is right; None: it decided no case, or another threshold.

        A few cases say little, so the rate starts from the threshold, which a torn answer misses.
        """
        found = self.tie_rates.get(TIE_RULES[rule]) if rule in TIE_RULES else None
        if found is None or threshold != self.threshold:
            return None
        return (found.right + PRIOR_TIES * self.threshold) / (found.total + PRIOR_TIES)


def tie_rates(decided: Iterable[tuple[DecidedBy, bool]]) -> dict[TieRule, TieRate]:
    """Return the rates of the tie rules, from who decided each case and whether that was right.

    >>> tie_rates([(DecidedBy.TB1, True), (DecidedBy.MODEL, True), (DecidedBy.TB1, False)])
    {'TB1': TieRate(right=1, total=2)}
    """
    found: dict[TieRule, list[bool]] = {}
    for by, right in decided:
        if by in TIE_RULES:
            found.setdefault(TIE_RULES[by], []).append(right)
    return {rule: TieRate(right=sum(found[rule]), total=len(found[rule])) for rule in sorted(found)}


def mapped(by: Map, p: float, votes: int, cases: int) -> float:
    """Return the calibrated probability, by a map that was fitted to that number of cases."""
    if isinstance(by, Unchanged):
        return p
    return bounded(by.at(p, votes) if isinstance(by, Platt) else by.at(p), cases)


def bounded(p: float, cases: int) -> float:
    """Return a probability no nearer to 0 or 1 than the number of cases allows.

    n cases that were all right support a probability of (n + 1) / (n + 2) (Laplace), and no more.

    >>> bounded(1.0, cases=98), bounded(0.5, cases=98)
    (0.99, 0.5)
    """
    edge = 1 / (cases + 2)
    return max(edge, min(1 - edge, p))


def log_odds(p: float, votes: int = 1) -> float:
    """Return the log-odds of a probability, or of a share of votes.

    Both sides get half a vote more: five votes of five do not make it certain.

    >>> log_odds(0.5), round(log_odds(1.0, votes=5), 3) == round(log_odds(5.5 / 6), 3)
    (0.0, True)
    """
    if votes > 1:
        p = (p * votes + 0.5) / (votes + 1)
    p = max(EDGE, min(1 - EDGE, p))
    return math.log(p / (1 - p))


def kind_of(probability_from: str | None) -> str:
    """Return where a probability comes from, whether or not it was calibrated.

    >>> kind_of("logprobs-uncalibrated"), kind_of("embedded"), kind_of(None)
    ('logprobs', 'embedded', '')
    """
    return (probability_from or "").removesuffix(UNCALIBRATED)


def find_calibration(identity: Identity, paths: Iterable[Path]) -> Calibration | None:
    """Return the first calibration among files that is about `identity`; None if there is none.

    Raises `SettingsError` naming the file that is there and damaged.
    """
    for path in paths:
        found = load_calibration(path)
        if found and found.identity == identity:
            return found
    return None


def load_calibration(path: Path) -> Calibration | None:
    """Return the calibration in a file; None if there is no such file."""
    try:
        return Calibration.model_validate_json(read_bytes(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValidationError) as error:
        why = explain(error) if isinstance(error, ValidationError) else error.strerror or error
        raise SettingsError(
            f"The calibration {path} cannot be used ({why}). Delete it, or fit it anew with "
            "`triage eval calibrate`."
        ) from error
