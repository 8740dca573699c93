"""How many problems a second one core classifies through an LLM, against the loopback server.

    python -m benchmarks.throughput                # the default matrix
    python -m benchmarks.throughput --in-flight 256 --rows 6000 --profile
    python -m benchmarks.throughput --in-flight 64 --pairs 3 --contender triage bare
    python -m benchmarks.throughput --in-flight 256 --pairs 3 --contender triage create

The server (200 ms a reply) runs on the last core and the client on the first. Each contender runs
in a process of its own, on the same rows, and its rate is taken between the 500th and the last
reply; start-up (imports, opening, the engine's slow start) is reported apart. `triage` is the real
path: classify, LLMModel, the cache, the rate limiter, Budget, OpenAIChat; `httpx2` the same through
the SDK's own transport; `bare` is aiohttp alone, which only sends the same bodies and reads the
JSON that comes back: no retries, no checks, nothing stored; `create` is the SDK's own call on
aiohttp, which keeps nothing either; `parse` is its way to a validated reply. With --pairs, the
contenders take turns, and the ratio of the first one's rate to each other's is printed: on a
machine with other work only that can be compared. `instructor` is left out where it is not
installed (it may insist on an older openai; `pip install --no-deps instructor` with what it misses
keeps ours).
"""

import argparse
import asyncio
import cProfile
import importlib.util
import json
import os
import pstats
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

WARM_UP = 500
SERVER = Path(__file__).parents[1] / "tests" / "support" / "openai_server.py"
LATENCY_S = 0.2
ROWS_AHEAD = 2
CONTENDERS = (
    "triage",
    "httpx2",
    "bare",
    "create",
    "parse",
    "instructor",
)
Ask = Callable[[str], Awaitable[object]]


def texts(count: int) -> list[str]:
    """Return distinct problems of a usual length."""
    return [
        f"Branch {n}: leads come in through the website and by the time anyone calls back, "
        "about two days later, they have hired somebody else. We lose six of ten."
        for n in range(count)
    ]


PARTS = (
    "sqlite",
    "httpx2",
    "aiohttp",
    "openai",
    "pydantic",
    "asyncio",
    "json",
    "privacy",
    "classify",
)
PROFILE: list[cProfile.Profile] = []  # switched on when the engine has warmed up
OUR_PART = re.compile(r"models/llm/(\w+)")


async def race(ask: Ask, rows: list[str], in_flight: int) -> dict[str, float]:
    """Ask about every row, and return rates, latencies and CPU between the 500th and the last."""
    done: list[float] = []
    took: list[float] = []
    cpu: list[float] = []
    source = iter(rows)

    async def worker() -> None:
        for text in source:
            began = time.perf_counter()
            await ask(text)
            done.append(time.perf_counter())
            took.append(done[-1] - began)
            if len(done) == WARM_UP:
                cpu.append(time.process_time())
                if PROFILE:
                    PROFILE[0].enable()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(worker())
    counted = len(done) - WARM_UP
    seconds = done[-1] - done[WARM_UP - 1]
    tail = sorted(took[WARM_UP:])
    return {
        "per_s": counted / seconds,
        "warm_up_s": done[WARM_UP - 1] - began,
        "cpu_ms": (time.process_time() - cpu[0]) / counted * 1000,
        "p50_ms": tail[len(tail) // 2] * 1000,
        "p99_ms": tail[len(tail) * 99 // 100] * 1000,
    }


async def run_triage(
    base_url: str, rows: list[str], in_flight: int, *, plain: bool
) -> dict[str, float]:
    """Run our own path, with a ledger in a new folder."""
    from triage_agent.classify.classifier import classify
    from triage_agent.models.factory import open_backend
    from triage_agent.models.llm import client as openai_model
    from triage_agent.settings import Backend, Options
    from triage_agent.types import Outcome, Problem

    if plain:

        class Chat(openai_model.OpenAIChat):  # what open_backend will find
            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, **options | {"http_client": None})

        openai_model.OpenAIChat = Chat  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as folder:
        options = Options(
            Backend.LLM,
            "bench",
            base_url,
            "sk-bench",
            cache=Path(folder) / "ledger.sqlite3",
            max_concurrency=in_flight,
            account="bench",
            price="0.25/2",
            max_cost=1000,
            redact=True,  # as for a remote host
        )
        opened = open_backend(options)

        async def ask(text: str) -> None:
            # A batch knows it from reading the table; judging it takes a model of its own.
            problem = Problem("1", text, holds_several=False)
            row = await classify(problem, opened.model)
            assert row.outcome is Outcome.CLASSIFIED, row

        try:  # as in a batch, more rows are under way than requests: the rate limiter holds back
            return await race(ask, rows, ROWS_AHEAD * in_flight)
        finally:
            await opened.drain()
            await opened.aclose()


async def run_bare(base_url: str, rows: list[str], in_flight: int) -> dict[str, float]:
    """Send the same bodies with nothing around them: what is left is HTTP and JSON."""
    import aiohttp

    from triage_agent.models.llm.dialect import Dialect
    from triage_agent.models.llm.prompt import MAX_OUTPUT_TOKENS, load_prompt, reply_schema
    from triage_agent.models.protocols import ChatRequest

    prompt, headers = load_prompt("guide"), {"authorization": "Bearer sk-bench"}

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(text: str) -> None:
            request = ChatRequest(
                prompt.messages(text), "triage", reply_schema(), MAX_OUTPUT_TOKENS
            )
            body = Dialect().body(request, "bench")
            async with session.post(
                f"{base_url}/chat/completions", json=body, headers=headers
            ) as response:
                payload = await response.json()
            json.loads(payload["choices"][0]["message"]["content"])

        return await race(ask, rows, in_flight)


async def run_create(base_url: str, rows: list[str], in_flight: int) -> dict[str, float]:
    """Run the SDK's own call on aiohttp, with the same bodies."""
    import openai

    from triage_agent.models.llm.dialect import Dialect
    from triage_agent.models.llm.prompt import MAX_OUTPUT_TOKENS, load_prompt, reply_schema
    from triage_agent.models.protocols import ChatRequest

    limits = openai.DEFAULT_CONNECTION_LIMITS
    http = openai.DefaultAioHttpClient(timeout=120, limits=limits)
    client = openai.AsyncOpenAI(
        api_key="sk-bench", base_url=base_url, max_retries=0, http_client=http
    )
    prompt = load_prompt("guide")

    async def ask(text: str) -> None:
        request = ChatRequest(prompt.messages(text), "triage", reply_schema(), MAX_OUTPUT_TOKENS)
        body: Any = Dialect().body(request, "bench")
        said = await client.chat.completions.create(**body)
        json.loads(said.choices[0].message.content or "")

    try:
        return await race(ask, rows, in_flight)
    finally:
        await client.close()


async def run_parse(base_url: str, rows: list[str], in_flight: int) -> dict[str, float]:
    """Run the SDK's own way to a validated reply."""
    import openai

    from triage_agent.models.llm.prompt import Reply, load_prompt

    client = openai.AsyncOpenAI(api_key="sk-bench", base_url=base_url, max_retries=0)
    prompt = load_prompt("guide")

    async def ask(text: str) -> None:
        messages: Any = [{"role": m.role, "content": m.content} for m in prompt.messages(text)]
        said = await client.chat.completions.parse(
            model="bench", messages=messages, response_format=Reply, temperature=0, max_tokens=600
        )
        assert said.choices[0].message.parsed is not None

    return await race(ask, rows, in_flight)


async def run_instructor(base_url: str, rows: list[str], in_flight: int) -> dict[str, float]:
    """Run instructor, in the mode that asks for the same strict schema."""
    import instructor
    import openai

    from triage_agent.models.llm.prompt import Reply, load_prompt

    raw = openai.AsyncOpenAI(api_key="sk-bench", base_url=base_url, max_retries=0)
    client = instructor.from_openai(raw, mode=instructor.Mode.JSON_SCHEMA)
    prompt = load_prompt("guide")

    async def ask(text: str) -> None:
        messages: Any = [{"role": m.role, "content": m.content} for m in prompt.messages(text)]
        await client.chat.completions.create(
            model="bench", messages=messages, response_model=Reply, temperature=0, max_tokens=600
        )

    return await race(ask, rows, in_flight)


def contend(name: str, base_url: str, count: int, in_flight: int, core: int) -> dict[str, float]:
    """Run one contender in this process, on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    rows = texts(count)
    if name == "bare":
        return asyncio.run(run_bare(base_url, rows, in_flight))
    if name == "create":
        return asyncio.run(run_create(base_url, rows, in_flight))
    if name == "parse":
        return asyncio.run(run_parse(base_url, rows, in_flight))
    if name == "instructor":
        return asyncio.run(run_instructor(base_url, rows, in_flight))
    return asyncio.run(run_triage(base_url, rows, in_flight, plain=name == "httpx2"))


def missing(name: str) -> str | None:
    """Return the package that a contender lacks."""
    needs = {"instructor": "instructor"}.get(name)
    return needs if needs and importlib.util.find_spec(needs) is None else None


def compare(arguments: argparse.Namespace) -> None:
    """Start the server, run every contender against it, and print the table."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    pin = ["taskset", "-c", str(cores[-1])] if len(cores) > 1 else []
    latency = ["--latency", str(arguments.latency)]
    serve = [*pin, sys.executable, str(SERVER), *latency]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        base_url = server.stdout.readline().strip()
        print(
            f"{'':10} in flight   calls/s  of bound  CPU ms   p50 ms   p99 ms  warm-up s  start s"
        )
        try:
            for in_flight in arguments.in_flight:
                rates: dict[str, list[float]] = {name: [] for name in arguments.contender}
                for name in list(rates) * max(arguments.pairs, 1):
                    if lacking := missing(name):
                        print(f"{name:10} left out: {lacking} is not installed")
                        continue
                    rates[name].append(report(name, in_flight, base_url, cores[0], arguments))
                if arguments.pairs:
                    show_ratios(rates)
        finally:
            server.terminate()
            server.communicate()


def show_ratios(rates: dict[str, list[float]]) -> None:
    """Print the rate of the first contender by that of each other, pair by pair."""
    first, *others = rates
    for other in others:
        ratios = [a / b for a, b in zip(rates[first], rates[other], strict=True)]
        each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"{first} / {other}: {statistics.median(ratios):.2f} (pairs: {each})", flush=True)


def report(
    name: str, in_flight: int, base_url: str, core: int, arguments: argparse.Namespace
) -> float:
    """Run one contender in a new process, print its line, and return its rate."""
    began = time.perf_counter()
    worker = [sys.executable, "-m", "benchmarks.throughput", "--worker", base_url]
    worker += ["--in-flight", str(in_flight), "--rows", str(arguments.rows)]
    worker += ["--contender", name, "--core", str(core)] + ["--profile"] * arguments.profile
    ran = subprocess.run(worker, stdout=subprocess.PIPE, text=True, check=True)
    *profile, last = ran.stdout.splitlines()
    found = json.loads(last)
    whole = time.perf_counter() - began
    racing = found["warm_up_s"] + (arguments.rows - WARM_UP) / found["per_s"]
    bound = in_flight / arguments.latency if arguments.latency else float("inf")
    print(
        f"{name:10} {in_flight:9} {found['per_s']:9.0f} {found['per_s'] / bound:9.0%} "
        f"{found['cpu_ms']:7.2f} {found['p50_ms']:8.0f} {found['p99_ms']:8.0f} "
        f"{found['warm_up_s']:10.1f} {whole - racing:8.1f}",
        *profile,
        sep="\n",
        flush=True,
    )
    return float(found["per_s"])


def show_parts(stats: Any, rows: int) -> None:
    """Print the calls and milliseconds of each row, by the part of the program."""
    parts: dict[str, tuple[float, float]] = {}
    for (file, _, function), (_, calls, seconds, *_) in stats.stats.items():
        if "poll" in function:
            continue  # waiting
        ours = OUR_PART.search(file)
        known = (part for part in PARTS if part in file or part in function)
        part = f"llm/{ours[1]}" if ours else next(known, "the rest")
        before = parts.get(part, (0, 0.0))
        parts[part] = before[0] + calls / rows, before[1] + 1000 * seconds / rows
    whole = [sum(one) for one in zip(*parts.values(), strict=True)]
    for part, (calls, ms) in (("whole", whole), *sorted(parts.items(), key=lambda p: -p[1][1])):
        if ms >= 0.01:
            print(f"    {part:20} {calls:6.0f} calls a row {ms:7.3f} ms under the profiler")


def main() -> None:
    """Compare, or be one of those compared."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--in-flight", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--latency", type=float, default=LATENCY_S, metavar="SECONDS")
    parser.add_argument("--contender", nargs="+", default=CONTENDERS, choices=CONTENDERS)
    parser.add_argument("--pairs", type=int, default=0, help="turns that the contenders take")
    parser.add_argument("--profile", action="store_true", help="where each contender's CPU goes")
    parser.add_argument("--worker", metavar="BASE_URL", help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, default=0, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.worker is None:
        compare(chosen)
        return
    if chosen.profile:
        PROFILE.append(cProfile.Profile())
    found = contend(
        chosen.contender[0], chosen.worker, chosen.rows, chosen.in_flight[0], chosen.core
    )
    if PROFILE:
        PROFILE[0].disable()
        show_parts(pstats.Stats(PROFILE[0]), chosen.rows - WARM_UP)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
