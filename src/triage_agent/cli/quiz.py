"""`triage quiz`: how ready the business is for AI and automation."""

from pathlib import Path
from typing import Annotated

import typer

from triage_agent.cli.shared_options import JsonOption
from triage_agent.cli.streams import say


def quiz(
    answers: Annotated[
        Path | None, typer.Option(help="Read the answers from a JSON file: {dimension: 0..3}.")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Write the answers to a JSON file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Take the two-minute readiness quiz: eight questions, a score of 0 to 100, and advice."""
    import asyncio

    from triage_agent.advice import read_answers
    from triage_agent.cli.conversing import take_quiz
    from triage_agent.cli.telling import in_terminal
    from triage_agent.errors import InputError
    from triage_agent.files import check_writable, write_json
    from triage_agent.reports import as_quiz, print_json, show_quiz, stdout_console

    if save:
        check_writable(save)  # before the questions are asked
    if answers:
        result = read_answers(answers)
    elif in_terminal():
        result = asyncio.run(take_quiz())
    else:
        raise InputError(
            "The quiz asks its questions in a terminal, and this is not one. "
            "Give the answers in a file: triage quiz --answers answers.json"
        )
    if save:
        points = {dimension.id: dimension.points for dimension in result.dimensions}
        write_json(save, points)
    if as_json:
        print_json(as_quiz(result))
    else:
        show_quiz(stdout_console(), result)
    if save:
        say(f"Saved to {save}. Use it: triage advise --quiz {save}")
