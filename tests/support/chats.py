"""A chat service at the server double, rows asked there, and errors as servers send them."""

import asyncio
import ssl

import openai

from support.openai_server import OpenAIServer
from triage_agent.errors import TriageError
from triage_agent.models.llm.client import OpenAIChat
from triage_agent.models.protocols import ChatRequest, Message

TLS = ssl.create_default_context()  # building one takes longer than most of these tests
KEY = "sk-test-0123456789abcdef"
SCHEMA = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 5}}}


def error(message, code=None, kind=None, parameter=None, **more):
    return {"error": {"message": message, "type": kind, "param": parameter, "code": code} | more}


def request_about(text):
    return ChatRequest(
        messages=(Message("system", "Judge."), Message("user", text)),
        schema_name="triage",
        schema=SCHEMA,
        max_output_tokens=600,
        text=text,
    )


def run(work, naps=None, path="/v1", api_key=KEY, **options):
    """Return what `work(chat, server)` returns, with a chat at a server on loopback."""

    async def sleep(seconds):
        if naps is not None:
            naps.append(seconds)

    async def main():
        async with OpenAIServer(**options) as server:
            address = server.base_url.removesuffix("/v1") + path
            client = openai.DefaultAsyncHttpxClient(verify=TLS, timeout=5, trust_env=False)
            chat = OpenAIChat("m", address, api_key, sleep=sleep, http_client=client)
            try:
                return await work(chat, server)
            finally:
                await chat.aclose()

    return asyncio.run(main())


async def outcome(chat, text="Leads get lost."):
    """Return the error of one row, or its reply."""
    try:
        return await chat.ask(request_about(text))
    except TriageError as failed:
        return failed
