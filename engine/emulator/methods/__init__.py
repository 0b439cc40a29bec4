"""All methods of the portal, by lower-case name."""

from engine.emulator.calling import Method
from engine.emulator.methods import (
    activity,
    batch,
    company,
    deal,
    disk,
    disk_file,
    feed,
    item,
    messenger,
    money,
    requisite,
    rows,
    structure,
    system,
    timeline,
    types,
    user,
    userfield,
)

_MODULES = (
    activity,
    batch,
    company,
    deal,
    disk,
    disk_file,
    feed,
    item,
    messenger,
    money,
    requisite,
    rows,
    structure,
    system,
    timeline,
    types,
    user,
    userfield,
)

METHODS: dict[str, Method] = {method.name.lower(): method for module in _MODULES for method in module.METHODS}

# Refused to every webhook: these need the context of an application.
APPLICATION_ONLY = frozenset(
    {
        "app.info",
        "bizproc.activity.add",
        "bizproc.robot.add",
        "bizproc.robot.delete",
        "bizproc.robot.list",
        "crm.automation.trigger.add",
        "crm.automation.trigger.execute",
        "disk.storage.getforapp",
        "event.bind",
        "event.get",
        "event.offline.clear",
        "event.offline.error",
        "event.offline.get",
        "event.offline.list",
        "event.test",
        "event.unbind",
        "placement.bind",
        "placement.get",
        "placement.unbind",
    }
)
