"""The register of contracts: twelve with clients, six with suppliers.

Two run out within thirty days of the demo's first morning, one of them prolongs itself; two have no end; one client
has not returned his copy and one supplier waits for our signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from engine.emulator.company import story, structure
from engine.emulator.company.clients import FIRMS, folder_name
from engine.emulator.company.documents import build_pdf, latin_number, safe_number
from engine.emulator.company.plans import day, sent_at
from engine.emulator.seed import Row


@dataclass(frozen=True)
class ContractPlan:
    """`ends` is None for a contract without a term; a scan exists once both sides have signed."""

    id: int
    number: str
    on: date
    counterparty: int
    ends: date | None
    subject: str
    is_signed_by_us: bool = True
    is_signed_by_them: bool = True
    prolongs: bool = False

    @property
    def is_with_client(self) -> bool:
        """The other side is a client, else a supplier."""
        return self.counterparty in story.CLIENTS

    @property
    def has_scan(self) -> bool:
        """Both sides have signed, so there was something to scan."""
        return self.is_signed_by_us and self.is_signed_by_them

    @property
    def folder(self) -> str:
        """The contract's folder on the shared drive, from its root."""
        name = folder_name(FIRMS[self.counterparty], self.on.year)
        return f"{structure.CONTRACTS_ROOT}/{self.on.year}/{name}/Договор {safe_number(self.number)}"

    @property
    def document(self) -> bytes:
        """The contract as it was sent out, unsigned."""
        return build_pdf(f"Contract {latin_number(self.number)}", f"Dated {self.on}", "Not signed yet")

    @property
    def scan(self) -> bytes:
        """The signed contract."""
        return build_pdf(
            f"Contract {latin_number(self.number)}", f"Dated {self.on}", "Signed by both", is_scan=True
        )


_USUAL_RETURN = timedelta(days=4)
_YEAR_2026 = day("2026-12-31")
_CRM = "Работы по настройке и доработке Битрикс24"

CONTRACTS: tuple[ContractPlan, ...] = (
    ContractPlan(1, "К-2026/018", day("2026-01-20"), story.CLIENT_YOLOCHKA, _YEAR_2026, _CRM),
    ContractPlan(2, "К-2025/021", day("2025-04-01"), story.CLIENT_LEADING_ZERO, day("2026-03-31"), _CRM),
    ContractPlan(3, "К-2024/007", day("2024-11-11"), story.CLIENT_NAMESAKE_MOSCOW, None, _CRM),
    ContractPlan(4, "К-2025/033", day("2025-09-01"), story.CLIENT_NAMESAKE_SIBERIA, _YEAR_2026, _CRM),
    ContractPlan(5, "К-2025/002", day("2025-01-15"), story.CLIENT_PACKAGING, _YEAR_2026, _CRM),
    ContractPlan(6, "К-2025/028", day("2025-06-25"), story.CLIENT_KUZMINA, day("2026-06-30"), _CRM),
    ContractPlan(7, "К-2025/041", day("2025-12-10"), story.CLIENT_AWKWARD, _YEAR_2026, _CRM),
    ContractPlan(8, "К-2025/014", day("2025-03-12"), story.CLIENT_RENAMED, _YEAR_2026, _CRM),
    ContractPlan(9, "К-2025/037", day("2025-10-15"), story.CLIENT_WITHOUT_EMAIL, _YEAR_2026, _CRM),
    ContractPlan(10, "К-2025/039", day("2025-11-20"), story.CLIENT_RESERVED_NAME, _YEAR_2026, _CRM),
    ContractPlan(11, "К-2025/009", day("2025-02-05"), story.CLIENT_BALTIC, day("2026-08-31"), _CRM),
    ContractPlan(
        *(12, "К-2026/023", day("2026-02-02"), story.CLIENT_RAHIMOV, _YEAR_2026, _CRM),
        is_signed_by_them=False,
    ),
    ContractPlan(
        *(13, "ХП-2025/1183", day("2025-02-03"), story.SUPPLIER_HOSTING, day("2027-02-02")),
        "Размещение и обслуживание серверов",
        prolongs=True,
    ),
    ContractPlan(
        *(14, "П-88/2025", day("2025-08-04"), story.SUPPLIER_STATIONERY, day("2026-08-03")),
        "Поставка канцелярских товаров",
    ),
    ContractPlan(
        *(15, "СС-0412", day("2024-04-12"), story.SUPPLIER_TELECOM, None),
        "Связь и доступ в интернет",
    ),
    ContractPlan(
        *(16, "А-17/2025", day("2025-05-11"), story.SUPPLIER_LANDLORD, day("2026-04-10")),
        "Аренда помещения 214, 86,4 кв. м",
        prolongs=True,
    ),
    ContractPlan(
        *(17, "УЦ-2026/05", day("2026-03-10"), story.SUPPLIER_TRAINING, day("2026-09-10")),
        "Обучение двух сотрудников",
        is_signed_by_us=False,
    ),
    ContractPlan(
        *(18, "Д-3", day("2025-12-01"), story.SUPPLIER_DANILOVA, day("2026-11-30")),
        "Оформление инструкций и презентаций",
    ),
)

_BY_CLIENT = {plan.counterparty: plan for plan in CONTRACTS if plan.is_with_client}


def contract_of(client: int) -> ContractPlan:
    """The client's only contract; KeyError for a firm that is no client."""
    return _BY_CLIENT[client]


def build_contract(plan: ContractPlan) -> Row:
    """The contract's card by `crm.item` names."""
    name = f"Договор {safe_number(plan.number)}"
    row: dict[str, object] = {
        "id": plan.id,
        "title": f"Договор {plan.number}: {plan.subject}",
        "companyId": plan.counterparty,
        "mycompanyId": story.OWN_COMPANY,
        "assignedById": FIRMS[plan.counterparty].manager,
        "createdBy": story.USER_HEAD,
        "createdTime": f"{plan.on.isoformat()}T11:30:00+03:00",
        "ufCrm13Number": plan.number,
        "ufCrm13Date": plan.on.isoformat(),
        "ufCrm13Subject": plan.subject,
        "ufCrm13Kind": structure.KIND_CLIENT if plan.is_with_client else structure.KIND_SUPPLIER,
        "ufCrm13Validfrom": plan.on.isoformat(),
        "ufCrm13Validto": plan.ends.isoformat() if plan.ends else None,
        "ufCrm13Prolong": "Y" if plan.prolongs else "N",
        "ufCrm13Document": {"name": f"{name}.pdf", "content": plan.document},
        "ufCrm13Sentat": sent_at(plan.on).isoformat(),
        "ufCrm13Signedbyus": "Y" if plan.is_signed_by_us else "N",
        "ufCrm13Signedbythem": "Y" if plan.is_signed_by_them else "N",
        "ufCrm13Cancelled": "N",
    }
    if plan.has_scan:
        row |= {
            "ufCrm13Scan": {"name": f"{name} подписанный.pdf", "content": plan.scan},
            "ufCrm13Signedat": (sent_at(plan.on) + _USUAL_RETURN).isoformat(),
            "ufCrm13Folder": plan.folder,
        }
    return row
