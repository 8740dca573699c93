"""The options that several commands share."""

from typing import Annotated

import typer

from triage_agent.settings import Backend

BackendOption = Annotated[
    Backend,
    typer.Option(
        help="Who reads the problems; auto: the LLM if a model is named, else embedded; cascade: "
        "embedded, and the LLM where that is not sure."
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", "-m", help="The LLM's name.", envvar="TRIAGE_MODEL"),
]
BaseUrlOption = Annotated[
    str | None,
    typer.Option(help="Address of an OpenAI-compatible server.", envvar="OPENAI_BASE_URL"),
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        help="The server's key; better given in the environment.",
        envvar="OPENAI_API_KEY",
        show_default=False,
    ),
]
PromptOption = Annotated[
    str, typer.Option(help="A shipped prompt's name, or the path of your own (LLM only).")
]
ThresholdOption = Annotated[
    float,
    typer.Option(min=0.5, max=1.0, help="Under this probability the tie rules decide."),
]
TimeoutOption = Annotated[float, typer.Option(min=0.1, help="Seconds to wait for one LLM answer.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
AskOption = Annotated[
    bool, typer.Option("--ask/--no-ask", help="Ask in a terminal where a problem is unclear.")
]
VotesOption = Annotated[
    int, typer.Option(min=1, max=15, help="Ask the LLM so often about each problem, and count.")
]
RedactOption = Annotated[
    bool | None,
    typer.Option(
        "--redact/--no-redact",
        help="Hide e-mail addresses and numbers from the LLM; default: unless it runs here.",
    ),
]
PriorOption = Annotated[
    float,
    typer.Option(help="The share of build-software, over 0 and under 1, that embedded expects."),
]
CascadeOption = Annotated[
    float | None,
    typer.Option(
        "--cascade-threshold", min=0.5, max=1, help="Ask the LLM where embedded is less sure."
    ),
]
CascadeAccuracyOption = Annotated[
    float | None,
    typer.Option(
        "--cascade-accuracy",
        min=0.5,
        max=1,
        help="Ask the LLM so often that embedded is right in this share of the rest; default 0.97.",
    ),
]
CascadeCallsOption = Annotated[
    float | None,
    typer.Option(
        "--cascade-calls", min=0, max=1, help="Ask the LLM about roughly this share at most."
    ),
]
FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Ask the LLM again, even where an answer is kept.")
]
