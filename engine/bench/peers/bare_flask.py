"""The least that a listener can do: a Flask handler under our server that reads the body and writes nothing."""

from __future__ import annotations

import logging

from flask import Flask, Response, request

from engine.bench.child import serve
from engine.web.server import WebServer


def main() -> None:
    """Answer until the input ends."""
    app = Flask("bare", static_folder=None)

    @app.post("/portal/events")
    def events() -> Response:
        request.get_data(cache=False, parse_form_data=False)
        return Response("ok\n", 200, content_type="text/plain; charset=utf-8")

    # It would say for every post that others wait, and that takes longer than answering.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = WebServer(app, "127.0.0.1", 0, name="bare")
    server.start()
    serve({}, {"url": server.url})
    server.stop()


if __name__ == "__main__":
    main()
