"""Keys go to their own hosts, and nothing goes to addresses inside the network unasked."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from core.errors import ExpertError
from core.experts.outside import guards
from core.experts.outside.api_client import ApiClient, Patience
from core.experts.outside.guards import address_of, check_host
from core.types.access import SHARED_VARIABLE
from core.types.scoring import ApiConnection
from tests.experts.api_server import KEY, embeddings_server

OPENAI = ApiConnection("o", "https://api.openai.com/v1", "m", "OPENAI_API_KEY")
OTHER = replace(OPENAI, base_url="https://evil.example/v1")
SHARED = {SHARED_VARIABLE: "1"}
LIST = {"API_HOSTS": "OPENAI_API_KEY@api.openai.com, models.corp.example TEI_API_KEY@10.0.0.5:8080"}


def test_alone_and_without_a_list_every_host_is_the_users_own_choice():
    check_host(OPENAI, {})
    check_host(OTHER, {})


def test_shared_and_without_a_list_nothing_is_sent():
    with pytest.raises(ExpertError, match=r"OPENAI_API_KEY@api\.openai\.com"):
        check_host(OPENAI, SHARED)
    with pytest.raises(ExpertError, match="API_HOSTS"):
        check_host(replace(OPENAI, key_variable=""), SHARED)


@pytest.mark.parametrize("mode", [{}, SHARED])
def test_a_key_goes_to_its_own_hosts(mode):
    check_host(OPENAI, LIST | mode)
    check_host(replace(OPENAI, base_url="https://API.openai.com:443/v1"), LIST | mode)
    with pytest.raises(ExpertError, match="may not be sent to evil"):
        check_host(OTHER, LIST | mode)
    stolen = replace(OPENAI, base_url="https://models.corp.example/v1")
    with pytest.raises(ExpertError, match=r"not set up for models\.corp\.example"):
        check_host(stolen, LIST | mode)
    check_host(replace(stolen, key_variable=""), LIST | mode)
    for variable in ("TEI_API_KEY", "OTHER_API_KEY"):
        with pytest.raises(ExpertError, match=r"not set up for api\.openai\.com"):
            check_host(replace(OPENAI, key_variable=variable), LIST | mode)
    port = replace(OPENAI, base_url="https://10.0.0.5:8080/v1", key_variable="TEI_API_KEY")
    check_host(port, LIST | mode)
    with pytest.raises(ExpertError, match="may not be sent"):
        check_host(replace(port, base_url="https://10.0.0.5:22/v1"), LIST | mode)


INSIDE = [
    *("127.0.0.1", "127.9.9.9", "::1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1"),
    *(
        "169.254.169.254",
        "fe80::1%eth0",
        "fd00::1",
        "0.0.0.0",
        "::",
        "::ffff:10.0.0.1",
        "224.0.0.1",
    ),
    *("224.0.0.1", "::ffff:169.254.169.254", "192.0.0.1", "198.18.0.1", "240.0.0.1"),
]


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_refused(address):
    with pytest.raises(ExpertError, match="inside this network"):
        address_of("evil.example", 443, listed=False, shared=False, resolve=lambda *_: [address])
    both = ["93.184.215.14", address]
    with pytest.raises(ExpertError, match="inside this network"):
        address_of("evil.example", 443, listed=False, shared=False, resolve=lambda *_: both)


def test_public_listed_and_own_addresses():
    def found(host, address, listed=False, shared=False):
        return address_of(host, 443, listed=listed, shared=shared, resolve=lambda *_: [address])

    assert found("api.example", "93.184.215.14") == "93.184.215.14"
    assert found("models.corp.example", "10.0.0.5", listed=True, shared=True) == "10.0.0.5"
    assert found("localhost", "127.0.0.1") == "127.0.0.1"
    for host, shared in (("localhost", True), ("a.example", False)):
        with pytest.raises(ExpertError):
            found(host, "127.0.0.1", shared=shared)
    with pytest.raises(ExpertError):
        found("models.corp.example", "169.254.169.254", listed=True)
    assert found("169.254.1.1", "169.254.1.1", listed=True) == "169.254.1.1"


@given(st.ip_addresses(v=4))
def test_of_all_addresses_only_public_ones_are_reached(address):
    def reach():
        return address_of("x", 1, listed=False, shared=True, resolve=lambda *_: [str(address)])

    if address.is_global and not address.is_multicast:
        assert reach() == str(address)
    else:
        with pytest.raises(ExpertError):
            reach()


def test_the_name_is_looked_up_once_and_that_address_is_used(monkeypatch):
    """A name server that answers differently the second time would lead past the check."""
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    asked = []

    def resolve(host, port):
        asked.append(host)
        return answers.pop(0)

    monkeypatch.setattr(guards, "_resolve", resolve)
    with embeddings_server() as server:
        port = server.url.rpartition(":")[2].partition("/")[0]
        named = ApiConnection("t", f"http://models.test:{port}/v1", "m", "TEST_API_KEY")
        environment = {"TEST_API_KEY": KEY, "API_HOSTS": "TEST_API_KEY@models.test:" + port}
        with ApiClient(named, environment, patience=Patience(attempts=1)) as client:
            assert client.embed(["text"]).shape == (1, 8)
        assert asked == ["models.test"]
        assert server.headers[0]["Host"] == f"models.test:{port}"


def test_nothing_is_sent_to_a_name_that_leads_inside(monkeypatch):
    monkeypatch.setattr(guards, "_resolve", lambda *_: ["127.0.0.1"])
    with embeddings_server() as server:
        port = server.url.rpartition(":")[2].partition("/")[0]
        named = ApiConnection("t", f"http://models.test:{port}/v1", "m", "TEST_API_KEY")
        with (
            ApiClient(named, {"TEST_API_KEY": KEY}, patience=Patience(attempts=1)) as client,
            pytest.raises(ExpertError, match="inside this network"),
        ):
            client.embed(["text"])
        assert server.requests == []


def test_connections_go_through_the_proxy_of_the_environment(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.corp.example:3128")
    monkeypatch.setenv("no_proxy", "direct.example")
    assert guards.proxies_of("api.openai.com")["https"] == "http://proxy.corp.example:3128"
    assert guards.proxies_of("direct.example") == guards.proxies_of("localhost") == {}


def test_a_proxy_is_not_asked_for_an_address_inside_the_network(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.corp.example:3128")
    inside = replace(OPENAI, base_url="https://10.0.0.5/v1", key_variable="")
    with pytest.raises(ExpertError, match="inside this network"):
        ApiClient(inside, {})
    ApiClient(inside, {"API_HOSTS": "10.0.0.5"})


def test_no_name_is_no_answer():
    with pytest.raises(OSError, match="no address"):
        address_of("gone.example", 1, listed=True, shared=False, resolve=lambda *_: [])
    with pytest.raises(socket.gaierror):
        address_of("no-such-host.invalid", 1, listed=True, shared=False)
