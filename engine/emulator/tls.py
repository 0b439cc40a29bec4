"""The twin's own certificate authority, made anew at every start.

Decides which names the certificate holds and where the authority's certificate is written for clients to trust. Its
key stays in memory: whoever finds the file can check the twin and sign nothing. Knows no sockets.
"""

from __future__ import annotations

import ssl
from pathlib import Path

# Where clients on this machine look for the twin.
_NAMES = ("localhost", "127.0.0.1", "::1")


class TlsMissingError(Exception):
    """The library that makes certificates is not installed."""

    def __init__(self) -> None:
        super().__init__("HTTPS needs the extra `tls`: pip install 'reglament[tls]'")


def issue_certificate(ca_file: Path, *hosts: str) -> ssl.SSLContext:
    """A server's TLS context for this machine's names and `hosts`, signed by a new authority.

    `ca_file` then holds the authority's certificate as PEM. `TlsMissingError` without the library, `OSError` where
    the file cannot be written.
    """
    try:
        # Optional and heavy: a twin over HTTP must start without it.
        import trustme
    except ImportError as error:
        raise TlsMissingError from error
    authority = trustme.CA(organization_name="Reglament emulator")
    certificate = authority.issue_cert(*dict.fromkeys((*_NAMES, *hosts)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    ca_file.write_bytes(authority.cert_pem.bytes())
    return context
