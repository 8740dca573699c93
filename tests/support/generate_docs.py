"""Writes what README and docs/ take from the program itself.

Four things are generated: the output below a command whose block is marked, the eval table of
README, the table of settings, and docs/reference/cli.md from `--help`. Run
`python tests/support/generate_docs.py` after a
change of the program, and read the difference. `test_docs.py` fails when something has drifted.

A marked block looks like this; a command may be continued over lines that end with a backslash:

    <!-- run -->
    ```console
    $ triage compare-roles
    (the program's output, standard error first)
    ```

`<!-- run: paragraphs 1, 4-5 -->` shows only these paragraphs of the output, with `…` for the rest.
`<!-- run: exit code 8 -->` expects that exit code instead of 0. A marked block of Python
is run too; what it prints stands in a `text` block after it.

All commands run in one temporary folder that starts as a copy of docs/examples, with the
repository's evals beside them. They run in the order of the pages, each distinct command once.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from triage_agent.settings import Options, settings_of_options, variable_of

ROOT = Path(__file__).parents[2]
README, DOCS = ROOT / "README.md", ROOT / "docs"
REFERENCE = DOCS / "reference" / "cli.md"
RUN = re.compile(
    r"(?P<head><!-- run(?P<how>[^>]*) -->\n+```console\n)"
    r"(?P<command>\$ (?:[^\n]*\\\n)*[^\n]*\n)(?P<output>.*?)(?P<end>```\n)",
    re.DOTALL,
)
PYTHON = re.compile(
    r"(?P<head><!-- run -->\n+```python\n(?P<code>.*?)```\n\n```text\n).*?(?P<end>```\n)", re.DOTALL
)
TABLE = re.compile(r"<!-- eval table -->\n.*?<!-- end -->", re.DOTALL)
SETTINGS = re.compile(r"<!-- settings -->\n.*?<!-- end -->", re.DOTALL)
HELP = re.compile(r"<!-- help -->\n.*", re.DOTALL)
LISTED = re.compile(r"^  (\w[\w-]*)  ", re.MULTILINE)


def pages():
    """Return README and every page of the site, tutorials first: others may use their files."""
    order = ["index.md", "get-started", "how-to", "reference", "explanation"]
    found = sorted(
        DOCS.rglob("*.md"),
        key=lambda page: (order.index(page.relative_to(DOCS).parts[0]), page),
    )
    return [README, *found]


def run(command, folder, expected=0):
    """Return what a `triage` command prints, standard error first, or fail."""
    words = shlex.split(command.replace("\\\n", " "))
    assert words[0] == "triage", f"only triage is run, not {words[0]!r}"
    printed = output_of(["-m", "triage_agent.cli.main", *words[1:]], folder, expected)
    return printed.replace("python -m triage_agent.cli.main", "triage")


def output_of(arguments, folder, expected=0):
    """Return what Python prints with these arguments, without the user's settings, or fail."""
    secret = ("OPENAI", "TRIAGE")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(secret)}
    result = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        check=False,
        cwd=folder,
        env={**environment, "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
    )
    printed = (result.stderr + result.stdout).decode()
    assert result.returncode == expected, (
        f"{arguments} ended with exit code {result.returncode}, not {expected}:\n{printed}"
    )
    return "\n".join(line.rstrip() for line in printed.splitlines()).strip("\n")


class Outputs:
    """The outputs of commands that run in one folder, each distinct command once."""

    def __init__(self, folder):
        self.folder, self.known = folder, {}

    def renewed(self, match):
        """Return a marked block with the output that its command has now."""
        command, how = match["command"].removeprefix("$ "), match["how"]
        code = re.search(r"exit code (\d+)", how)
        if command not in self.known:
            self.known[command] = run(command, self.folder, int(code[1]) if code else 0)
        shown = re.search(r"paragraphs ([\d, -]+)", how)
        output = self.known[command]
        if shown:
            output = chosen_paragraphs(output, shown[1])
        return f"{match['head']}{match['command']}{output}\n{match['end']}"

    def renewed_python(self, match):
        """Return a marked block of Python with what it prints now."""
        return f"{match['head']}{output_of(['-c', match['code']], self.folder)}\n{match['end']}"


def chosen_paragraphs(output, wanted):
    """Return some paragraphs of an output, counted from 1, with `…` for what is left out.

    >>> chosen_paragraphs("a\\n\\nb\\n\\nc\\n\\nd", "1, 3")
    'a\\n…\\nc\\n…'
    """
    parts = output.split("\n\n")
    numbers = []
    for piece in wanted.split(","):
        first, _, last = piece.strip().partition("-")
        numbers += range(int(first), int(last or first) + 1)
    assert numbers[-1] <= len(parts), f"the output has {len(parts)} paragraphs, not {numbers[-1]}"
    text = ""
    for before, number in zip([0, *numbers], numbers, strict=False):
        gap = "…\n" if number > before + 1 else "\n" if text else ""
        text += f"{gap}{parts[number - 1]}\n"
    return (text + ("…" if numbers[-1] < len(parts) else "")).rstrip("\n")


def eval_table():
    """Return the recorded runs as a table, the best first."""
    runs = []
    for settings in ROOT.glob("evals/runs/*/settings.json"):
        about = json.loads(settings.read_text(encoding="utf-8"))
        found = json.loads(settings.with_name("summary.json").read_text(encoding="utf-8"))
        runs.append((found["problems"], about, settings.parent.name))
    runs.sort(key=lambda r: (r[0]["in_scope"], r[0]["accuracy"]["value"]), reverse=True)
    lines = [
        "| run | model, prompt | accuracy | of what was answered | calibration error (chance) |",
        "|---|---|---|---|---|",
    ]
    for found, about, name in runs:
        prompt = f", {about['prompt'].partition('@')[0]}" if about["prompt"] else ""
        error = "–" if found["ece"] is None else f"{found['ece']:.3f} ({found['ece_p95']:.3f})"
        lines.append(
            f"| `{name}` | {about['model']}{prompt} | {interval(found['accuracy'])} "
            f"| {interval(found['answered_accuracy'])} | {error} |"
        )
    return "<!-- eval table -->\n" + "\n".join(lines) + "\n<!-- end -->"


def settings_table():
    """Return every shared option, its variable, its default and its meaning."""
    lines = ["| option | environment variable | default | meaning |", "|---|---|---|---|"]
    for name, (_, setting) in settings_of_options().items():
        default = getattr(Options(), name)
        shown = "–" if default is None or default is False else f"`{default}`"
        option = f"`--{name.replace('_', '-')}`"
        lines.append(f"| {option} | `{variable_of(name)}` | {shown} | {setting.help} |")
    return "<!-- settings -->\n" + "\n".join(lines) + "\n<!-- end -->"


def interval(rate):
    """Return a rate with its counts and interval."""
    counts = f"{rate['right']}/{rate['total']}"
    return f"{rate['value']:.3f} ({counts}; {rate['low']:.3f}–{rate['high']:.3f})"


def commands_below(name, help_text):
    """Return the names of the commands that a help text lists."""
    _, _, listed = help_text.partition("\nCommands:\n")
    return [f"{name} {command}" for command in LISTED.findall(listed)]


def full_help(name, folder):
    """Return the help of a command with every option explained."""
    text = run(f"{name} --help", folder)
    return run(f"{name} --help-all", folder) if "--help-all" in text else text


def help_texts(folder):
    """Return the full help of every command, found by reading the lists of commands."""
    found = {}
    wave = ["triage"]
    with ThreadPoolExecutor(4) as pool:
        while wave:
            texts = list(pool.map(lambda name: full_help(name, folder), wave))
            found |= dict(zip(wave, texts, strict=True))
            wave = [
                below
                for name, text in zip(wave, texts, strict=True)
                for below in commands_below(name, text)
            ]
    top = found.pop("triage")
    ordered = {"triage": top}
    for name in commands_below("triage", top):
        ordered |= {each: text for each, text in found.items() if f"{each} ".startswith(f"{name} ")}
    parts = [f"\n## {name}\n\n```text\n{text}\n```\n" for name, text in ordered.items()]
    return "<!-- help -->\n" + "".join(parts)


def examples_in(folder):
    """Return a new folder with a copy of the examples, and the evals beside them."""
    shutil.copytree(DOCS / "examples", folder)
    (folder / "evals").symlink_to(ROOT / "evals")
    return folder


def renewed():
    """Return what each page must hold: its path, its text today, and its text renewed."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = examples_in(Path(temporary, "work"))
        outputs, result = Outputs(folder), []
        for page in pages():
            text = page.read_text(encoding="utf-8")
            new = TABLE.sub(lambda _: eval_table(), text)
            new = SETTINGS.sub(lambda _: settings_table(), new)
            new = RUN.sub(outputs.renewed, new)
            new = PYTHON.sub(outputs.renewed_python, new)
            if page == REFERENCE:
                new = HELP.sub(lambda _: help_texts(folder), new)
            result.append((page, text, new))
        return result


if __name__ == "__main__":
    for changed, before, after in renewed():
        if before != after:
            changed.write_text(after, encoding="utf-8")
            print(f"written: {changed.relative_to(ROOT)}")  # noqa: T201  (this is a script)
