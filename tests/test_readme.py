"""README's outputs and help texts are those of the program.

`python tests/test_readme.py` writes them anew.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
RUN = re.compile(r"(<!-- run -->\n```console\n\$ )([^\n]+)\n(.*?)(```\n)", re.DOTALL)
HELP = re.compile(r"<!-- help -->\n.*", re.DOTALL)
TABLE = re.compile(r"<!-- eval table -->\n.*?<!-- end -->", re.DOTALL)
COMMANDS = [
    "",
    "advise",
    "classify",
    "batch",
    "review",
    "quiz",
    "roi",
    "compare-roles",
    "check-hire",
    "cache",
    "doctor",
    "eval",
]
SUBCOMMANDS = ["eval compare", "eval cascade", "eval calibrate"]


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
    for command in [*COMMANDS, *SUBCOMMANDS]:
        name = f"triage {command}".strip()
        text = output_of(f"{name} --help").replace("python -m triage_agent.cli.main", "triage")
        parts.append(f"\n### {name}\n\n```text\n{text.strip()}\n```\n")
    return "".join(parts)


def eval_table():
    """Return the recorded runs as a table, the best first."""
    runs = []
    for settings in README.parent.glob("evals/runs/*/settings.json"):
        about = json.loads(settings.read_text(encoding="utf-8"))
        found = json.loads(settings.with_name("summary.json").read_text(encoding="utf-8"))
        runs.append((found["problems"], about, settings.parent.name))
    lines = [
        "| run | model, prompt | accuracy | of what was answered | calibration error (chance) |",
        "|---|---|---|---|---|",
    ]
    for found, about, name in sorted(
        runs, key=lambda run: (run[0]["in_scope"], run[0]["accuracy"]["value"]), reverse=True
    ):
        prompt = f", {about['prompt'].partition('@')[0]}" if about["prompt"] else ""
        lines.append(
            f"| `{name}` | {about['model']}{prompt} | {interval(found['accuracy'])} "
            f"| {interval(found['answered_accuracy'])} "
            f"| {found['ece']:.3f} ({found['ece_p95']:.3f}) |"
            if found["ece"] is not None
            else f"| `{name}` | {about['model']}{prompt} | {interval(found['accuracy'])} "
            f"| {interval(found['answered_accuracy'])} | – |"
        )
    return "<!-- eval table -->\n" + "\n".join(lines) + "\n<!-- end -->"


def interval(rate):
    """Return a rate with its counts and interval."""
    return (
        f"{rate['value']:.3f} ({rate['right']}/{rate['total']}; "
        f"{rate['low']:.3f}–{rate['high']:.3f})"
    )


def renewed(text):
    text = TABLE.sub(lambda _: eval_table(), text)
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
