"""The section `bank:` of config.yaml: our accounts, who is told, the watched folder.

Decides nothing of money. Without the section the commands still work: the accounts are then those a file names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from engine.language.source import ListNode
from engine.setting_values import SettingValues

KEYS = ("accounts", "attention", "folder", "portal_payments")
_ACCOUNT = re.compile(r"[0-9A-Z]{5,34}")
_USER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class BankSetup:
    """`accounts` are our own (empty: whichever a file names); `attention` is the id of who sees to doubtful lines.

    `folder` is watched for statements, None where none is; `counts_portal_payments` makes the portal's own paid
    payments count too.
    """

    accounts: tuple[str, ...] = ()
    attention: str = ""
    folder: Path | None = None
    counts_portal_payments: bool = False


def read_bank(values: SettingValues) -> BankSetup:
    """Return the section; what is wrong with it is among the findings of `values`."""
    attention, folder = values.text("bank", "attention"), values.text("bank", "folder")
    if attention and not _USER.fullmatch(attention):
        values.refuse(
            values.node("bank", "attention"),
            attention,
            "номер сотрудника, например 5",
            "a user's id such as 5",
        )
        attention = ""
    counts = values.one_of("bank", "portal_payments", ("true", "false"), "false") == "true"
    return BankSetup(
        _accounts(values), attention, (values.folder / folder).resolve() if folder else None, counts
    )


def _accounts(values: SettingValues) -> tuple[str, ...]:
    node = values.node("bank", "accounts")
    found: list[str] = []
    for one in node.members if isinstance(node, ListNode) else ():
        scalar = values.findings.text(one)
        text = scalar.text.replace(" ", "") if scalar is not None else ""
        if _ACCOUNT.fullmatch(text):
            found.append(text)
        elif scalar is not None:
            values.refuse(one, scalar.text, "номер счёта из 20 цифр", "an account number of 20 digits")
    if node is not None and not isinstance(node, ListNode):
        values.refuse(node, "…", "список счетов: [4070…, 4070…]", "a list of accounts: [4070…, 4070…]")
    return tuple(dict.fromkeys(found))
