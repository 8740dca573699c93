"""`from triage_agent import ...`: what is there, how it is called, and what importing it costs."""

import inspect
import re
import subprocess
import sys

import pytest

import triage_agent

# A change here is a change for every user of the library: say so in CHANGELOG.md.
NAMES = [
    "Advice",
    "AsyncTriage",
    "Backend",
    "Classification",
    "Client",
    "Decision",
    "InputError",
    "Label",
    "Options",
    "Outcome",
    "Plan",
    "Problem",
    "Profile",
    "QuizResult",
    "Recommendation",
    "ReplyError",
    "ServiceError",
    "SettingsError",
    "StopError",
    "Triage",
    "TriageError",
]
SIGNATURES = {
    "Triage": "(options: Options | None = None, **settings: Any) -> None",
    "Triage.classify": "(self, problem: str | Problem | Rejected) -> Classification",
    "Triage.classify_many": (
        "(self, problems: Iterable[str | Problem | Rejected]) -> Iterator[Classification]"
    ),
    "Triage.advise": (
        "(self, problems: str | Iterable[str | Problem | Rejected], "
        "profile: Profile | None = None, "
        "quiz: QuizResult | Mapping[str, int] | None = None, *, "
        "hourly_cost: Decimal | None = None) -> Advice"
    ),
    "Triage.close": "(self) -> None",
    "AsyncTriage": "(options: Options | None = None, **settings: Any) -> None",
    "AsyncTriage.classify": "(self, problem: str | Problem | Rejected) -> Classification",
    "AsyncTriage.classify_many": (
        "(self, problems: Iterable[str | Problem | Rejected]) -> AsyncGenerator[Classification]"
    ),
    "AsyncTriage.advise": (
        "(self, problems: str | Iterable[str | Problem | Rejected], "
        "profile: Profile | None = None, "
        "quiz: QuizResult | Mapping[str, int] | None = None, *, "
        "hourly_cost: Decimal | None = None) -> Advice"
    ),
    "AsyncTriage.aclose": "(self) -> None",
    "Profile.parse": (
        "(revenue: str | None = None, *, usd_rate: float | None = None, "
        "sells_software: bool | None = None) -> Profile"
    ),
}


def signature_of(path):
    """Return a signature as it is written in the source, without the names of modules."""
    value = triage_agent
    for part in path.split("."):
        value = getattr(value, part)
    return re.sub(r"(?:\w+\.)+(?=[A-Z])|'", "", str(inspect.signature(value)))


def test_the_names_are_these():
    assert sorted(triage_agent.__all__) == NAMES


@pytest.mark.parametrize("path", SIGNATURES)
def test_a_signature_is_as_it_was(path):
    assert signature_of(path) == SIGNATURES[path]


@pytest.mark.parametrize("name", NAMES)
def test_everything_public_says_what_it_is(name):
    value = getattr(triage_agent, name)
    assert (value.__doc__ or "").strip()
    for inner, member in vars(value).items():
        if not inner.startswith("_") and (callable(member) or isinstance(member, property)):
            assert (member.__doc__ or "").strip(), f"{name}.{inner} has no docstring"


@pytest.mark.parametrize(
    "code",
    [
        "import triage_agent",
        "from triage_agent import Label, Options, Problem, TriageError",
        "import triage_agent; dir(triage_agent)",
    ],
)
def test_importing_it_loads_nothing_heavy(code):
    heavy = ["numpy", "openai", "onnxruntime", "pydantic", "rich", "typer", "jinja2", "anyio"]
    check = f"{code}; import sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing"):
        triage_agent.nothing  # noqa: B018
