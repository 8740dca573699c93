"""Shared options become those of a command, which receives them as one `Options`."""

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from triage_agent.cli.help_screen import (
    HELP_ALL,
    MEASURING_OPTIONS,
    MODEL_OPTIONS,
    OTHER_OPTIONS,
    TABLE_OPTIONS,
    show_all_help,
)
from triage_agent.cli.setting_sources import check_used, naming_sources
from triage_agent.settings import Options, Setting, settings_of_options, variable_of
from triage_agent.types import Label

READING = (
    "backend",
    "model",
    "base_url",
    "api_key",
    "prior",
    "cascade_threshold",
    "cascade_accuracy",
    "cascade_calls",
    "prompt",
    "split_by",
    "threshold",
    "review_below",
    "timeout",
    "votes",
    "redact",
    "fresh",
    "reasoning_effort",
    "max_output_tokens",
    "extra_body",
    "cache_address",
)
NOT_FOR_EVALS = {"prior", "cascade_threshold", "cascade_accuracy", "cascade_calls"}
MEASURING = (
    *(name for name in READING if name not in NOT_FOR_EVALS),
    "max_concurrency",
    "brief",
)
RUNNING = (*READING, "max_concurrency", "rpm", "tpm", "max_cost", "price")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="csv, tsv, xlsx, json or jsonl; detected if not given.",
        rich_help_panel=TABLE_OPTIONS,
    ),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(
        help="Like utf-8 or cp1252; detected if not given.", rich_help_panel=TABLE_OPTIONS
    ),
]
DelimiterOption = Annotated[
    str | None,
    typer.Option(
        help="Delimiter of CSV cells; detected if not given.", rich_help_panel=TABLE_OPTIONS
    ),
]
SheetOption = Annotated[
    str | None,
    typer.Option(
        help="Sheet; if not given, the one with free text.", rich_help_panel=TABLE_OPTIONS
    ),
]
HeaderOption = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether the first row names the columns.",
        rich_help_panel=TABLE_OPTIONS,
    ),
]
HeaderRowOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Number of the row that names the columns, as a spreadsheet counts.",
        rich_help_panel=TABLE_OPTIONS,
    ),
]
AskOption = Annotated[
    bool,
    typer.Option(
        "--ask/--no-ask",
        help="Ask in a terminal where a problem is unclear.",
        rich_help_panel=OTHER_OPTIONS,
    ),
]


LabelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="NAME=LABEL",
        help="What a label in your own cases stands for, such as bot=automate-process or "
        "other=none (abstaining is right); may be given several times.",
        rich_help_panel=MEASURING_OPTIONS,
    ),
]


CONTEXT, EXPLAIN = "triage_context", "help_all"
_CONTEXT = inspect.Parameter(CONTEXT, inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
_EXPLAIN_PARAMETER = inspect.Parameter(
    EXPLAIN,
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[
        bool,
        typer.Option(
            HELP_ALL,
            help="Show this message with every option explained.",
            rich_help_panel=OTHER_OPTIONS,
            callback=show_all_help,
            is_eager=True,
        ),
    ],
)


def with_options(names: Iterable[str]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that gives a command these options as its parameter `options`."""
    names = tuple(names)

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def with_shared(**given: Any) -> None:
            context: typer.Context = given[known] if known else given.pop(CONTEXT)
            del given[EXPLAIN]
            options = Options(**{name: given.pop(name) for name in names})
            with naming_sources(context):
                if context.invoked_subcommand is None:
                    check_used(context, options)
                command(options=options, **given)

        signature = inspect.signature(command, eval_str=True)
        own = [one for one in signature.parameters.values() if one.name != "options"]
        contexts = [one.name for one in own if one.annotation is typer.Context]
        known = contexts[0] if contexts else ""  # typer gives one parameter the context
        shared = [*map(_parameter, names), _EXPLAIN_PARAMETER, *([] if known else [_CONTEXT])]
        parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in [*own, *shared]]
        with_shared.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        with_shared.__annotations__ = {one.name: one.annotation for one in parameters}
        del with_shared.__wrapped__  # typer reads what we say here
        return with_shared

    return decorate


def read_labels(given: Iterable[str], cases: Path | None) -> dict[str, Label | None]:
    """Return what the labels in a file of cases stand for; None: abstaining is right.

    >>> read_labels(["bot=automate-process", "Other = none"], Path("cases.csv"))
    {'bot': <Label.AUTOMATE: 'automate-process'>, 'other': None}
    """
    known = {**{label.value: label for label in Label}, "none": None}
    labels: dict[str, Label | None] = {}
    for text in given:
        if not cases:
            raise typer.BadParameter("--label is about your own cases: give them with --cases.")
        name, _, label = (part.strip().casefold() for part in text.rpartition("="))
        if not name or label not in known:
            raise typer.BadParameter(
                f"--label needs NAME=LABEL, and LABEL is {', '.join(known)}; not {text!r}."
            )
        if labels.get(name, known[label]) != known[label]:
            raise typer.BadParameter(f"--label gives {name!r} two meanings. Give it one.")
        labels[name] = known[label]
    return labels


def _parameter(name: str) -> inspect.Parameter:
    """Return a shared option as the parameter that typer reads."""
    kind, setting = settings_of_options()[name]
    default = getattr(Options(), name)
    option = typer.Option(
        *_flags(name, kind, setting),
        help=setting.help,
        rich_help_panel=MODEL_OPTIONS,
        min=setting.least,
        max=setting.most,
        envvar=variable_of(name),
        show_default=not setting.secret,
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
    )


def _flags(name: str, kind: Any, setting: Setting) -> tuple[str, ...]:
    """Return how an option is written on the command line."""
    flag = setting.flag or "--" + name.replace("_", "-")
    if kind == bool | None:
        flag += f"/--no-{flag.removeprefix('--')}"
    return (flag, setting.short) if setting.short else (flag,)
