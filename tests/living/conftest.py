"""The sources on this machine, for all that asks them."""

import loopback as misbehaviour
import pytest

from reprieve.living.sources import Settings
from reprieve.living.sources.client import PoliteClient


@pytest.fixture(scope="session")
def faults():
    """The module ``loopback``: its functions are the ways in which a source can misbehave."""
    return misbehaviour


@pytest.fixture
def loopback(faults):
    """A running `Loopback`, fresh for each test."""
    server = faults.Loopback()
    yield server
    server.close()


@pytest.fixture
def make_client(loopback, tmp_path):
    """Clients that ask the loopback server, without pauses between tries."""
    clients = []

    def make(**changes):
        urls = Settings.from_environment(loopback.environment).urls
        given = {"urls": urls, "cache_dir": tmp_path / "cache", "retry_seconds": 0.0, **changes}
        clients.append(PoliteClient(Settings(**given)))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(make_client):
    """A client that asks the loopback server."""
    return make_client()
