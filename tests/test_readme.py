"""README's outputs and help texts are those of the program.

`python tests/test_readme.py` writes them anew.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
RUN = re.compile(r"(<!-- run -->\n```console\n\$ )([^\n]+)\n(.*?)(```\n)", re.DOTALL)
HELP = re.compile(r"<!-- help -->\n.*", re.DOTALL)
COMMANDS = ["", "advise", "classify", "batch", "quiz", "cache", "doctor"]


def output_of(command):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI", "TRIAGE"))}
    result = subprocess.run(  # stderr first: it names the backend before any result
        [sys.executable, "-m", "triage_agent.cli.main", *shlex.split(command)[1:]],
        capture_output=True,
        check=True,
        env={**environment, "COLUMNS": "80"},
    )
    return (result.stderr + result.stdout).decode()


def help_texts():
    parts = ["<!-- help -->\n"]
    for command in COMMANDS:
        name = f"triage {command}".strip()
        text = output_of(f"{name} --help").replace("python -m triage_agent.cli.main", "triage")
        parts.append(f"\n### {name}\n\n```text\n{text.strip()}\n```\n")
    return "".join(parts)


def renewed(text):
    text = RUN.sub(lambda m: f"{m[1]}{m[2]}\n{output_of(m[2]).rstrip()}\n{m[4]}", text)
    return HELP.sub(lambda _: help_texts(), text)


def test_outputs_and_help_in_readme_are_the_programs():
    text = README.read_text(encoding="utf-8")
    assert renewed(text) == text, "run `python tests/test_readme.py` and look at the difference"


def test_every_command_is_documented():
    listed = re.findall(r"^  (\w[\w-]*)  ", output_of("triage --help").split("Commands:")[1], re.M)
    assert listed == COMMANDS[1:]


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
