"""Which backend is used, and what the user is told about it."""

import math

import pytest

from triage_agent.errors import SettingsError
from triage_agent.models.factory import open_backend
from triage_agent.settings import Backend, Choice, Options, check_options, choose_backend


@pytest.mark.parametrize(
    ("wanted", "given", "chosen"),
    [
        pytest.param("auto", {}, "embedded", id="auto with nothing set is embedded"),
        pytest.param("auto", {"api_key": "k"}, "embedded", id="a key alone sends nothing anywhere"),
        pytest.param(
            "auto",
            {"api_key": "k", "base_url": "https://llm.example"},
            "embedded",
            id="a key and an address without a model send nothing anywhere",
        ),
        pytest.param("auto", {"model": "m"}, "llm", id="auto with a model is the LLM"),
        pytest.param("auto", {"model": ""}, "embedded", id="an empty name is none"),
        pytest.param("auto", {"model": "  "}, "embedded", id="a blank name is none"),
        pytest.param("embedded", {"model": "m", "api_key": "k"}, "embedded", id="embedded"),
        pytest.param("llm", {"model": "m"}, "llm", id="llm with a model is the LLM"),
        pytest.param("cascade", {"model": "m"}, "cascade", id="cascade with a model is that"),
        pytest.param("typed", {"model": "m"}, "typed", id="a decision model, since it is named"),
        pytest.param(
            "auto",
            {"model": "m", "base_url": "https://decisions.example/v1/systemone"},
            "llm",
            id="auto is never a decision model, whatever the address",
        ),
    ],
)
def test_the_backend_follows_what_is_configured(wanted, given, chosen):
    choice = choose_backend(Options(Backend(wanted), **given))
    assert choice.backend is Backend(chosen)
    assert choice.why


@pytest.mark.parametrize("wanted", [Backend.LLM, Backend.CASCADE, Backend.TYPED])
@pytest.mark.parametrize("given", [{}, {"api_key": "k"}, {"model": " "}])
def test_the_llm_without_a_model_is_an_error_that_names_the_option(given, wanted):
    with pytest.raises(SettingsError, match=r"--model") as caught:
        choose_backend(Options(wanted, **given))
    assert caught.value.exit_code == 2


CHOICES = {kind: Choice(kind, "a test", "m") for kind in Backend if kind is not Backend.AUTO}
LLM, EMBEDDED, CASCADE = Backend.LLM, Backend.EMBEDDED, Backend.CASCADE


@pytest.mark.parametrize(
    ("backend", "settings"),
    [
        pytest.param(EMBEDDED, {"prior": 0.3}, id="a prior for the embedded model"),
        pytest.param(CASCADE, {"prior": 0.001}, id="a prior for the cascade"),
        pytest.param(LLM, {"prior": 0.5}, id="the usual prior changes nothing, so it may be said"),
        pytest.param(CASCADE, {"cascade_threshold": 0.5}, id="the lowest threshold"),
        pytest.param(CASCADE, {"cascade_threshold": 1.0}, id="the highest threshold"),
        pytest.param(CASCADE, {"cascade_accuracy": 0.98}, id="an accuracy"),
        pytest.param(CASCADE, {"cascade_calls": 0.0}, id="no calls at all"),
    ],
)
def test_a_setting_that_the_backend_follows_is_accepted(backend, settings):
    check_options(CHOICES[backend], Options(**settings))


@pytest.mark.parametrize(
    ("backend", "settings", "says"),
    [
        *(
            pytest.param(EMBEDDED, {"prior": prior}, "between 0 and 1", id=f"a prior of {prior}")
            for prior in (0.0, 1.0, -0.1, 1.1, math.nan, math.inf)
        ),
        pytest.param(LLM, {"prior": 0.3}, "--prior is for", id="the LLM has no prior"),
        pytest.param(Backend.TYPED, {"prior": 0.3}, "decision model", id="nor a decision model"),
        pytest.param(LLM, {"prior": 0.0}, "between 0 and 1", id="no prior at all, either"),
        pytest.param(
            LLM, {"cascade_threshold": 0.9}, "--cascade-threshold is for", id="the LLM alone"
        ),
        pytest.param(
            EMBEDDED, {"cascade_accuracy": 0.9}, "--cascade-accuracy is for", id="embedded alone"
        ),
        pytest.param(
            EMBEDDED, {"cascade_calls": 0.0}, "--cascade-calls is for", id="a zero counts"
        ),
        pytest.param(
            CASCADE,
            {"cascade_threshold": 0.9, "cascade_accuracy": 0.9},
            "--cascade-threshold and --cascade-accuracy exclude each other",
            id="two wishes at once",
        ),
        pytest.param(
            CASCADE,
            {"cascade_accuracy": 0.9, "cascade_calls": 0.0},
            "--cascade-accuracy and --cascade-calls exclude each other",
            id="two other wishes at once",
        ),
        pytest.param(CASCADE, {"cascade_threshold": 0.49}, "between 0.5 and 1", id="too low"),
        pytest.param(CASCADE, {"cascade_threshold": 1.01}, "between 0.5 and 1", id="too high"),
        pytest.param(CASCADE, {"cascade_threshold": math.nan}, "between 0.5 and 1", id="no number"),
        pytest.param(CASCADE, {"cascade_accuracy": 0.49}, "between 0.5 and 1", id="an accuracy"),
        pytest.param(CASCADE, {"cascade_calls": -0.01}, "between 0 and 1", id="a share of calls"),
    ],
)
def test_a_setting_that_cannot_work_or_would_be_ignored_is_an_error(backend, settings, says):
    with pytest.raises(SettingsError, match=says) as caught:
        check_options(CHOICES[backend], Options(**settings))
    assert caught.value.exit_code == 2
    with pytest.raises(SettingsError, match=says):
        open_backend(Options(backend, "m", **settings))


def test_what_is_set_to_nothing_counts_as_not_set():
    choice = choose_backend(Options(Backend.LLM, "m", base_url="", api_key=""))
    assert choice.base_url is None
    assert choice.api_key is None


def test_the_embedded_backend_is_told_no_key():
    assert choose_backend(Options(Backend.EMBEDDED, "m", api_key="k")).api_key is None


def test_a_key_never_shows_when_options_or_a_choice_are_printed():
    options = Options(Backend.LLM, "m", api_key="abc-secret-123")
    choice = choose_backend(options)
    assert "secret" not in f"{options!r} {options} {choice!r} {choice}"


@pytest.mark.parametrize(
    ("base_url", "says"),
    [
        pytest.param("http://127.0.0.1:8000/v1", "on this machine", id="an address of loopback"),
        pytest.param("http://localhost:8000/v1", "on this machine", id="localhost"),
        pytest.param("https://llm.example/v1", "at llm.example", id="another machine"),
        pytest.param(None, "at api.openai.com", id="the client's default"),
    ],
)
@pytest.mark.anyio
async def test_the_line_for_the_user_names_the_backend_and_the_host(base_url, says, tmp_path):
    options = Options(
        Backend.LLM, "m-1", base_url, "sk-verysecret", cache=tmp_path / "ledger.sqlite3"
    )
    opened = open_backend(options)
    await opened.aclose()
    model, line = opened.model, opened.line
    assert line.startswith("backend: llm (m-1)")
    assert says in line
    assert ("sent" in line) is ("this machine" not in says)
    assert "verysecret" not in line
    assert (model.backend, model.name) == ("llm", "m-1")


SHORT = [
    pytest.param("ollama:qwen3", "qwen3", 11434, id="Ollama"),
    pytest.param("ollama:qwen2.5:7b", "qwen2.5:7b", 11434, id="a name with a colon of its own"),
    pytest.param("lmstudio:qwen/qwen3-8b", "qwen/qwen3-8b", 1234, id="LM Studio"),
    pytest.param("vllm:Qwen/Qwen3-8B", "Qwen/Qwen3-8B", 8000, id="vLLM"),
    pytest.param("llamacpp:qwen3.gguf", "qwen3.gguf", 8080, id="llama.cpp"),
    pytest.param(" Ollama : qwen3 ", "qwen3", 11434, id="written in another way"),
]


@pytest.mark.parametrize(("model", "name", "port"), SHORT)
@pytest.mark.parametrize("wanted", [Backend.AUTO, Backend.LLM, Backend.CASCADE])
def test_a_shorthand_is_a_model_at_its_servers_usual_address(model, name, port, wanted):
    choice = choose_backend(Options(wanted, model))
    assert (choice.model, choice.base_url) == (name, f"http://localhost:{port}/v1")
    assert not choice.asks_for_model


@pytest.mark.parametrize("server", ["ollama", "lmstudio", "llamacpp", "vllm"])
def test_a_shorthand_without_a_name_leaves_it_to_the_server(server):
    assert choose_backend(Options(model=f"{server}: ")).asks_for_model


@pytest.mark.parametrize(
    "model", ["qwen2.5:7b", "openai/gpt-4o:free", "ft:gpt-4o:acme::x1", "ollama/qwen3", "ollama"]
)
@pytest.mark.parametrize("base_url", [None, "http://localhost:11434/v1"])
def test_a_name_that_only_holds_a_colon_is_no_shorthand(model, base_url):
    choice = choose_backend(Options(model=model, base_url=base_url))
    assert (choice.model, choice.base_url, choice.asks_for_model) == (model, base_url, False)


@pytest.mark.parametrize("model", ["ollama:qwen3", "llamacpp:"])
def test_a_shorthand_and_an_address_exclude_each_other(model):
    with pytest.raises(SettingsError, match="--base-url gives an address too") as caught:
        choose_backend(Options(model=model, base_url="http://localhost:11434/v1"))
    assert "Leave out --base-url, or write the model without" in caught.value.message


def test_the_servers_own_variables_are_not_read(monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", "http://elsewhere.example:11434")
    assert choose_backend(Options(model="ollama:m")).base_url == "http://localhost:11434/v1"
