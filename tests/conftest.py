"""What holds for every test: no outside network, no user's directories, no user's settings."""

import os
import signal
import socket

import pytest
from hypothesis import settings

from support.network import NetworkUsedError, is_loopback

USER_DIRECTORIES = (
    "HOME",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
)
OUR_VARIABLES = ("OPENAI_", "TRIAGE_")

# The same examples on every machine and in every run, and no example database in the checkout.
settings.register_profile("triage", deadline=None, derandomize=True, database=None)
settings.load_profile("triage")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Block every connection, datagram and name lookup that leaves this machine.

    Returns the list of attempts; a test that expects one clears it, any other test fails.
    """
    attempts = []

    def guarded(real, place):
        def call(self, *arguments, **options):
            address = arguments[place]
            if self.family in {socket.AF_INET, socket.AF_INET6} and not is_loopback(address[0]):
                attempts.append(address)
                raise NetworkUsedError(f"a test tried to reach {address!r}")
            return real(self, *arguments, **options)

        return call

    real_lookup = socket.getaddrinfo

    def lookup(host, *arguments, **options):
        if not is_loopback(host):
            attempts.append(host)
            raise NetworkUsedError(f"a test tried to look up {host!r}")
        return real_lookup(host, *arguments, **options)

    monkeypatch.setattr(socket.socket, "connect", guarded(socket.socket.connect, 0))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex, 0))
    monkeypatch.setattr(socket.socket, "sendto", guarded(socket.socket.sendto, -1))
    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    yield attempts
    assert not attempts, f"this test tried to leave the machine: {attempts}"


@pytest.fixture(autouse=True)
def no_user(monkeypatch, tmp_path_factory):
    """Move the user's directories to a temporary one, and forget the user's settings."""
    home = tmp_path_factory.mktemp("home")
    for name in USER_DIRECTORIES:
        directory = home if name in {"HOME", "USERPROFILE"} else home / name.lower()
        directory.mkdir(exist_ok=True, mode=0o700)
        monkeypatch.setenv(name, str(directory))
    for name in list(os.environ):
        if name.upper().startswith(OUR_VARIABLES):
            monkeypatch.delenv(name)
    return home


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_reaches_child_processes():
    """Undo `nohup` and `&`, which make every child process deaf to the SIGINT that tests send."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
