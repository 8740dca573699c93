"""What a server lists: its only model is used where none is named, and nothing is guessed."""

import asyncio

import pytest

from support.openai_server import Fault, OpenAIServer
from triage_agent.errors import SettingsError, StopError
from triage_agent.models.factory import open_backend
from triage_agent.models.llm.listings import ask_for_model, read_models
from triage_agent.settings import ADDRESSES, Options


def listing(*names, **more):
    return {"object": "list", "data": [{"id": name, "object": "model", **more} for name in names]}


def loaded(name, value):
    return {"id": name, "status": {"value": value}}


def asked(answer, key=""):
    """Return (the model's name or the error, the calls that the server saw)."""

    async def ask():
        async with OpenAIServer(listings={"/v1/models": answer}) as server:
            try:
                named = await asyncio.to_thread(ask_for_model, server.base_url, key)
            except (SettingsError, StopError) as error:
                named = error
            return named, list(server.kept)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        pytest.param(listing("qwen3.gguf"), "qwen3.gguf", id="its only model"),
        pytest.param(
            listing("/models/qwen3.gguf", meta={"n_vocab": 7}),
            "/models/qwen3.gguf",
            id="llama.cpp names it by its path",
        ),
        pytest.param(
            {"data": [loaded("a", "unloaded"), loaded("b", "loaded"), loaded("c", "loading")]},
            "b",
            id="the only one in memory, of a llama.cpp that has several",
        ),
        pytest.param(listing("nomic-embed-text", "qwen3"), "qwen3", id="the only one that answers"),
    ],
)
def test_a_server_with_one_model_is_asked_for_its_name(answer, name):
    assert asked(answer)[0] == name


@pytest.mark.parametrize(
    ("answer", "says", "kind"),
    [
        pytest.param(
            listing("a", "b"),
            "has 2 models. Write the name of one behind the colon in --model: a, b.",
            SettingsError,
            id="several",
        ),
        pytest.param(listing(), "has no model yet that can answer", SettingsError, id="none"),
        pytest.param(listing("a-embed"), "has no model yet", SettingsError, id="none that answers"),
        pytest.param(
            (401, {"error": "no"}), "without a key that it accepts", StopError, id="a key is wanted"
        ),
        pytest.param(
            (503, {"error": {"message": "Loading model"}}), "(answer 503)", StopError, id="starting"
        ),
        pytest.param({"status": "ok"}, "does not tell its model", StopError, id="no list"),
        pytest.param(Fault.DROP, "Nothing answers at", StopError, id="nothing sensible"),
        pytest.param(Fault.NO_HTTP, "Nothing answers at", StopError, id="another service"),
    ],
)
def test_a_name_is_never_guessed_and_the_message_says_what_to_do(answer, says, kind):
    error, _ = asked(answer)
    assert isinstance(error, kind)
    assert says in error.message


def test_the_key_goes_along_where_one_is_set_and_no_other_request_is_made():
    _, calls = asked(listing("m"), "sk-local")
    assert [(call.path, call.authorization, call.body) for call in calls] == [
        ("/v1/models", "Bearer sk-local", {})
    ]


def test_the_real_name_is_what_is_shown_and_cached(monkeypatch, tmp_path):
    async def both():
        async with OpenAIServer(listings={"/v1/models": listing("qwen3.gguf")}) as server:
            monkeypatch.setitem(ADDRESSES, "llamacpp", server.base_url)
            options = Options(model="llamacpp:", cache=tmp_path / "cache.sqlite3")
            opened = await asyncio.to_thread(open_backend, options)
            try:
                return opened.line, opened.model.identity.model, opened.llm.chat.model
            finally:
                await opened.aclose()

    line, identity, asked_for = asyncio.run(both())
    assert line.startswith("backend: llm (qwen3.gguf) at 127.0.0.1, on this machine")
    assert "qwen3.gguf" in identity
    assert asked_for == "qwen3.gguf"


def test_a_model_that_ollama_passes_on_is_not_said_to_run_here_and_what_is_private_is_hidden(
    tmp_path,
):
    def opened(model, **settings):
        backend = open_backend(Options(model=model, cache=tmp_path / "c.sqlite3", **settings))
        asyncio.run(backend.aclose())
        return backend.line

    passed_on = opened("ollama:gpt-oss:120b-cloud")
    assert "which sends your text on to ollama.com, e-mail addresses and numbers hidden" in (
        passed_on
    )
    assert "hidden" not in opened("ollama:gpt-oss:120b-cloud", redact=False)
    assert opened("ollama:gpt-oss:20b").endswith("at localhost, on this machine")


@pytest.mark.parametrize(
    "value",
    [None, [], "data", {"data": "m"}, {"data": {"id": "m"}}, {"models": 3}, {}],
    ids=repr,
)
def test_what_is_no_list_is_none(value):
    assert read_models(value) is None


@pytest.mark.parametrize("entry", ["m", 3, None, {}, {"id": 3}, {"id": " "}, {"id": "a\x1b[2J"}])
def test_an_entry_that_names_no_model_is_left_out(entry):
    assert [one.name for one in read_models({"data": [entry, {"id": "m"}]})] == ["m"]
