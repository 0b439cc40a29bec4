"""Both adapters, as the conformance tests have them: a Postgres of our own where the machine has its programs."""

from tests.runtime.conformance.conftest import adapter, database, server

__all__ = ["adapter", "database", "server"]
