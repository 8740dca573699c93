"""The options of `triage serve` reach the server."""

import pytest

from triage_agent.cli.main import app
from triage_agent.errors import SettingsError


@pytest.fixture
def started(monkeypatch):
    """What the server was started with; it is not started."""
    found = []
    monkeypatch.setattr("triage_agent.web.serve", lambda options, *_: found.append(options))
    return found


def test_each_has_its_place(started, tmp_path):
    given = {
        "--data": str(tmp_path),
        "--port": "9000",
        "--public-url": "https://triage.example.com",
        "--trusted-proxy": "10.0.0.1",
        "--retention-days": "365",
        "--starts-per-hour": "7",
    }
    hosts = ["--embed-host", "a.example", "--embed-host", "b.example:8443"]
    hosts += ["--allow-hook-host", "desk.lan", "--allow-hook-host", "fd00::7"]
    with pytest.raises(SystemExit) as end:
        app(["serve", *[word for pair in given.items() for word in pair], *hosts])
    assert end.value.code == 0
    (options,) = started
    assert (options.data, options.port) == (tmp_path, 9000)
    assert options.public_url == "https://triage.example.com"
    assert options.trusted_proxies == ("10.0.0.1",)
    assert (options.retention_days, options.starts_per_hour) == (365, 7)
    assert options.embedders == ("https://a.example", "https://b.example:8443")
    assert options.hook_hosts == ("desk.lan", "fd00::7")
    assert options.language == "en"


@pytest.mark.parametrize("option", ["--embed-host", "--allow-hook-host"])
def test_an_address_in_place_of_a_host_is_refused_before_anything_starts(started, tmp_path, option):
    with pytest.raises(SettingsError, match=f"{option} https://a.example is not the name"):
        app(["serve", "--data", str(tmp_path), option, "https://a.example"])
    assert not started
