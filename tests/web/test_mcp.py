"""The assistants' tools, driven by the SDK's own client over both transports."""

import asyncio
import json
import os
import socket
import sys
from contextlib import closing

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


def test_over_streamable_http():
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def run():
        server = await asyncio.create_subprocess_exec(*PROGRAM, "--http", "--port", str(port))
        try:
            for _ in range(200):
                with closing(socket.socket()) as one:
                    if one.connect_ex(("127.0.0.1", port)) == 0:
                        break
                await asyncio.sleep(0.1)
            address = f"http://127.0.0.1:{port}/mcp"
            async with (
                streamable_http_client(address) as (read, write, *_),
                ClientSession(read, write) as session,
            ):
                return await talk(session)
        finally:
            server.terminate()
            await server.wait()

    held(*asyncio.run(run()))
