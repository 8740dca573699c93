"""The assistants' tools, driven by the SDK's own client over both transports."""

import asyncio
import json
import os
import socket
import sys
from contextlib import asynccontextmanager, closing

import httpx2
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

THREE = ["Invoices are typed by hand", "Stock is counted on paper", "Leads get lost for days"]
PROGRAM = [sys.executable, "-m", "triage_agent.cli.main", "mcp"]


async def talk(session):
    """Return what the tools are called, and what they answer."""
    await session.initialize()
    names = {tool.name for tool in (await session.list_tools()).tools}
    given = {"problems": THREE, "revenue": "3M", "sells_software": False}
    advice = await session.call_tool("advise", given)
    questions = await session.call_tool("quiz", {})
    wrong = await session.call_tool("advise", {"problems": THREE, "revenue": "lots"})
    return names, value(advice), value(questions), wrong


def value(result):
    return result.structured_content or json.loads(result.content[0].text)


def held(names, advice, questions, wrong):
    assert names == {"classify", "advise", "quiz", "compare_roles"}
    assert advice["recommendation"] == "fractional-ai-officer"
    assert len(questions["questions"]) == 8
    assert wrong.is_error
    assert "lots" in wrong.content[0].text


def test_over_stdio():
    async def run():
        server = StdioServerParameters(command=PROGRAM[0], args=PROGRAM[1:], env=dict(os.environ))
        async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
            return await talk(session)

    held(*asyncio.run(run()))


@asynccontextmanager
async def over_http():
    """Yield the port of the tools, served in a process of their own."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = await asyncio.create_subprocess_exec(*PROGRAM, "--http", "--port", str(port))
    try:
        for _ in range(200):
            with closing(socket.socket()) as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
            await asyncio.sleep(0.1)
        yield port
    finally:
        server.terminate()
        await server.wait()


def test_over_streamable_http():
    async def run():
        async with (
            over_http() as port,
            streamable_http_client(f"http://127.0.0.1:{port}/mcp") as (read, write, *_),
            ClientSession(read, write) as session,
        ):
            return await talk(session)

    held(*asyncio.run(run()))


def test_a_page_elsewhere_reaches_no_tool_by_a_name_that_it_points_here():
    begins = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    takes = {"accept": "application/json, text/event-stream"}

    async def run():
        async with over_http() as port, httpx2.AsyncClient() as client:

            async def ask(**headers):
                url = f"http://127.0.0.1:{port}/mcp"
                answer = await client.post(url, json=begins, headers={**takes, **headers})
                return answer.status_code, "triage-agent" in answer.text

            here = f"http://127.0.0.1:{port}"
            return [
                await ask(),
                await ask(origin=here),
                await ask(host=f"evil.example:{port}"),
                await ask(host="evil.example"),
                await ask(host=f"127.0.0.1.evil.example:{port}"),
                await ask(origin="https://evil.example"),
                await ask(origin="null"),
                await ask(origin=f"http://localhost.evil.example:{port}"),
            ]

    right, own, *others = asyncio.run(run())
    assert right == own == (200, True)
    assert others == [(421, False)] * 3 + [(403, False)] * 3
