"""Says whether a business problem calls for building software or for automating a process.

    from triage_agent import Profile, Triage

    with Triage() as triage:
        advice = triage.advise(["Leads get lost"], Profile.parse(revenue="3M"))

Importing this loads nothing else; each name is loaded when it is first used.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from triage_agent.advice import Advice as Advice
    from triage_agent.advice import Decision as Decision
    from triage_agent.advice import Plan as Plan
    from triage_agent.advice import Profile as Profile
    from triage_agent.advice import QuizResult as QuizResult
    from triage_agent.advice import Recommendation as Recommendation
    from triage_agent.errors import InputError as InputError
    from triage_agent.errors import ReplyError as ReplyError
    from triage_agent.errors import ServiceError as ServiceError
    from triage_agent.errors import SettingsError as SettingsError
    from triage_agent.errors import StopError as StopError
    from triage_agent.errors import TriageError as TriageError
    from triage_agent.settings import Backend as Backend
    from triage_agent.settings import Options as Options
    from triage_agent.triage import AsyncTriage as AsyncTriage
    from triage_agent.triage import Triage as Triage
    from triage_agent.types import Classification as Classification
    from triage_agent.types import Label as Label
    from triage_agent.types import Outcome as Outcome
    from triage_agent.types import Problem as Problem
    from triage_agent.web import Client as Client

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "advice": ["Advice", "Decision", "Plan", "Profile", "QuizResult", "Recommendation"],
        "errors": [
            "InputError",
            "ReplyError",
            "ServiceError",
            "SettingsError",
            "StopError",
            "TriageError",
        ],
        "settings": ["Backend", "Options"],
        "triage": ["AsyncTriage", "Triage"],
        "types": ["Classification", "Label", "Outcome", "Problem"],
        "web": ["Client"],
    },
)
