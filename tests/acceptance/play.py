"""Play behaviours against the program: each in a process of its own, many at the same time.

`python -m acceptance.play open OUT` writes what was seen, one JSON object per line.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp  # noqa: F401  imported once, before the forks
import openai.resources.chat  # noqa: F401  the same

from acceptance.server import Double, tls_context
from triage_agent import Triage, TriageError

Json = dict[str, Any]
HERE = Path(__file__).parent
KEY = "sk-test-4f1d09b7c2aa4b6e8d35"  # pragma: allowlist secret
AT_ONCE = max(8, 6 * (os.cpu_count() or 1))
TIMED_AT_ONCE = 3  # of those whose rules are about time
PATIENCE = 20.0  # seconds, unless a behaviour has its own
NAMES = (
    "Alpha Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November Oscar",
    "Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey Xray Yankee Zulu",
)
PLACES = ("shop", "mill", "yard", "farm", "dock", "barn", "plant", "depot")
DROPPED = ("OPENAI_", "TRIAGE_", "AZURE_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def behaviours(half: str) -> list[Json]:
    """Return the behaviours of one half, or of `all`."""
    lines = (HERE / "behaviours.jsonl").read_text(encoding="utf-8").splitlines()
    every = [json.loads(line) for line in lines]
    return [one for one in every if half in (one["half"], "all")]


def markers(count: int) -> list[str]:
    """Return a name for each row, which stands in its text and in no other."""
    names = " ".join(NAMES).split()
    return [f"{names[n % 26]} {PLACES[n // 26]}" for n in range(count)]


def texts(behaviour: Json) -> list[str]:
    """Return the problems that the rows hold."""
    if "texts" in behaviour:
        return behaviour["texts"]
    return [
        f"Our staff copy the orders of the {name} by hand from e-mails into a spreadsheet."
        for name in markers(row_count(behaviour))
    ]


def row_count(behaviour: Json) -> int:
    """Return how many rows the behaviour needs."""
    rows = behaviour["expect"].get("rows", [None])
    return rows["count"] if isinstance(rows, dict) else len(rows)


@contextmanager
def serving(double: Double) -> Iterator[Double]:
    """Serve in a thread while the block runs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(double.start(), loop).result(10)
    try:
        yield double
    finally:
        asyncio.run_coroutine_threadsafe(double.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)


def closed_port() -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def _resolve_here() -> None:
    """Answer every name ending in .test with this machine, and .invalid with an error."""
    real = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real("127.0.0.1" if name.endswith(".test") else host, *args, **kwargs)

    socket.getaddrinfo = look_up


def fill(value: Any, places: dict[str, str]) -> Any:
    """Put addresses into the templates of a behaviour."""
    if isinstance(value, str):
        for name, to in places.items():
            value = value.replace("{" + name + "}", to)
    elif isinstance(value, dict):
        value = {key: fill(one, places) for key, one in value.items()}
    elif isinstance(value, list):
        value = [fill(one, places) for one in value]
    return value


def play(behaviour: Json, folder: Path, certificate: Path) -> Json:
    """Return what was seen of the program against this server."""
    for name in list(os.environ):
        if name.upper().startswith(DROPPED):
            del os.environ[name]
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "TRIAGE_CACHE_DIR"):
        os.environ[name] = str(folder / name)
    os.chdir(folder)
    _resolve_here()
    rules = fill(behaviour["rules"], {"key": KEY})
    double = Double(rules, markers(row_count(behaviour)))
    if rules.get("tls"):
        double.tls = tls_context(certificate)
    with serving(double):
        places = {
            "origin": f"http://127.0.0.1:{double.port}",
            "port": str(double.port),
            "closed": f"http://127.0.0.1:{closed_port()}",
            "key": KEY,
        }
        os.environ.update(fill(behaviour.get("env", {}), places))
        options = {
            "model": "test-model",
            "base_url": "{origin}/v1",
            "api_key": KEY,
            **behaviour.get("options", {}),
        }
        options = {k: v for k, v in fill(options, places).items() if v is not None}
        began = time.monotonic()
        if "cli" in behaviour:
            seen = _by_cli(fill(behaviour["cli"], places), options, texts(behaviour))
        else:
            seen = _by_api(options, texts(behaviour))
        return {
            **seen,
            "id": behaviour["id"],
            "seconds": round(time.monotonic() - began, 2),
            "requests": len(double.seen),
            "most_in_flight": double.most_in_flight,
        }


def _by_api(options: Json, problems: list[str]) -> Json:
    rows: list[Json] = []
    messages: list[str] = []
    stopped = False
    try:
        with Triage(**options) as triage:
            for row in triage.classify_many(problems):
                rows.append(
                    {
                        "outcome": row.outcome.value,
                        "label": row.label and row.label.value,
                        "output_tokens": row.usage.output_tokens,
                        "evidence": len(row.evidence),
                    }
                )
                if row.error:
                    messages.append(row.error.message)
    except TriageError as error:
        stopped = True
        messages.append(str(error))
    rows += [{"outcome": "stopped", "label": None}] * (len(problems) - len(rows))
    return {"rows": rows, "messages": messages, "stopped": stopped}


def _by_cli(arguments: list[str], options: Json, problems: list[str]) -> Json:
    environment = dict(os.environ)
    environment["OPENAI_API_KEY"] = options["api_key"]
    command = [sys.executable, "-c", "from triage_agent.cli.main import main; main()", *arguments]
    told = "\n".join(json.dumps({"text": text}) for text in problems)
    done = subprocess.run(
        command, input=told, capture_output=True, text=True, check=False, env=environment
    )
    rows = []
    messages = [done.stderr]
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            row = json.loads(line)
            rows.append({"outcome": row.get("outcome"), "label": row.get("label")})
            if row.get("error"):
                messages.append(row["error"]["message"])
    messages.append(done.stdout)
    stopped = done.returncode not in (0, 3)
    return {"rows": rows, "messages": messages, "stopped": stopped, "exit": done.returncode}


def _child(behaviour: Json, folder: Path, certificate: Path) -> None:
    folder.mkdir()
    try:
        seen = play(behaviour, folder, certificate)
    except BaseException as error:
        place = traceback.format_exc().splitlines()[-4:]
        seen = {
            "id": behaviour["id"],
            "crash": f"{type(error).__name__}: {error}",
            "where": place,
            "rows": [],
            "messages": [],
        }
    part = folder / "seen.part"
    part.write_text(json.dumps(seen), encoding="utf-8")
    part.rename(folder / "seen.json")


def play_all(chosen: list[Json]) -> Iterator[Json]:
    """Yield what was seen of each behaviour, in the order in which they end."""
    # The slowest begin first. Those about time come last, with little beside them.
    ordered = sorted(chosen, key=lambda one: -one.get("patience", PATIENCE))
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        make_certificate(base)
        for timed, at_once in ((False, AT_ONCE), (True, TIMED_AT_ONCE)):
            wave = [one for one in ordered if is_timed(one) is timed]
            yield from _play_wave(wave, base, at_once)


def is_timed(behaviour: Json) -> bool:
    """Return whether what is beside it on the machine could change how it ends."""
    return behaviour["area"] == "concurrency" or "max_seconds" in behaviour["expect"]


def _play_wave(waiting: list[Json], base: Path, at_once: int) -> Iterator[Json]:
    running: dict[int, tuple[Json, float]] = {}
    while waiting or running:
        while waiting and len(running) < at_once:
            behaviour = waiting.pop(0)
            running[_fork(behaviour, base)] = (
                behaviour,
                time.monotonic() + behaviour.get("patience", PATIENCE),
            )
        for pid, (behaviour, until) in list(running.items()):
            found = base / behaviour["id"] / "seen.json"
            if found.exists():
                yield json.loads(found.read_text(encoding="utf-8"))
            elif time.monotonic() > until:
                yield {"id": behaviour["id"], "hung": True, "rows": [], "messages": []}
            else:
                continue
            del running[pid]
            _end(pid)
        time.sleep(0.02)


def _fork(behaviour: Json, base: Path) -> int:
    """Play a behaviour in a process of its own, which begins with all modules imported."""
    pid = os.fork()
    if not pid:
        os.setsid()
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        _child(behaviour, base / behaviour["id"], base)
        os._exit(0)
    return pid


def _end(pid: int) -> None:
    """End the process that was started for a behaviour, and what it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def make_certificate(folder: Path) -> None:
    """Make a certificate that nobody trusts, for this run only."""
    subprocess.run(
        (
            "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
            f" -keyout {folder}/key.pem -out {folder}/cert.pem"
        ).split(),
        capture_output=True,
        check=False,
    )


def main() -> None:
    """Play one half, or the behaviours of it that are named, and write what was seen."""
    half, out, *ids = sys.argv[1:]
    chosen = [one for one in behaviours(half) if not ids or one["id"] in ids]
    with Path(out).open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(seen) + "\n" for seen in play_all(chosen))


if __name__ == "__main__":
    main()
