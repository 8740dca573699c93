import asyncio

import httpx
import pytest

from support.chats import KEY, error, outcome, request_about, run
from support.openai_server import Answer, completion
from triage_agent.errors import SettingsError, TriageError
from triage_agent.models.llm.addresses import host_of, read_address
from triage_agent.models.llm.client import OpenAIChat
from triage_agent.models.llm.transport import check_address

DEPLOYMENT = "/openai/deployments/triage-mini"
AZURE = "https://acme.openai.azure.com"
MEANT = {
    "as documented": ("http://llm.test/v1", "http://llm.test/v1/chat/completions"),
    "a slash behind it": ("http://llm.test/v1/", "http://llm.test/v1/chat/completions"),
    "blanks around it": (" http://llm.test/v1\n", "http://llm.test/v1/chat/completions"),
    "quotes around it": ('"http://llm.test/v1"', "http://llm.test/v1/chat/completions"),
    "doubled slashes": ("http://llm.test//v1//", "http://llm.test/v1/chat/completions"),
    "the endpoint": ("http://llm.test/v1/chat/completions", "http://llm.test/v1/chat/completions"),
    "the endpoint, and a slash": (
        "http://llm.test/v1/chat/completions/",
        "http://llm.test/v1/chat/completions",
    ),
    "the older endpoint": ("http://llm.test/v1/completions", "http://llm.test/v1/chat/completions"),
    "the list of models": ("http://llm.test/v1/models", "http://llm.test/v1/chat/completions"),
    "no path": ("http://llm.test", "http://llm.test/chat/completions"),
    "this machine without a scheme": (
        "localhost:11434/v1",
        "http://localhost:11434/v1/chat/completions",
    ),
    "its address without a scheme": ("127.0.0.1:8080", "http://127.0.0.1:8080/chat/completions"),
    "its newer address": ("[::1]:8080/v1", "http://[::1]:8080/v1/chat/completions"),
    "a scheme in capitals": ("HTTP://llm.test/v1", "http://llm.test/v1/chat/completions"),
    "Azure's deployment": (
        f"{AZURE}{DEPLOYMENT}/chat/completions?api-version=2024-10-21",
        f"{AZURE}{DEPLOYMENT}/chat/completions?api-version=2024-10-21",
    ),
    "Azure's newer API": (f"{AZURE}/openai/v1/", f"{AZURE}/openai/v1/chat/completions"),
    "Gemini": (
        "https://generativelanguage.googleapis.com/v1beta/openai/",
        "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
    ),
}


@pytest.mark.parametrize(("written", "endpoint"), MEANT.values(), ids=MEANT.keys())
def test_an_address_is_read_as_it_is_meant(written, endpoint):
    address = read_address(written)
    assert address.endpoint == endpoint
    assert host_of(written) == address.host
    assert read_address(address.base_url).base_url == address.base_url
    check_address(address.base_url)


@pytest.mark.parametrize(
    "base_url",
    ["llm.test:8080/v1", "api.openai.com/v1", "localhost.evil.test/v1", "file:///v1", "v1", ":80"],
)
def test_an_address_elsewhere_needs_its_scheme(base_url):
    with pytest.raises(SettingsError, match="URL"):
        read_address(base_url)


@pytest.mark.parametrize(
    ("base_url", "meant"),
    [
        ("http://llm.test:8080", "http://llm.test:8080/v1"),
        ("http://llm.test/api", "http://llm.test/api/v1"),
        (AZURE, f"{AZURE}/openai/v1"),
        (f"{AZURE}/openai", f"{AZURE}/openai/v1"),
        ("http://llm.test/v1", None),
        ("https://generativelanguage.googleapis.com/v1beta/openai", None),
    ],
)
def test_without_a_version_in_its_path_another_address_is_probably_meant(base_url, meant):
    assert read_address(base_url).with_version == meant


@pytest.mark.parametrize(
    "rest",
    [
        "?key=AIzaSy0123456789",
        "?api-version=2024-10-21&key=AIzaSy0123456789",
        "?api-version=AIzaSy%20or%2Fsomething",
        "?api-version=1&api-version=2",
        "?AIzaSy0123456789",
        "#AIzaSy0123456789",
    ],
)
def test_a_query_that_may_hold_a_key_is_refused_and_not_shown(rest):
    with pytest.raises(SettingsError) as caught:
        read_address(f"https://llm.test/v1/chat/completions{rest}")
    assert "AIza" not in str(caught.value)
    assert "OPENAI_API_KEY" in str(caught.value)


@pytest.mark.parametrize(
    ("base_url", "sent"),
    [
        (f"{AZURE}{DEPLOYMENT}?api-version=2024-10-21", {"api-key"}),
        (f"{AZURE}/openai/v1", {"api-key"}),
        ("https://acme.cognitiveservices.azure.com/openai/v1", {"api-key"}),
        ("https://acme.services.ai.azure.com/openai/v1", {"api-key"}),
        ("https://acme.openai.azure.us/openai/v1", {"api-key"}),
        (f"https://gateway.test{DEPLOYMENT}?api-version=1", {"api-key", "authorization"}),
        ("https://gateway.test/openai?api-version=1", {"api-key", "authorization"}),
        ("https://api.openai.com/v1", {"authorization"}),
        ("https://openai.azure.com.evil.test/v1", {"authorization"}),
        ("https://evilopenai.azure.com.test/openai/v1", {"authorization"}),
    ],
)
def test_the_key_goes_in_the_header_in_which_the_host_looks_for_it(base_url, sent, httpx2_mock):
    answer = httpx.Response(200, json=completion({}, "{}"))
    route = httpx2_mock.post(read_address(base_url).endpoint).mock(return_value=answer)
    chat = OpenAIChat("m", base_url, KEY)
    asyncio.run(chat.ask(request_about("Leads.")))
    headers = route.calls[0].request.headers
    assert {name for name in ("api-key", "authorization") if KEY in headers.get(name, "")} == sent


def test_a_token_of_azures_directory_is_a_bearers(httpx2_mock):
    token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30.c2ln"  # noqa: S105
    answer = httpx.Response(200, json=completion({}, "{}"))
    route = httpx2_mock.post(f"{AZURE}/openai/v1/chat/completions").mock(return_value=answer)
    asyncio.run(OpenAIChat("m", f"{AZURE}/openai/v1", token).ask(request_about("Leads.")))
    headers = route.calls[0].request.headers
    assert headers["authorization"] == f"Bearer {token}"
    assert "api-key" not in headers


def test_a_deployment_is_asked_with_its_version_and_takes_the_newer_name_of_the_limit():
    path = f"{DEPLOYMENT}/chat/completions?api-version=2024-10-21"

    def script(call):
        if call.path != path or call.headers.get("api-key") != KEY:
            return Answer(404, {"error": {"code": "404", "message": "Resource not found"}})
        if "max_tokens" in call.body:
            said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return Answer(400, error(said, "unsupported_parameter", parameter="max_tokens"))
        return None

    async def work(chat, server):
        return await outcome(chat), [set(body) for body in server.bodies]

    reply, names = run(work, path=path, script=script, endpoint=path)
    assert not isinstance(reply, TriageError)
    assert "max_completion_tokens" in names[-1]
