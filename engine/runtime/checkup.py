"""The connection to the portal looked over for the present regulations: what they need, and what is there.

Decides which examinations there are and in which order; each is judged by its own module of the portal's room. Reads
only. `engine portal doctor` and the console's page show the same findings.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.effects import Said
from engine.language.diagnostics import Diagnostic
from engine.needed import ENGINE, Needed, find_needed
from engine.portal.address import Look, look_at
from engine.portal.client import PortalClient
from engine.portal.compare import compare
from engine.portal.doctor import check_bindings, check_clock, check_needs, find_access
from engine.portal.errors import PortalError
from engine.portal.findings import Finding, of_error
from engine.portal.gateway import Gateway
from engine.portal.picture import read_picture

if TYPE_CHECKING:
    from engine.settings import Settings
    from engine.workshop import Workshop


def needed_by(workshop: Workshop) -> tuple[Needed, list[Finding]]:
    """Return what the regulations need; broken ones need nothing that could be known, and that is a finding."""
    built = workshop.build()
    if built.edition is None:
        errors = [one for one in built.diagnostics if isinstance(one, Diagnostic) and one.is_error]
        what = Said(
            f"регламенты с ошибками (ошибок: {len(errors)}): какие права нужны, неизвестно",
            f"the regulations have errors ({len(errors)}): which scopes they need is not known",
        )
        mend = Said("исправьте их по `engine check`", "mend them as `engine check` says")
        return Needed(dict.fromkeys(ENGINE, ("engine",))), [Finding("error", "rules", what, mend)]
    needed = find_needed(built.edition, workshop.host.received)
    if "department" in workshop.settings.roles.values():
        # Whoever sees a department's rows: the portal says who works there.
        needed = replace(needed, methods={**needed.methods, "department.get": ("roles",)})
    found: list[Finding] = []
    if needed.unclear:
        names = ", ".join(needed.unclear)
        what = Said(
            f"не видно заранее, что шлют порталу: {names}", f"what these send cannot be told: {names}"
        )
        found.append(Finding("advice", "rules", what))
    return needed, found


def examine(settings: Settings, client: PortalClient, gateway: Gateway, needed: Needed) -> list[Finding]:
    """Return what is found of address, access, scopes, bindings, clock and map; less where nothing answers."""
    # An application that is not installed yet knows no portal; who we are is asked all the same and says so.
    look = look_at(client.address) if client.address else Look(is_portal=True)
    found = list(look.findings)
    if not look.is_portal:
        return found
    access, more = find_access(client)
    found += more
    if access is None:
        return found
    is_application = bool(settings.application)
    found += check_needs(access, needed.methods, is_application=is_application)
    if is_application:
        found += check_bindings(client)
        beside = check_needs(access, needed.extras, is_application=True)
        found += [replace(one, severity="warning") for one in beside if one.severity == "error"]
    found += check_clock(look.clock, client)
    wanted = [one.type_id for one in settings.world.entities.values() if one.type_id is not None]
    try:
        picture = read_picture(gateway, wanted)
    except PortalError as error:
        return [*found, of_error("map", error)]
    return [*found, *compare(settings.world, picture, settings.shared_drive)]
