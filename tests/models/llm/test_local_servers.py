"""The model servers on this machine: what each is recognised by, and what is said of it."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from support.hostile import HOSTILE, steering
from support.openai_server import Fault, OpenAIServer
from triage_agent.models.llm import local_servers
from triage_agent.models.llm.local_servers import DEADLINE_S, KINDS, Kind, find_local_servers
from triage_agent.settings import ADDRESSES


def listing(*names, owner="someone", **more):
    """Return a list of models as OpenAI's API has it."""
    data = [{"id": name, "object": "model", "owned_by": owner, **more} for name in names]
    return {"object": "list", "data": data}


def found(listings, base="/v1", **options):
    """Return (what is found, the server that was asked) of a server that lists this."""

    async def look():
        async with OpenAIServer(listings=listings, **options) as server:
            servers = await asyncio.to_thread(find_local_servers, {server.port: base})
            return servers, server

    return asyncio.run(look())


# What each server answers, in short: as its documentation or its source has it
# (docs/reference/servers.md links them), or as it answered when it was run.
TAGS = {
    "models": [
        {"name": "qwen3:8b", "model": "qwen3:8b", "digest": "d", "details": {"family": "qwen3"}},
        {"name": "nomic-embed-text:latest", "details": {"family": "nomic-bert"}},
    ]
}
LM_STUDIO = listing("qwen3-8b", "text-embedding-nomic") | {"object": "list"}
LM_STUDIO_MORE = {
    "object": "list",
    "data": [
        {"id": "qwen3-8b", "type": "llm", "compatibility_type": "gguf", "state": "loaded"},
        {"id": "text-embedding-nomic", "type": "embeddings", "compatibility_type": "gguf"},
    ],
}
SERVERS = {
    "vLLM": {"/v1/models": listing("m", owner="vllm", max_model_len=4096)},
    "llama.cpp": {"/v1/models": listing("m.gguf", owner="llamacpp") | {"models": []}},
    "llama-cpp-python": {"/v1/models": listing("m", owner="me", permissions=[])},
    "SGLang": {"/v1/models": listing("m", owner="sglang")},
    "LMDeploy": {"/v1/models": listing("m", owner="lmdeploy")},
    "KoboldCpp": {
        "/v1/models": listing("koboldcpp/m", owner="koboldcpp"),
        "/api/tags": {"models": [{"name": "koboldcpp"}]},  # for programs that know only Ollama
        "/props": {"total_slots": 1},
    },
    "TabbyAPI": {
        "/v1/models": listing("m", owner="tabbyAPI"),
        "/api/extra/version": {"result": "KoboldCpp", "version": "1.61"},
    },
    "Docker Model Runner": {"/engines/v1/models": listing("ai/smollm2", owner="docker")},
    "LiteLLM": {
        "/v1/models": listing("m", owner="openai"),
        "/health/readiness": {"status": "healthy", "db": "Not connected"},
    },
    "LM Studio": {"/v1/models": LM_STUDIO, "/api/v0/models": LM_STUDIO_MORE},
    "LocalAI": {
        "/v1/models": listing("m"),
        "/system": {"backends": [], "loaded_models": []},
        "/api/tags": {"models": []},
    },
    "text-generation-webui": {
        "/v1/models": listing("m", owner="user"),
        "/v1/internal/model/info": {"model_name": "m", "lora_names": []},
    },
    "Text Generation Inference": {
        "/v1/models": listing("m", owner="m"),
        "/info": {"model_id": "m", "router": "text-generation-router"},
    },
    "Ollama": {
        "/v1/models": listing("qwen3:8b", "nomic-embed-text:latest", owner="library"),
        "/api/tags": TAGS,
    },
}


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_is_recognised_by_what_it_lists(name):
    base = next(kind.base for kind in KINDS if kind.name == name)
    [server], asked = found(SERVERS[name], base)
    assert server.kind.name == name
    assert server.in_words.startswith(f"{name} answers at http://localhost:{asked.port}{base}, ")


def test_every_kind_that_can_be_recognised_has_its_answers_here():
    assert {kind.name for kind in KINDS if kind.owner or kind.path} == SERVERS.keys()


def test_each_shorthand_stands_for_the_usual_port_of_its_kind():
    ports = {kind.shorthand: kind.port for kind in KINDS if kind.shorthand}
    assert {name: f"http://localhost:{port}/v1" for name, port in ports.items()} == ADDRESSES


@pytest.mark.parametrize("name", SERVERS)
def test_nothing_but_questions_for_lists_is_sent_and_no_key(name, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # nothing goes through a proxy
    _, asked = found(SERVERS[name], next(kind.base for kind in KINDS if kind.name == name))
    assert asked.calls
    assert [call for call in asked.kept if call.body or call.authorization] == []
    assert "/v1/chat/completions" not in {call.path for call in asked.kept}


def test_who_is_no_model_server_is_asked_once_and_not_mentioned():
    servers, asked = found({"/v1/models": (200, {"status": "ok"})})
    assert (servers, asked.calls) == ([], 1)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param("llama.cpp", "has one model: m.gguf.", id="one model"),
        pytest.param("Ollama", "has one model: qwen3:8b.", id="models for embeddings do not count"),
        pytest.param("LM Studio", "has one model: qwen3-8b.", id="by its own list of types"),
    ],
)
def test_the_models_that_can_answer_are_named(name, says):
    [server], _ = found(SERVERS[name])
    assert says in server.in_words


def test_of_many_models_five_are_named_and_the_rest_counted():
    [server], _ = found({"/v1/models": listing(*(f"m{number}" for number in range(9)))})
    assert "has 9 models: m0, m1, m2, m3, m4 and 4 more. To use it: " in server.in_words


def test_a_model_that_is_in_memory_is_the_example():
    models = listing("cold", status={"value": "unloaded"}, owner="llamacpp")
    models["data"] += listing("warm", status={"value": "loaded"})["data"]
    [server], asked = found({"/v1/models": models})
    at = f"http://localhost:{asked.port}/v1"
    assert server.in_words.endswith(f"To use it: triage advise --model warm --base-url {at}")


def test_a_model_that_lm_studio_has_in_memory_is_the_example():
    more = [
        {"id": name, "type": "llm", "compatibility_type": "gguf", "state": state}
        for name, state in (("cold", "not-loaded"), ("warm", "loaded"))
    ]
    [server], _ = found({"/v1/models": listing("cold", "warm"), "/api/v0/models": {"data": more}})
    assert "has 2 models: cold, warm. To use it: triage advise --model warm " in server.in_words


def test_a_kind_that_says_nothing_of_itself_is_named_by_its_port_and_not_for_certain(monkeypatch):
    async def look():
        async with OpenAIServer(listings={"/v1/models": listing("m", owner="user")}) as server:
            monkeypatch.setattr(local_servers, "KINDS", (*KINDS, Kind("Quiet", server.port)))
            return await asyncio.to_thread(find_local_servers, {server.port: "/v1"})

    [server] = asyncio.run(look())
    assert server.in_words.startswith("A model server, by its port Quiet, answers at http://")


def test_a_model_that_ollama_passes_on_is_not_the_example_unless_there_is_no_other():
    cloud = {"name": "gpt-oss:120b-cloud", "remote_host": "https://ollama.com:443"}
    here = {"name": "qwen3:8b"}
    names = ["gpt-oss:120b-cloud", "qwen3:8b"]
    [both], _ = found({"/v1/models": listing(*names), "/api/tags": {"models": [cloud, here]}})
    [only], _ = found({"/v1/models": listing(names[0]), "/api/tags": {"models": [cloud]}})
    assert "triage advise --model qwen3:8b " in both.in_words
    assert "ollama.com" not in both.in_words
    assert only.in_words.endswith("runs at ollama.com, and your text would be sent there")


def test_of_a_server_that_stands_in_front_of_others_it_is_said_that_text_goes_on():
    [server], _ = found(SERVERS["LiteLLM"])
    assert server.in_words.endswith("on to other servers: add --redact if they are elsewhere")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(
            (401, {"error": {"message": "No api key passed in."}}), "wants a key", id="a key"
        ),
        pytest.param(
            (503, {"error": {"message": "Loading model"}}), "is still starting", id="starting"
        ),
        pytest.param({"object": "list", "data": None}, "has no model yet", id="no model"),
    ],
)
def test_a_server_that_has_no_list_to_show_yet_is_named_with_what_to_do(answer, says):
    [server], _ = found({"/v1/models": answer})
    assert server.in_words.startswith(("A model server answers at ", "What answers at "))
    assert says in server.in_words


REFUSED = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 21\r\n\r\nInternal Server Error"


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param((401, {"error": {"message": "No api key passed in."}}), id="with a database"),
        pytest.param(REFUSED, id="without one"),
    ],
)
def test_a_server_that_wants_a_key_is_recognised_by_what_it_says_without_one(refusal):
    """LiteLLM 1.108.7 without a database answers 500 to who has no key."""
    code, shown, _, server = program("LiteLLM", "doctor", listings={"/v1/models": refusal})
    assert code == 0
    at = f"http://localhost:{server.port}/v1"
    assert f"LiteLLM answers at {at}, and wants a key: set OPENAI_API_KEY to it, then " in shown
    assert {call.path for call in server.kept} == {"/v1/models", "/health/readiness"}


BOMB = b'{"data": [' + b'{"id": "m"},' * 200_000 + b"]}"
DEEP = b'{"data": ' + b"[" * 100_000


def raw(body, *headers):
    lines = [b"HTTP/1.1 200 OK", b"content-length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    "answer",
    [
        *(pytest.param(fault, id=fault.value) for fault in (Fault.HANG, Fault.DROP, Fault.NO_HTTP)),
        *(pytest.param(fault, id=fault.value) for fault in (Fault.BAD_HEADER, Fault.BAD_CHUNK)),
        pytest.param(Fault.REDIRECT, id="a redirect is not followed"),
        pytest.param(Fault.HTML, id="a page"),
        pytest.param((401, {"message": "log in"}), id="another service that wants a login"),
        pytest.param((404, {"error": "no such thing"}), id="another service"),
        pytest.param([1, 2, 3], id="JSON of another kind"),
        pytest.param({"data": {"id": "m"}}, id="a list that is none"),
        pytest.param(raw(BOMB), id="too long"),
        pytest.param(raw(DEEP), id="too deep"),
        pytest.param(raw(b"\x1f\x8b", b"content-encoding: gzip"), id="packed"),
    ],
)
def test_whatever_else_listens_there_is_harmless_and_not_mentioned(answer):
    began = time.perf_counter()
    servers, _ = found({"/v1/models": answer})
    assert servers == []
    assert time.perf_counter() - began < DEADLINE_S + 2  # a machine that does much else


def test_a_server_that_is_slow_to_say_more_is_named_by_what_it_said_so_far():
    slow = dict.fromkeys(("/api/tags", "/system", "/info"), Fault.HANG)
    [server], _ = found({"/v1/models": listing("m"), **slow})
    assert server.in_words.startswith("A model server answers at ")


def test_names_that_would_steer_a_terminal_or_forge_a_line_are_left_out():
    names = [HOSTILE, "a\nb", "x" * 5_000, "", 7, None, "good", "two words; rm -rf ~"]
    [server], _ = found({"/v1/models": listing(*names)})
    assert steering(server.in_words) == set()
    assert [one.name for one in server.models] == ["good", "two words; rm -rf ~"]
    assert "FORGED" not in server.in_words


def test_a_name_that_the_shell_would_read_is_quoted():
    [server], _ = found({"/v1/models": listing("two words; rm -rf ~")})
    assert "triage advise --model 'two words; rm -rf ~' --base-url" in server.in_words


def test_nothing_there_is_found_in_no_time():
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        began = time.perf_counter()
        assert find_local_servers({taken.getsockname()[1]: "/v1"}) == []
    assert time.perf_counter() - began < DEADLINE_S + 2


# The whole program, with the usual ports moved to where the double listens.
MOVED = """
import sys
from dataclasses import replace
from triage_agent.cli.main import main
from triage_agent.models.llm import local_servers
from triage_agent.settings import ADDRESSES
name, port = sys.argv.pop(1), int(sys.argv.pop(1))
kind = next(one for one in local_servers.KINDS if one.name == name)
local_servers.KINDS = (replace(kind, port=port),)
if kind.shorthand:
    ADDRESSES[kind.shorthand] = f"http://localhost:{port}/v1"
main()
"""


def program(name, *arguments, environment=None, listings=None, **options):
    """Return (exit code, stdout, the server) of the program while such a server runs."""

    async def run():
        async with OpenAIServer(listings=SERVERS[name] | (listings or {}), **options) as server:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", MOVED, name, str(server.port), *arguments),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "COLUMNS": "300", **(environment or {})},
            )
            shown, said = await process.communicate()
            assert b"Traceback" not in said
            return process.returncode, shown.decode(), said.decode(), server

    return asyncio.run(run())


def test_doctor_says_the_one_line_to_use_a_server_that_nobody_named_and_asks_it_nothing():
    code, shown, _, server = program("Ollama", "doctor")
    assert code == 0
    assert "ok   backend: embedded, because no model is named" in shown
    assert "has one model: qwen3:8b. To use it: triage advise --model ollama:qwen3:8b" in shown
    assert {call.path for call in server.kept} == {"/v1/models"} | {
        kind.path for kind in KINDS if kind.name == "Ollama"
    }


def test_doctor_says_the_same_as_json():
    _, shown, _, server = program("llama.cpp", "doctor", "--json")
    found = json.loads(shown)[f"on this machine ({server.port})"]
    assert found["ok"] is True
    assert "--model llamacpp:m.gguf" in found["says"]


def test_doctor_looks_for_others_when_the_server_that_was_named_does_not_answer():
    code, shown, _, _ = program("vLLM", "doctor", "-m", "m", "--base-url", "http://127.0.0.1:9/v1")
    assert code == 5
    assert "FAIL endpoint" in shown
    assert "triage advise --model vllm:m" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--backend", "embedded"], id="who wants the embedded model"),
        pytest.param(["--model", "ollama:qwen3:8b"], id="whose own server answers"),
    ],
)
def test_doctor_does_not_look_for_who_has_what_is_wanted(arguments):
    code, shown, _, server = program("Ollama", "doctor", *arguments)
    assert code == 0
    assert "on this machine (" not in shown
    assert "/v1/models" not in {call.path for call in server.kept}


@pytest.mark.parametrize(
    ("name", "model", "real"),
    [
        pytest.param("Ollama", "ollama:qwen2.5:7b", "qwen2.5:7b", id="a name with a colon"),
        pytest.param("LM Studio", "LMStudio: qwen/qwen3-8b", "qwen/qwen3-8b", id="as people type"),
        pytest.param("llama.cpp", "llamacpp:", "m.gguf", id="whatever model is loaded"),
        pytest.param("vLLM", "vllm:", "m", id="the one that vLLM serves"),
    ],
)
def test_a_shorthand_asks_that_server_for_that_model_and_shows_the_real_name(name, model, real):
    text = "Invoices are typed in by hand every week"
    for wanted in (["--model", model], []):
        environment = {} if wanted else {"TRIAGE_MODEL": model}
        code, shown, said, server = program(
            name, "classify", "--json", *wanted, text, environment=environment
        )
        assert (code, json.loads(shown)["model"]) == (0, real)
        assert f"backend: llm ({real}) at localhost, on this machine" in said
        asked = [call.body["model"] for call in server.kept if call.body]
        assert set(asked) == {real}


def test_a_shorthand_in_the_users_settings_file_counts_and_one_in_the_working_folder_is_refused(
    no_user, tmp_path, monkeypatch
):
    folder = no_user / "xdg_config_home" / "triage-agent"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('model = "ollama:qwen3:8b"\n', encoding="utf-8")
    code, shown, _, _ = program("Ollama", "classify", "--json", "Invoices go out late")
    assert (code, json.loads(shown)["model"]) == (0, "qwen3:8b")
    (tmp_path / "triage.toml").write_text('model = "ollama:other"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    code, _, said, server = program("Ollama", "classify", "Invoices go out late")
    assert (code, server.calls) == (2, 0)
    assert "a file in the working folder may not set 'model'" in said


def test_an_address_of_the_environment_is_named_when_it_stands_against_a_shorthand():
    code, _, said, server = program(
        "Ollama",
        *("classify", "--model", "ollama:qwen3", "Invoices go out late"),
        environment={"OPENAI_BASE_URL": "https://llm.example/v1"},
    )
    assert (code, server.calls) == (2, 0)
    assert "--base-url was not typed: it stands in the environment variable OPENAI_BASE_URL" in said


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.shorthand], ids=lambda k: k.name)
def test_the_suggested_command_is_short_only_at_the_usual_port(kind):
    [server], asked = found(SERVERS[kind.name])
    usual = replace(server, base_url=ADDRESSES[kind.shorthand])
    assert f"--model {kind.shorthand}:" in usual.in_words
    assert f"--base-url http://localhost:{asked.port}/v1" in server.in_words
