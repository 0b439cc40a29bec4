"""Posts of the portal, from a process of their own, over connections that stay open.

Decides when each is sent: as fast as answers come, or at a steady rate, where an answer's time counts from the moment
the post was due, so that a server that stops for a while does not hide it.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from urllib.parse import urlsplit

from engine.bench.child import Answer, serve
from engine.bench.office import doorbell

CONNECTIONS = 32


class Load:
    """Posts to `url`; every post is another item."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._lock = threading.Lock()
        self._number, self._ts = 0, int(time.time())
        head = f"POST /portal/events HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        self._head = head + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "

    def fast(self, seconds: float) -> Answer:
        """Send as fast as the answers come; return the number of answers and the seconds they took."""
        begun = time.perf_counter()
        until = begun + seconds
        times = self._all(lambda: 0.0 if time.perf_counter() < until else None)
        return {"answers": len(times), "seconds": time.perf_counter() - begun}

    def steady(self, rate: float, seconds: float) -> Answer:
        """Send `rate` posts a second; return the 50th and 99th percentile of the answers' times, in milliseconds."""
        begun = time.perf_counter()
        slots = iter([begun + number / rate for number in range(int(rate * seconds))])

        def next_slot() -> float | None:
            with self._lock:
                due = next(slots, None)
            if due is not None:
                time.sleep(max(0.0, due - time.perf_counter()))
            return due

        times = sorted(self._all(next_slot))
        return {"answers": len(times), "p50": _at(times, 0.50), "p99": _at(times, 0.99)}

    def _all(self, next_slot: object) -> list[float]:
        times: list[float] = []
        failed: list[BaseException] = []

        def work() -> None:
            try:
                times.extend(self._one(next_slot))
            except BaseException as error:  # noqa: BLE001 — raised below, in the thread that was asked
                failed.append(error)

        threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]
        return times

    def _one(self, next_slot: object) -> list[float]:
        assert callable(next_slot)
        times = []
        with socket.create_connection(self._address, 30) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (due := next_slot()) is not None:
                begun = due or time.perf_counter()
                connection.sendall(self._post())
                _read_answer(connection)
                times.append(time.perf_counter() - begun)
        return times

    def _post(self) -> bytes:
        with self._lock:
            self._number += 1
            number = self._number
        body = doorbell(number, self._ts)
        return f"{self._head}{len(body)}\r\n\r\n".encode() + body


def _read_answer(connection: socket.socket) -> None:
    """Read one answer. Raises OSError where it is not 200."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += _some(connection)
    head, _, body = got.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise OSError(f"the server answered {head[:80]!r}")
    lower = head.lower()
    at = lower.index(b"content-length:") + len(b"content-length:")
    length = int(lower[at:].split(b"\r\n", 1)[0])
    while len(body) < length:
        body += _some(connection)


def _some(connection: socket.socket) -> bytes:
    got = connection.recv(65536)
    if not got:
        raise OSError("the server closed the connection")
    return got


def _at(times: list[float], share: float) -> float:
    return 1000 * times[min(len(times) - 1, int(share * len(times)))]


def main(url: str) -> None:
    """Send what is asked until the input ends."""
    load = Load(url)
    serve({"fast": load.fast, "steady": load.steady})


if __name__ == "__main__":
    main(*sys.argv[1:])
