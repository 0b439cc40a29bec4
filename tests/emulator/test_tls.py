"""The portal over TLS: connections kept, many at once, broken ones, a clean end."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from engine.emulator.faultfile import parse_faults
from engine.emulator.serve import PortalServer


@pytest.fixture
def ca(tmp_path):
    return tmp_path / "ca.pem"


@pytest.fixture
def secure(portal, ca):
    with PortalServer(portal, ca_file=ca) as found:
        yield found


@pytest.fixture
def trust(secure, ca):
    return ssl.create_default_context(cafile=str(ca))


@pytest.fixture
def client(trust):
    with httpx.Client(verify=trust, trust_env=False, timeout=20) as found:
        yield found


def test_one_connection_carries_many_requests(secure, client):
    connections = set()
    for _ in range(20):
        with client.stream("POST", f"{secure.webhook_url}profile") as answer:
            assert answer.read()
            connections.add(answer.extensions["network_stream"].get_extra_info("client_addr"))
    assert len(connections) == 1


def test_it_names_this_machine_and_the_portal(secure, ca):
    def shake_hands(name):
        with socket.create_connection((secure.host, secure.port)) as plain:
            return ssl.create_default_context(cafile=str(ca)).wrap_socket(plain, server_hostname=name)

    for name in ("localhost", "127.0.0.1", secure.portal.domain):
        with shake_hands(name) as tls:
            assert tls.version() in ("TLSv1.2", "TLSv1.3")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands("other.example")


def test_the_authority_signs_nothing_else(ca, secure):
    assert ca.read_text("ascii").count("BEGIN CERTIFICATE") == 1
    assert "PRIVATE" not in ca.read_text("ascii")


def test_a_slow_answer_holds_nobody_up(secure, client, portal):
    portal.use_faults(parse_faults("calls: [{fault: slow, method: profile, seconds: 3, times: 1}]"))
    done = {}

    def ask(method):
        assert client.post(f"{secure.webhook_url}{method}").status_code == 200
        done[method] = time.monotonic()

    slow = threading.Thread(target=ask, args=("profile",))
    slow.start()
    time.sleep(0.3)
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(ask, ["crm.deal.list"] * 30))
    slow.join()
    assert done["crm.deal.list"] < done["profile"]


def test_a_large_file_goes_up_and_down_whole(secure, client):
    content = bytes(range(256)) * 16384
    sent = client.post(
        f"{secure.webhook_url}disk.folder.uploadfile",
        json={
            "id": 1,
            "data": {"NAME": "большой.bin"},
            "fileContent": ["большой.bin", b64encode(content).decode()],
        },
    ).json()["result"]
    assert sent["DOWNLOAD_URL"].startswith(f"{secure.url}/")
    assert sent["DOWNLOAD_URL"].startswith("https://")
    assert client.get(sent["DOWNLOAD_URL"], headers={"Referer": secure.url}).content == content


def test_a_broken_answer_breaks_the_connection_and_no_other(secure, client, portal):
    portal.use_faults(parse_faults("calls: [{fault: timeout_before, method: profile, times: 2}]"))
    for _ in range(2):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            client.post(f"{secure.webhook_url}profile")
    assert client.post(f"{secure.webhook_url}profile").status_code == 200


def test_who_speaks_plain_http_gets_no_answer_and_does_no_harm(secure, client):
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        httpx.post(f"http://{secure.host}:{secure.port}/rest/1/demo/profile", trust_env=False)
    with socket.create_connection((secure.host, secure.port)) as silent:
        silent.sendall(b"\x16\x03")
        assert client.post(f"{secure.webhook_url}profile").status_code == 200


def test_clients_are_told_apart_by_their_own_addresses(secure, client, portal, trust):
    """The limits go by the source address, and `/_demo/` by whether it is this machine's."""
    portal.limits = "real"
    other = httpx.HTTPTransport(verify=trust, local_address="127.0.0.2")
    with httpx.Client(transport=other, timeout=20) as stranger:
        for _ in range(60):
            last = client.post(f"{secure.webhook_url}server.time")
        assert last.status_code == 503
        assert stranger.post(f"{secure.webhook_url}server.time").status_code == 200
    assert set(portal.bucket._levels) == {"127.0.0.1", "127.0.0.2"}


def test_it_ends_with_connections_open_and_gives_its_port_back(portal, ca):
    begun = None
    with PortalServer(portal, ca_file=ca) as secure:
        trusting = ssl.create_default_context(cafile=str(ca))
        plain = socket.create_connection((secure.host, secure.port))
        tls = trusting.wrap_socket(plain, server_hostname="localhost")
        with httpx.Client(verify=trusting, trust_env=False) as client:
            client.post(f"{secure.webhook_url}profile")
            begun = time.monotonic()
            secure.close()
    assert time.monotonic() - begun < 5
    tls.close()
    with PortalServer(portal, port=secure.port, ca_file=ca):
        pass


def test_a_taken_port_is_an_error_and_leaves_nothing_behind(portal, ca):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        before = threading.active_count()
        with pytest.raises(OSError, match="in use") as refused:
            PortalServer(portal, port=taken.getsockname()[1], ca_file=ca)
        assert refused.value.errno == errno.EADDRINUSE
        assert threading.active_count() == before


def test_a_server_never_started_can_be_closed(portal, ca):
    PortalServer(portal, ca_file=ca).close()
