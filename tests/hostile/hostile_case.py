"""What the hostile tests share: wild texts, and the whole of a drive to see that nothing lies where it must not."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from typing import Any

from tests.registers.legacy_case import Office

WILD_NAMES = (
    "../../../etc/passwd.pdf",
    "..\\..\\windows\\system32.pdf",
    "/etc/shadow.pdf",
    "C:\\autoexec.pdf",
    "CON.pdf",
    "nul",
    "акт\u202efdp.exe",
    "а\u0000кт\u0007\r\nBcc: x@x.example.pdf",
    "я" * 300 + ".pdf",
    ".hidden.pdf",
    "=cmd|' /C calc'!A0.pdf",
    "<script>alert(1)</script>.pdf",
    "  акт .. .pdf  ",
    "\u200b\u2066\u2069.pdf",
)
"""Names of files as a stranger may send them."""

WILD_TEXTS = (
    '=HYPERLINK("http://evil.example","x")',
    "<script>alert(1)</script><b>жирно</b>",
    '#import "/etc/passwd": *',
    "{{ 7 * 7 }} {% raw %} ${deal.manager.email}",
    "ООО «../../../tmp/x»",
    "ООО «Ром\u202eакшаm\u200b»",
)
"""What a stranger may call a firm or a deal."""


def tree(one: Office) -> dict[str, list[str]]:
    """The shared drive: the path of every folder with the names of its files."""
    storages = one.live.call("disk.storage.getlist", filter={"ENTITY_TYPE": "common"})
    found: dict[str, list[str]] = {}
    waiting: list[tuple[str, Any]] = [("", storages[0]["ROOT_OBJECT_ID"])]
    while waiting:
        path, folder = waiting.pop()
        rows: list[dict[str, Any]] = []
        while True:
            page = one.live.call("disk.folder.getChildren", id=folder, start=len(rows), order={"ID": "ASC"})
            rows.extend(page)
            if len(page) < 50:
                break
        found[path] = [str(row["NAME"]) for row in rows if row["TYPE"] == "file"]
        waiting.extend((f"{path}/{row['NAME']}", row["ID"]) for row in rows if row["TYPE"] == "folder")
    return found


def new_in(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[str]]:
    """Folders that are new or have new files, with those files."""
    return {
        path: [name for name in names if name not in before.get(path, [])]
        for path, names in after.items()
        if path not in before or set(names) - set(before[path])
    }


def is_harmless(name: str) -> bool:
    """True for a name that is one segment, shows all it holds, and is no device of Windows."""
    stem = name.partition(".")[0].strip().upper()
    return (
        0 < len(name) <= 255
        and not any(unicodedata.category(sign) in ("Cc", "Cf", "Cs") or sign in '/\\<>:"|?*' for sign in name)
        and ".." not in name
        and not name.startswith((".", " "))
        and stem not in ("CON", "NUL", "PRN", "AUX")
    )


def rename(one: Office, client: int, name: str) -> None:
    """Give a client another legal name, as somebody does in its card."""
    store = one.live.portal.store
    with store.transaction():
        for row in [dict(row) for row in store.rows("requisite") if str(row["ENTITY_ID"]) == str(client)]:
            codes = ("RQ_COMPANY_NAME", "RQ_COMPANY_FULL_NAME", "RQ_NAME")
            changed = {code: name for code in codes if row.get(code)}
            store.put("requisite", int(str(row["ID"])), {**row, **changed})


def act_in(one: Office, client: int) -> dict[str, Any]:
    """A new unsigned act in a deal of that client in the regulation's pipeline."""
    wanted = {"=companyId": client, "=categoryId": 4, "!stageId": ["C4:LOSE", "C4:WON"]}
    deals = one.live.call("crm.item.list", entityTypeId=2, filter=wanted)["items"]
    if not deals:
        fields = {
            "title": "Сделка проверки",
            "companyId": client,
            "categoryId": 4,
            "stageId": "C4:UC_DOCS",
            "assignedById": 6,
        }
        deals = [one.live.call("crm.item.add", entityTypeId=2, fields=fields)["item"]]
    fields = {
        "title": "Акт", "ufCrm12Number": f"П-{client}", "ufCrm12Date": "2026-03-02", "companyId": client,
        "parentId2": deals[0]["id"], "assignedById": 6, "ufCrm12Signed": "N", "ufCrm12Cancelled": "N",
        "ufCrm12Stageno": 1, "opportunity": 100, "isManualOpportunity": "Y",
    }  # fmt: skip
    made: dict[str, Any] = one.live.call("crm.item.add", entityTypeId=1044, fields=fields)["item"]
    one.live.settle()
    return made


def bomb(name: str = "word/document.xml", size: int = 300_000_000) -> bytes:
    """An archive of a few hundred kilobytes that unpacks to `size` bytes."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w", force_zip64=True) as member,
    ):
        for _ in range(size // 1_000_000):
            member.write(b"0" * 1_000_000)
    return out.getvalue()
