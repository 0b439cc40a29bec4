"""Both adapters of the state: a Postgres of our own where the machine has its programs."""

from tests.runtime.conformance.conftest import adapter, database, server, state

__all__ = ["adapter", "database", "server", "state"]
