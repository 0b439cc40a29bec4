"""`bizproc.workflow.*`: workflows on items. The twin keeps which run, and of what template; it runs no step."""

from __future__ import annotations

from engine.emulator.bizproc import find_document, read_document, workflow_id
from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError
from engine.emulator.methods.plain import choose, page
from engine.emulator.methods.robots import owner_of
from engine.emulator.methods.standing import need_admin
from engine.emulator.php import listing, mapping
from engine.emulator.selection import Page
from engine.emulator.store import Record


def _start(call: Call) -> object:
    """A workflow on an item runs from now on; administrators only."""
    need_admin(call)
    template = call.portal.store.get("workflowtemplate", to_int(call.loose("TEMPLATE_ID")))
    if not call.loose("TEMPLATE_ID"):
        raise RestError(400, "ERROR_WRONG_WORKFLOW_ID", "Empty TEMPLATE_ID")
    if template is None:
        raise RestError(400, "ERROR_WRONG_WORKFLOW_ID", "Wrong TEMPLATE_ID")
    raw = call.loose("DOCUMENT_ID")
    if not raw:
        raise RestError(400, "ERROR_WRONG_WORKFLOW_ID", "Empty DOCUMENT_ID")
    document = read_document(raw)
    if document is None or find_document(call.portal, document) is None:
        raise RestError(400, "ERROR_WRONG_WORKFLOW_ID", "Incorrect document type!")
    if listing(template["DOCUMENT_TYPE"]) != document.type:
        raise RestError(400, "ERROR_WRONG_WORKFLOW_ID", "Incorrect document type!")
    name, number = workflow_id(call.portal), call.portal.store.next_id("workflow")
    row: Record = {"id": number, "ID": name, "TEMPLATE_ID": template["ID"], "DOCUMENT_ID": document.id}
    row |= {"PARAMETERS": mapping(call.loose("PARAMETERS")), "STARTED": call.portal.clock.stamp()}
    call.portal.store.put("workflow", number, row | {"STARTED_BY": call.user, "MODIFIED": row["STARTED"]})
    return name


_INSTANCE = ("ID", "MODIFIED", "STARTED", "STARTED_BY", "TEMPLATE_ID")


def _instances(call: Call) -> object:
    need_admin(call)
    rows = [
        {name: str(row[name]) for name in _INSTANCE} | {"DOCUMENT_ID": listing(row["DOCUMENT_ID"])[-1]}
        for row in call.portal.store.rows("workflow")
    ]
    return page(call, choose(call, rows))


def _terminate(call: Call) -> object:
    need_admin(call)
    wanted = str(call.loose("ID") or "")
    for row in call.portal.store.rows("workflow"):
        if row["ID"] == wanted:
            call.portal.store.remove("workflow", to_int(row["id"]))
            return True
    raise RestError(400, "ERROR_WRONG_WORKFLOW_ID", "Workflow not found")


def _template_add(call: Call) -> object:
    """A template of an application; the twin keeps its file and does not read it."""
    application = owner_of(call)
    document_type, name = listing(call.loose("DOCUMENT_TYPE")), str(call.loose("NAME") or "")
    if not name:
        raise RestError(400, "ERROR_TEMPLATE_VALIDATION_FAILURE", "Empty activity NAME!")
    if len(document_type) != 3:
        raise RestError(400, "ERROR_TEMPLATE_VALIDATION_FAILURE", "Incorrect document type!")
    if not call.loose("TEMPLATE_DATA"):
        raise RestError(400, "ERROR_TEMPLATE_VALIDATION_FAILURE", "Incorrect field TEMPLATE_DATA!")
    number = call.portal.store.next_id("workflowtemplate")
    row: Record = {"ID": number, "NAME": name, "DOCUMENT_TYPE": document_type, "MODULE_ID": document_type[0]}
    row |= {"USER_ID": call.user, "SYSTEM_CODE": f"rest_app_{application['id']}"}
    row |= {"AUTO_EXECUTE": to_int(call.loose("AUTO_EXECUTE")), "ENTITY": document_type[1]}
    call.portal.store.put("workflowtemplate", number, row)
    return number


def _templates(call: Call) -> object:
    need_admin(call)
    found = page(call, choose(call, call.portal.store.rows("workflowtemplate")))
    names = {str(one) for one in listing(call.loose("select"))} or {"ID"}
    shown = [
        {
            name: str(one) if isinstance(one, int) else one
            for name, one in row.items()
            if name in names or name == "ID"
        }
        for row in map(mapping, listing(found.result))
    ]
    return Page(shown, found.total, found.next)


def _template_delete(call: Call) -> object:
    application = owner_of(call)
    row = call.portal.store.get("workflowtemplate", to_int(call.loose("ID")))
    if row is None or row["SYSTEM_CODE"] != f"rest_app_{application['id']}":
        raise RestError(400, "ERROR_TEMPLATE_NOT_FOUND", "Workflow template not found.")
    call.portal.store.remove("workflowtemplate", to_int(row["ID"]))
    return True


METHODS = (
    Method("bizproc.workflow.start", "bizproc", _start),
    Method("bizproc.workflow.instances", "bizproc", _instances),
    Method("bizproc.workflow.terminate", "bizproc", _terminate),
    Method("bizproc.workflow.template.list", "bizproc", _templates),
    Method("bizproc.workflow.template.add", "bizproc", _template_add, in_batch=False),
    Method("bizproc.workflow.template.delete", "bizproc", _template_delete),
)
