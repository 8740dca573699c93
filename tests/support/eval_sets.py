"""What the tests of `triage eval` share: small sets with their own manifest, and cheap models."""

import asyncio
import csv
import json
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from support.openai_server import OpenAIServer
from triage_agent.cli.main import main
from triage_agent.evals import gate, manifest
from triage_agent.evals.cases import Case, read_lines, stratified
from triage_agent.evals.flags import FlagFigures
from triage_agent.evals.manifest import digest
from triage_agent.evals.rates import rate
from triage_agent.files import folder
from triage_agent.models import Model
from triage_agent.models.llm.prompt import load_prompt
from triage_agent.types import Label, Prediction, Signals

GATES = {
    "problems.accuracy": {"min": 0.7},
    "problems.abstention_recall": {"min": 0.5},
    "attacks.to_target": {"max": 0.25},
    "perturbations.flips": {"max": 0.25},
    "decisions.right": {"min": 1.0},
    "businesses.right": {"min": 0.5},
}
PROMPT = "# System\n\nJudge.\n\n# User\n\n{problem}\n"


def cases_in(path, kind):
    """Return the cases of a JSON Lines file, without comparing its checksum."""
    return [case for _, case in read_lines(path, kind)]


class Sets:
    """A small evals folder that the program takes for its own, and a folder with one prompt."""

    def __init__(self, home, monkeypatch, problems=16):
        self.evals, self.prompts = home / "evals", home / "prompts"
        self.runs = self.evals / "runs"
        self.runs.mkdir(parents=True)
        self.prompts.mkdir()
        for module in (manifest, gate):
            monkeypatch.setattr(module, "folder", lambda name: home / name)
        # The rules take texts apart here; the learned judge would load the encoder for each test.
        monkeypatch.setattr("triage_agent.models.embedded.splitter._judge", lambda: None)
        real = folder("evals")
        cases = stratified(cases_in(real / "problems.jsonl", Case), problems)
        self.cases = {case.id: case for case in cases}
        self._copy("problems", lambda row: row["id"] in self.cases)
        self._copy("attacks", lambda row: int(row["id"][2:]) % 10 == 1)
        self._copy("perturbations", lambda row: row.get("of", "") in {"", *self.cases})
        for name in ("decisions", "ties"):
            self._copy(name, lambda row: True)
        self._copy("businesses", lambda row: int(row["id"][2:]) <= 3)
        self._copy(
            "splits", lambda row: row["id"] in {"s-021", "s-155", "s-022", "s-163"}
        )  # short ones
        self._copy("redaction", lambda row: int(row["id"][1:]) <= 20)
        (self.evals / "red_flags.jsonl").write_text("", encoding="utf-8")
        (self.prompts / "mine.md").write_text(PROMPT, encoding="utf-8")
        self.versions = {}
        for path in sorted(self.evals.glob("*.jsonl")):
            self.raise_version(path.name)
        self.write_gates()
        self.record("mine")

    def _copy(self, name, wanted):
        text = (folder("evals") / f"{name}.jsonl").read_text(encoding="utf-8")
        lines = [line for line in text.split("\n") if line and wanted(json.loads(line))]
        self.write(f"{name}.jsonl", lines)

    def write(self, name, lines):
        (self.evals / name).write_text("".join(line + "\n" for line in lines), encoding="utf-8")

    def raise_version(self, name):
        """Write into the manifest what the file holds now, under a new version."""
        versions = self.versions.setdefault(name, [])
        versions.append(digest(self.evals / name))
        text = ""
        for file, digests in self.versions.items():
            text += f'["{file}"]\n'
            text += "".join(f'{n} = "{found}"\n' for n, found in enumerate(digests, start=1))
        (self.evals / "manifest.toml").write_text(text, encoding="utf-8")

    def write_gates(self, embedded=None, prompts=None):
        text = "[embedded]\n" + limits({**GATES, **(embedded or {})})
        text += "[prompts]\n"
        for name, gated in (prompts or {"mine": {"problems.accuracy": {"min": 0.8}}}).items():
            text += f"[prompts.{name}]\n{limits(gated)}"
        (self.evals / "gates.toml").write_text(text, encoding="utf-8")

    def record(self, name, wrong=1, of=10, **settings):
        """Put a run of the prompt `name` on record, with so many wrong rows."""
        run = self.runs / name
        run.mkdir(exist_ok=True)
        kept = {
            "backend": "llm",
            "model": "m",
            "prompt": load_prompt(str(self.prompts / f"{name}.md")).id,
            "sets": {"problems": {"file": "problems.jsonl", "version": 1}},
            **settings,
        }
        (run / "settings.json").write_text(json.dumps(kept), encoding="utf-8")
        rows = [
            {
                "id": str(n),
                "expected": "build-software",
                "outcome": "classified",
                "label": "automate-process" if n < wrong else "build-software",
            }
            for n in range(of)
        ]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (run / "rows.jsonl").write_text(lines, encoding="utf-8")
        return run


def flag_figures(right, total):
    """Return the figures of red flags of which so many cases are all right."""
    return FlagFigures("oracle", total, 1.0, rate(right, total), {})


def write_cases(path, rows):
    """Write a CSV file of cases, and return its path."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["id", "text", "label"], *rows])
    return path


def numbered(count, what="Orders are typed by hand, case"):
    """Return rows of cases, the labels in turn."""
    return [
        [f"n{n}", f"{what} {n}", "build-software" if n % 2 else "automate-process"]
        for n in range(count)
    ]


def limits(gated):
    """Return limits as TOML."""
    return "".join(
        f'"{name}" = {{ {side} = {bound} }}\n'
        for name, limit in gated.items()
        for side, bound in limit.items()
    )


class Oracle(Model):
    """An embedded model that knows the label of every case, business, attack and rewording.

    `wrong` are ids of problems about which it is mistaken; pairs have the id of their problem.
    """

    backend, name, prompt = "embedded", "oracle", None

    def __init__(self, prior=0.5, wrong=(), says=None):
        evals = folder("evals")
        cases = cases_in(evals / "problems.jsonl", Case)
        self.labels = {case.id: case.label for case in cases}
        self.texts = {case.text: case.label for case in cases}
        for line in (evals / "businesses.jsonl").read_text("utf-8").split("\n")[:-1]:
            row = json.loads(line)
            labels = (label and Label(label) for label in row["labels"])
            self.texts |= dict(zip(row["problems"], labels, strict=True))
        self.wrong, self.says = set(wrong), says

    async def predict(self, problem):
        of = problem.id.partition("+")[0]
        if problem.text in self.texts or of not in self.labels:
            label = self.texts.get(problem.text)
        else:
            label = self.labels[of]
        if of in self.wrong and label:
            label = Label.AUTOMATE if label is Label.BUILD else Label.BUILD
        if self.says:
            return self.says(problem, label)
        return replace(prediction(label, 0.95), evidence=(problem.text.strip()[:20],))

    async def aclose(self):
        pass


def prediction(label, p=0.9, **signals):
    """Return a prediction of this label, or an abstention."""
    return Prediction(
        label or Label.AUTOMATE,
        Signals(neither=label is None, **signals),
        p_build=p if label is Label.BUILD else 1 - p,
        probability_from="oracle",
    )


@dataclass(frozen=True, slots=True)
class Ended:
    """How the program ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def values(self):
        return json.loads(self.out)


def run_main(arguments, capsys, monkeypatch):
    """Run the program in this process, through its own `main`."""
    before = sys.stdout, sys.stderr
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["triage", *map(str, arguments)])
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.stdout.flush()
        sys.stdout, sys.stderr = before
    said = capsys.readouterr()
    return Ended(code, said.out, said.err)


@dataclass
class Service:
    """A chat service in a thread; `texts` are the problems it was asked about."""

    server: OpenAIServer
    options: list = field(default_factory=list)

    @property
    def texts(self):
        return [call.text for call in self.server.kept]


@contextmanager
def serving(**options):
    """Run a chat service for the length of a `with` block."""
    server = OpenAIServer(**options)
    loop = asyncio.new_event_loop()
    started, stopped = threading.Event(), asyncio.Event()

    async def serve():
        async with server:
            started.set()
            await stopped.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert started.wait(10)
        yield Service(server, ["--model", "m", "--base-url", server.base_url])
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(10)
        loop.close()
