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
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp  # noqa: F401  imported once, before the forks
import openai.resources.chat  # noqa: F401  the same
from triage_agent import SettingsError, Triage, TriageError

from acceptance.server import Double, tls_context

Json = dict[str, Any]
HERE = Path(__file__).parent
KEY = "sk-test-4f1d09b7c2aa4b6e8d35"  # pragma: allowlist secret
AT_ONCE = 24
PATIENCE = 20.0  # seconds, unless a behaviour has its own
NAMES = (
    "Alpha Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November"
    " Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey Xray Yankee Zulu"
).split()
PLACES = ("shop", "mill", "yard", "farm", "dock", "barn", "plant", "depot")
DROPPED = ("OPENAI_", "TRIAGE_", "AZURE_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def behaviours(half: str) -> list[Json]:
    """Return the behaviours of one half, or of `all`."""
    lines = (HERE / "behaviours.jsonl").read_text(encoding="utf-8").splitlines()
    every = [json.loads(line) for line in lines]
    return [one for one in every if half in (one["half"], "all")]


def markers(count: int) -> list[str]:
    """Return a name for each row, which stands in its text and in no other."""
    return [f"{NAMES[n % 26]} {PLACES[n // 26]}" for n in range(count)]


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
    rules = behaviour["rules"]
    double = Double(rules, markers(row_count(behaviour)))
    if rules.get("tls"):
        double.tls = tls_context(certificate)
    with serving(double):
        places = {
            "origin": f"http://127.0.0.1:{double.port}",
            "port": str(double.port),
            "closed": f"http://127.0.0.1:{closed_port()}",
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
    except SettingsError as error:
        # An option that does not exist, or not yet, is no answer to what a server does.
        known = not any(word in str(error).lower() for word in ("unknown", "no option", "unexpect"))
        stopped = known
        messages.append(str(error))
        if not known:
            return {"crash": str(error), "rows": [], "messages": []}
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
    done = subprocess.run(  # noqa: S603
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
    except BaseException as error:  # noqa: BLE001  whatever it is, it is what was seen
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
    waiting = list(chosen)
    running: dict[int, tuple[Json, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        make_certificate(base)
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                behaviour = waiting.pop(0)
                pid = os.fork()
                if not pid:
                    os.setsid()
                    quiet = os.open(os.devnull, os.O_WRONLY)
                    os.dup2(quiet, 1)
                    os.dup2(quiet, 2)
                    _child(behaviour, base / behaviour["id"], base)
                    os._exit(0)
                running[pid] = (behaviour, time.monotonic() + behaviour.get("patience", PATIENCE))
            for pid, (behaviour, until) in list(running.items()):
                found = base / behaviour["id"] / "seen.json"
                late = time.monotonic() > until
                if not found.exists() and not late:
                    continue
                del running[pid]
                _end(pid)
                if found.exists():
                    yield json.loads(found.read_text(encoding="utf-8"))
                else:
                    yield {"id": behaviour["id"], "hung": True, "rows": [], "messages": []}
            time.sleep(0.02)


def _end(pid: int) -> None:
    """End the process that was started for a behaviour, and what it started."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    os.waitpid(pid, 0)


def make_certificate(folder: Path) -> None:
    """Make a certificate that nobody trusts, for this run only."""
    subprocess.run(  # noqa: S603
        (  # noqa: S607
            "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
            f" -keyout {folder}/key.pem -out {folder}/cert.pem"
        ).split(),
        capture_output=True,
        check=False,
    )


def verdict(behaviour: Json, seen: Json) -> list[str]:
    """Return what is not as expected; empty: all is."""
    if seen.get("hung"):
        return ["it did not end in time"]
    if "crash" in seen:
        return [f"it broke: {seen['crash']}"]
    expect = behaviour["expect"]
    wrong = _wrong_rows(expect, seen)
    told = "\n".join(seen["messages"]).lower()
    failed = any(row["outcome"] != "classified" for row in seen["rows"])
    for words in expect.get("message_has", []):
        if failed and not any(word in told for word in words.split("|")):
            wrong.append(f"the message lacks “{words}”: {told[:300]!r}")
    for words in [*expect.get("message_lacks", []), KEY]:
        wrong += [f"the message has “{word}”" for word in words.split("|") if word in told]
    limits = (
        ("max_requests", "requests", 1),
        ("min_requests", "requests", -1),
        ("max_in_flight", "most_in_flight", 1),
        ("min_in_flight", "most_in_flight", -1),
        ("max_seconds", "seconds", 1),
    )
    for name, key, sign in limits:
        if name in expect and (seen[key] - expect[name]) * sign > 0:
            wrong.append(f"{key} is {seen[key]}, {name} is {expect[name]}")
    if "exit" in expect and seen.get("exit") not in _listed(expect["exit"]):
        wrong.append(f"the exit code is {seen.get('exit')}, not {expect['exit']}")
    return wrong


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _wrong_rows(expect: Json, seen: Json) -> list[str]:
    rows = expect.get("rows")
    if isinstance(rows, dict):
        rows = [rows["outcome"]] * rows["count"]
    if rows is None:
        rows = [expect["outcome"]] if "outcome" in expect else []
    if seen["stopped"] and any("stopped" not in _listed(row) for row in rows):
        return [f"it stopped: {' '.join(seen['messages'])[:300]!r}"]
    if "exit" in expect and not seen["rows"]:
        return []
    wrong = []
    for number, (wanted, got) in enumerate(zip(rows, seen["rows"], strict=False), 1):
        if got["outcome"] not in _listed(wanted):
            wrong.append(f"row {number} is {got['outcome']}, not {wanted}")
        elif got["outcome"] == "classified" and "label" in expect:
            if got["label"] not in _listed(expect["label"]):
                wrong.append(f"row {number} is labelled {got['label']}, not {expect['label']}")
    if len(rows) != len(seen["rows"]):
        wrong.append(f"{len(seen['rows'])} rows came back, not {len(rows)}")
    if wrong and seen["messages"]:
        wrong.append(f"it said {' '.join(seen['messages'])[:300]!r}")
    for name in ("output_tokens", "evidence"):
        if name in expect and seen["rows"][0].get(name) not in _listed(expect[name]):
            wrong.append(f"{name} is {seen['rows'][0].get(name)}, not {expect[name]}")
    return wrong


def main() -> None:
    """Play one half, or the behaviours that are named, and write what was seen."""
    half, out, *ids = sys.argv[1:]
    chosen = [one for one in behaviours(half) if not ids or one["id"] in ids]
    # The slowest begin first.
    chosen.sort(key=lambda one: -one.get("patience", PATIENCE))
    with Path(out).open("w", encoding="utf-8") as file:
        for seen in play_all(chosen):
            file.write(json.dumps(seen) + "\n")


if __name__ == "__main__":
    main()
