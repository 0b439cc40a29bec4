"""The deals, people and firms that a demonstration or a test asks for by name.

Only ids: what stands behind them is in the tables of this package. Rows are made from these constants, so a
renumbered deal cannot leave the story pointing at another one.
"""

from __future__ import annotations

from typing import Final

DEAL_FRESH: Final = 118
"""In work, one stage, three product rows, a client with an e-mail; no acts or invoices yet."""
DEAL_TWO_STAGES: Final = 120
"""In work, planned «30 %, 70 %»; no acts or invoices yet."""
DEAL_UNSIGNED_UNPAID: Final = 122
"""Documents sent: one unsigned act with its document, one unpaid invoice."""
DEAL_PAID_WAITING: Final = 124
"""Documents sent: one unsigned act; its invoice is paid in full, but nobody has moved the deal."""
DEAL_AWKWARD_CLIENT: Final = 126
"""In work; the client's name holds quotes and a slash."""
DEAL_LOST: Final = 128
"""Lost, with an act that was never signed."""
DEAL_WON: Final = 130
"""Won: everything paid and signed."""

OWN_COMPANY: Final = 1
CLIENT_YOLOCHKA: Final = 11
CLIENT_LEADING_ZERO: Final = 12
"""ИНН begins with 0."""
CLIENT_NAMESAKE_MOSCOW: Final = 13
CLIENT_NAMESAKE_SIBERIA: Final = 14
"""The same short name as the Moscow firm, another ИНН."""
CLIENT_PACKAGING: Final = 15
CLIENT_KUZMINA: Final = 16
CLIENT_AWKWARD: Final = 17
"""Quotes and a slash in the name."""
CLIENT_RENAMED: Final = 18
"""Its drive folders of 2025 and before stand under the old name."""
CLIENT_WITHOUT_EMAIL: Final = 19
CLIENT_RESERVED_NAME: Final = 20
"""The short name is a device name on Windows."""
CLIENT_BALTIC: Final = 21
CLIENT_RAHIMOV: Final = 22
CLIENTS: Final = tuple(range(CLIENT_YOLOCHKA, CLIENT_RAHIMOV + 1))

SUPPLIER_HOSTING: Final = 31
SUPPLIER_STATIONERY: Final = 32
SUPPLIER_TELECOM: Final = 33
SUPPLIER_LANDLORD: Final = 34
SUPPLIER_TRAINING: Final = 35
SUPPLIER_DANILOVA: Final = 36

USER_ROBOT: Final = 1
"""Administrator; owns the inbound webhook."""
USER_HEAD: Final = 5
USER_VETROVA: Final = 6
USER_LAPSHIN: Final = 7
USER_DISMISSED: Final = 8
USER_NO_RIGHTS: Final = 9
"""An employee with no role: a right not given is a right refused."""
