"""The shared drive: signed acts from 2019 on, and the contracts.

Acts of 2025 and 2026 are copies of the register's scans. Earlier ones lie on the drive alone: nobody kept a register
then, which is what back-filling is for.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.emulator.company import story, structure
from engine.emulator.company.acts import Act
from engine.emulator.company.clients import FIRMS, folder_name
from engine.emulator.company.contracts import ContractPlan
from engine.emulator.company.documents import build_pdf
from engine.emulator.seed import Row

SCAN_NAME = "скан.pdf"

# Year, client, numbers of the acts; before 2025 each act had a plain number of its year.
_LEGACY: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (2019, story.CLIENT_PACKAGING, (4, 11)),
    (2019, story.CLIENT_RENAMED, (7,)),
    (2020, story.CLIENT_PACKAGING, (2, 9)),
    (2020, story.CLIENT_LEADING_ZERO, (14,)),
    (2021, story.CLIENT_RENAMED, (3, 8)),
    (2021, story.CLIENT_BALTIC, (5,)),
    (2022, story.CLIENT_LEADING_ZERO, (6, 17)),
    (2022, story.CLIENT_NAMESAKE_MOSCOW, (12,)),
    (2023, story.CLIENT_NAMESAKE_MOSCOW, (1, 10)),
    (2023, story.CLIENT_KUZMINA, (15,)),
    (2024, story.CLIENT_AWKWARD, (13,)),
    (2024, story.CLIENT_BALTIC, (16, 18)),
    (2024, story.CLIENT_RENAMED, (19,)),
)


def build_files(acts: Iterable[Act], contracts: Iterable[ContractPlan]) -> tuple[Row, ...]:
    """Files by path on the shared drive; the folders on the way are made by the portal."""
    return (
        {"storage": structure.COMMON_STORAGE, "path": structure.ACTS_ROOT},
        {"storage": structure.COMMON_STORAGE, "path": structure.CONTRACTS_ROOT},
        *_legacy_files(),
        *(_file(f"{act.folder}/{SCAN_NAME}", act.scan) for act in acts if act.plan.signed_on),
        *(_file(f"{plan.folder}/{SCAN_NAME}", plan.scan) for plan in contracts if plan.has_scan),
    )


def _legacy_files() -> Iterable[Row]:
    for year, client, numbers in _LEGACY:
        name = folder_name(FIRMS[client], year)
        for number in numbers:
            content = build_pdf(f"Act {number} of {year}", f"Client {client}", "Signed copy", is_scan=True)
            yield _file(f"{structure.ACTS_ROOT}/{year}/{name}/Акт {number}/{SCAN_NAME}", content)


def _file(path: str, content: bytes) -> Row:
    return {"storage": structure.COMMON_STORAGE, "path": path, "content": content}
