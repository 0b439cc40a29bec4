"""The portal's twin: a Bitrix24 REST portal in one process, for demonstrations and tests.

It knows the vendor's protocol and nothing of the engine that it is used to test. `open_portal` gives a
portal, `create_app` its HTTP face, `serve.PortalServer` runs that on a port, `person.Person` acts as an
employee.
"""

from engine.emulator.app import create_app
from engine.emulator.portal import Portal, open_portal
from engine.emulator.seed import Company

__all__ = ["Company", "Portal", "create_app", "open_portal"]
