"""A portal that answers nonsense, half, late or not at all: the right word, the right nature, and no traceback."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from engine.portal import answers
from engine.portal.catalogue import entry
from engine.portal.client import PortalClient
from engine.portal.errors import PortalError
from tests.portal.portal_case import Reply, running_stub

WHOLE = gzip.compress(b'{"result": true}' * 50)
HTML = b"<!DOCTYPE html><html><title>Log in</title></html>"
NONSENSE = [
    ("a page", Reply(200, HTML), "NOT_JSON", "a web page"),
    ("nothing", Reply(200, b""), "NOT_JSON", "an empty answer"),
    ("blanks", Reply(200, b"  \n"), "NOT_JSON", "an empty answer"),
    ("half", Reply(200, b'{"result": [1, 2'), "NOT_JSON", "instead of a JSON answer"),
    (
        "garbage called gzip",
        Reply(200, b"\x00\xff\x13garbage", {"Content-Encoding": "gzip"}),
        "NOT_JSON",
        "unpacked",
    ),
    ("half of gzip", Reply(200, WHOLE[: len(WHOLE) // 2], {"Content-Encoding": "gzip"}), "NOT_JSON", ""),
    ("a list", Reply(200, [1, 2]), "NOT_JSON", "instead of a JSON answer"),
    ("deep nesting", Reply(200, b"[" * 200_000), "NOT_JSON", ""),
    ("no result", Reply(200, {"time": {}}), "NOT_JSON", "without a result"),
    ("a cut line", Reply(cut=True), "NO_ANSWER", ""),
    ("fewer bytes than said", Reply(200, b"{}", {"Content-Length": "500"}), "NO_ANSWER", ""),
    ("bad gateway", Reply(502, HTML), "NOT_JSON", "HTTP 502"),
]


def failure(call: Callable[[], object]) -> PortalError:
    with pytest.raises(PortalError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize(
    ("reply", "code", "words"), [case[1:] for case in NONSENSE], ids=[c[0] for c in NONSENSE]
)
def test_nonsense_is_called_by_its_name(reply: Reply, code: str, words: str) -> None:
    with (
        running_stub(reply) as stub,
        PortalClient(stub.webhook_url, sleep=lambda _: None, timeout=0.5) as client,
    ):
        write = failure(lambda: client.call("crm.item.add", {}))
        assert len(stub.asked) == 1
        read = failure(lambda: client.call("crm.item.get", {}))
    assert (write.code, write.retry) == (code, "unknown")
    assert (read.code, read.retry) == (code, "later")
    assert words in str(read)
    assert "topsecret" not in str(read) + str(write)
    assert entry(code)


def test_json_under_another_content_type_is_an_answer() -> None:
    with (
        running_stub(Reply(200, b'\xef\xbb\xbf{"result": 1}')) as bom,
        running_stub(Reply(200, b'{"result": 1}')) as plain,
    ):
        with PortalClient(plain.webhook_url) as client:
            assert client.call("crm.item.get", {})["result"] == 1
        with PortalClient(bom.webhook_url, sleep=lambda _: None) as client:
            assert client.call("crm.item.get", {})["result"] == 1


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A bare listener; every connection goes to `serve`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stopping = threading.Event()

        def accept() -> None:
            while not stopping.is_set():
                try:
                    line, _ = server.accept()
                except OSError:
                    continue
                threading.Thread(target=serve, args=(line,), daemon=True).start()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stopping.set()
            thread.join()


def test_silence_ends_at_our_limit_and_is_an_unknown_outcome_for_a_write() -> None:
    with (
        listening(lambda line: (time.sleep(2), line.close())) as port,  # type: ignore[func-returns-value,arg-type]
        PortalClient(f"http://127.0.0.1:{port}/rest/1/topsecret/", timeout=0.3) as client,
    ):
        error = failure(lambda: client.call("crm.item.update", {}))
    assert (error.code, error.retry) == ("NO_ANSWER", "unknown")
    assert "in time" in error.description


def test_an_answer_that_drips_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "LONGEST_ANSWER", 0.5)

    def drip(line: socket.socket) -> None:
        try:
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
            while True:
                line.sendall(b" ")
                time.sleep(0.05)
        except OSError:
            line.close()

    began = time.monotonic()
    with listening(drip) as port, PortalClient(f"http://127.0.0.1:{port}/rest/1/x/", timeout=5) as client:
        error = failure(lambda: client.call("crm.item.add", {}))
    assert (error.code, error.retry) == ("NO_ANSWER", "unknown")
    assert time.monotonic() - began < 4


def test_a_name_that_is_nowhere_was_not_asked() -> None:
    slept: list[float] = []
    with PortalClient("https://no-such-portal.invalid/rest/1/topsecret/", sleep=slept.append) as client:
        error = failure(lambda: client.call("crm.item.add", {}))
    assert (error.code, error.retry) == ("NO_CONNECTION", "later")
    assert len(slept) == 5


def test_a_server_that_cannot_show_who_it_is_gets_nothing(tmp_path: object) -> None:
    from engine.emulator.tls import issue_certificate

    authority = tmp_path / "ca.pem"  # type: ignore[operator]
    context: ssl.SSLContext = issue_certificate(authority, "127.0.0.1", "demo.example")

    def serve(line: socket.socket) -> None:
        try:
            with context.wrap_socket(line, server_side=True) as tls:
                tls.recv(1000)
        except OSError:
            pass

    with listening(serve) as port, PortalClient(f"https://127.0.0.1:{port}/rest/1/topsecret/") as client:
        error = failure(lambda: client.call("crm.item.add", {}))
    assert (error.code, error.retry) == ("BAD_CERTIFICATE", "later")
    assert "topsecret" not in str(error)


@pytest.mark.parametrize(
    "address", ["", "portal.example", "ftp://p/rest/1/x/", "https://", "https://[half", "https:///rest"]
)
def test_what_is_no_address_is_said(address: str) -> None:
    assert failure(lambda: PortalClient(address)).code == "BAD_ADDRESS"
