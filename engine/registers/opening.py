"""Opens the registers of a company on its state, for the engine itself and for commands beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine.portal.gateway import Gateway
from engine.portal.map import PortalMap
from engine.registers.definitions import define_registers
from engine.registers.projection import Projection
from engine.registers.registers import Registers
from engine.registers.shape import make_shape
from engine.registers.surroundings import Surroundings
from engine.registers.tables import Tables
from engine.runtime.baseline import missing_entities
from engine.runtime.store import Store
from engine.workshop import Workshop


@dataclass(frozen=True)
class Office:
    """The registers of one state, and what keeps them up to date."""

    registers: Registers
    projection: Projection
    _store: Store
    _map: PortalMap

    @property
    def has_portal(self) -> bool:
        """True once the first reading of the portal has ended: half a list must not pass for the whole."""
        return not missing_entities(self._store, self._map.world)

    def has_changed_companies(self) -> bool:
        """True where a company changed since the last refresh: its requisites are to be read again."""
        return Surroundings(self._store, None, self._map).has_changed()

    def refresh(self, gateway: Gateway | None = None) -> int:
        """Bring the tables up to date with the snapshots; return how many items were written.

        With a `gateway` the requisites of companies that changed are read first. Before the first reading of the portal
        has ended nothing is done. Raises PortalError, StateError.
        """
        if not self.has_portal:
            return 0
        if gateway is not None:
            Surroundings(self._store, gateway, self._map).read_changed()
        return self.projection.refresh()

    def reread(self, gateway: Gateway) -> int:
        """Read users, departments and requisites anew, then as `refresh`. Raises PortalError, StateError."""
        if not self.has_portal:
            return 0
        Surroundings(self._store, gateway, self._map).read_all()
        return self.projection.refresh()


def open_registers(workshop: Workshop, store: Store, clock: Callable[[], datetime]) -> Office:
    """Return the registers of the workshop's company on an open state, which may be open for reading only."""
    portal = workshop.setup.map
    shape = make_shape(workshop.settings.world)
    tables = Tables(store, shape, workshop.settings.zone)
    registers = define_registers(shape, workshop.settings.registers)
    return Office(
        Registers(tables, shape, registers, workshop.calendar, clock),
        Projection(store, portal, shape, tables, workshop.calendar, clock),
        store,
        portal,
    )
