"""What a check of the portal found: how grave, of what, in words, and the mend.

Decides which words an error of the portal gets. It asks the portal nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from engine.effects import Said
from engine.portal.catalogue import entry
from engine.portal.errors import PortalError

Severity: TypeAlias = Literal["error", "warning", "advice", "ok"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `area` is `address`, `access`, `scopes`, `map`, …; `ok` says that it was looked at and is good.

    `mend` says what a person does about it; None where there is nothing to do.
    """

    severity: Severity
    area: str
    what: Said
    mend: Said | None = None


_NEW_WEBHOOK = Said(
    "создайте на портале новый входящий вебхук и впишите его адрес в BITRIX24_WEBHOOK_URL",
    "make a new inbound webhook on the portal and put its address into BITRIX24_WEBHOOK_URL",
)
_CHECK_ADDRESS = Said(
    "сверьте адрес в BITRIX24_WEBHOOK_URL с тем, что показывает страница вебхука на портале",
    "compare the address in BITRIX24_WEBHOOK_URL with the one that the webhook's page on the portal shows",
)
_LATER = Said(
    "подождите и повторите; движок сам ждёт и ничего не теряет",
    "wait and try again; the engine waits by itself and loses nothing",
)
_COMMERCIAL = Said(
    "подключите коммерческий тариф портала (или включите демо-режим): без него REST закрыт",
    "put the portal on a commercial plan (or its trial): REST is closed without one",
)
_INSTALL = Said(
    "откройте приложение на портале и нажмите «Сохранить» (или установите его заново)",
    "open the application on the portal and press “Save” (or install it again)",
)
_WORDS: Mapping[str, tuple[Said, Said]] = {
    "NO_AUTH_FOUND": (
        Said(
            "портал не знает такого вебхука или токена: он удалён, перевыпущен или от другого портала",
            "the portal does not know this webhook or token: deleted, reissued, or of another portal",
        ),
        _NEW_WEBHOOK,
    ),
    "INVALID_TOKEN": (
        Said("портал не принимает этот токен", "the portal does not accept this token"),
        _NEW_WEBHOOK,
    ),
    "EXPIRED_TOKEN": (
        Said("срок вебхука или токена истёк", "the webhook or token has expired"),
        Said(
            "продлите вебхук на его странице или создайте новый; приложение откройте на портале ещё раз",
            "prolong the webhook on its page or make a new one; open the application on the portal once more",
        ),
    ),
    "INVALID_CREDENTIALS": (
        Said("у сотрудника, чей это вебхук, не хватает прав", "the webhook's owner lacks the rights"),
        Said(
            "дайте ему права в CRM и на Диске или создайте вебхук от имени администратора",
            "give them rights in the CRM and on the Drive, or make the webhook as an administrator",
        ),
    ),
    "USER_ACCESS_ERROR": (
        Said(
            "у владельца вебхука нет доступа: он уволен или отключён",
            "the webhook's owner has no access: dismissed or switched off",
        ),
        Said(
            "создайте вебхук от имени действующего сотрудника",
            "make a webhook as an employee who works here",
        ),
    ),
    "INSUFFICIENT_SCOPE": (
        Said("у вебхука не отмечено нужное право", "a scope that is needed is not ticked for the webhook"),
        Said(
            "отметьте недостающие права на странице вебхука и сохраните его",
            "tick the missing scopes on the webhook's page and save it",
        ),
    ),
    "PORTAL_DELETED": (
        Said("этого портала больше нет", "this portal does not exist any more"),
        _CHECK_ADDRESS,
    ),
    "INVALID_REQUEST": (
        Said("портал отвечает только по https", "the portal answers over https only"),
        Said("замените в адресе http:// на https://", "replace http:// by https:// in the address"),
    ),
    "WRONG_AUTH_TYPE": (
        Said("это умеет только приложение, не вебхук", "only an application can do this, a webhook cannot"),
        Said("подключите локальное приложение", "connect a local application"),
    ),
    "QUERY_LIMIT_EXCEEDED": (
        Said(
            "портал отказывает: слишком много запросов с этого адреса",
            "the portal refuses: too many requests from this address",
        ),
        _LATER,
    ),
    "OPERATION_TIME_LIMIT": (
        Said("метод исчерпал своё время и отдыхает", "a method has spent its running time and rests"),
        _LATER,
    ),
    "OVERLOAD_LIMIT": (
        Said("портал заблокирован из-за нагрузки", "the portal is blocked for its load"),
        Said("снять блокировку может поддержка Битрикс24", "the vendor's support can lift the block"),
    ),
    "NO_CONNECTION": (
        Said("соединиться с порталом не удалось", "the portal could not be reached"),
        Said(
            "проверьте адрес, сеть, прокси и брандмауэр этой машины",
            "check the address, and this machine's network, proxy and firewall",
        ),
    ),
    "NO_ANSWER": (
        Said("портал не ответил за отведённое время", "the portal did not answer in time"),
        _LATER,
    ),
    "NOT_JSON": (
        Said(
            "вместо ответа REST пришла страница или обрывок: это не портал, или его закрывает прокси",
            "a page or half a text came instead of a REST answer: no portal, or a proxy stands before it",
        ),
        _CHECK_ADDRESS,
    ),
    "BAD_REDIRECT": (
        Said("портал отправляет по адресу, куда нельзя", "the portal sends us where we must not go"),
        Said(
            "если это его новое имя, впишите его в BITRIX24_WEBHOOK_URL; иначе сверьте адрес",
            "if that is its new name, put it into BITRIX24_WEBHOOK_URL; else compare the address",
        ),
    ),
    "BAD_CERTIFICATE": (
        Said("сертификат портала не принят", "the portal's certificate is not accepted"),
        Said(
            "проверьте имя; на своём сервере поставьте цепочку целиком или укажите корневой сертификат в SSL_CERT_FILE",
            "check the name; on an own server serve the whole chain, or name the root certificate in SSL_CERT_FILE",
        ),
    ),
    "NOT_INSTALLED": (
        Said("приложение ещё не установлено на портале", "the application is not installed on the portal yet"),
        _INSTALL,
    ),
    "APPLICATION_GONE": (
        Said("приложение удалено с портала", "the application was removed from the portal"),
        _INSTALL,
    ),
    "INVALID_GRANT": (
        Said("портал больше не принимает токены приложения", "the application's tokens are no longer accepted"),
        _INSTALL,
    ),
    "INVALID_CLIENT": (
        Said("код или ключ приложения неверны", "the application's id or key is wrong"),
        Said(
            "сверьте BITRIX24_CLIENT_ID и BITRIX24_CLIENT_SECRET с карточкой приложения",
            "compare BITRIX24_CLIENT_ID and BITRIX24_CLIENT_SECRET with the application's card",
        ),
    ),
    "PAYMENT_REQUIRED": (
        Said("тариф портала не оплачен или его пробный срок кончился", "the portal's plan is unpaid or its trial over"),
        _COMMERCIAL,
    ),
    "FOREIGN_PORTAL": (
        Said("отвечает другой портал, не тот, где мы установлены", "another portal answers than we are installed on"),
        _INSTALL,
    ),
    "BAD_ADDRESS": (
        Said("это не адрес вебхука", "this is not the address of a webhook"),
        _CHECK_ADDRESS,
    ),
}  # fmt: skip


def explain(error: PortalError) -> tuple[Said, Said]:
    """Return what an error of the portal means and what a person does about it; the portal's own words stay with it."""
    code = {"INVALID_SCOPE": "INSUFFICIENT_SCOPE", "WRONG_CLIENT": "INVALID_CLIENT"}.get(
        error.code.upper(), error.code.upper()
    )
    if code == "ACCESS_DENIED" and "commercial" in error.description.lower():
        found = (Said("REST закрыт тарифом портала", "the portal's plan has no REST"), _COMMERCIAL)
    elif code in ("ACCESS_DENIED", "ALLOWED_ONLY_INTRANET_USER"):
        found = _WORDS["INVALID_CREDENTIALS"]
    elif code.endswith("_RESTRICTED"):
        found = (
            Said("тариф портала этого не даёт", "the portal's plan does not allow this"),
            Said("перейдите на тариф, где это есть", "move to a plan that has it"),
        )
    else:
        unknown = (
            Said("портал отказал", "the portal refused"),
            _LATER if error.retry == "later" else _CHECK_ADDRESS,
        )
        known = entry(code) if code else None
        found = _WORDS.get(code) or ((known.what, known.mend) if known else unknown)
    what, mend = found
    own = str(error)
    return Said(f"{what.ru} ({own})", f"{what.en} ({own})"), mend


def of_error(area: str, error: PortalError, severity: Severity = "error") -> Finding:
    """Return the finding that an error of the portal is."""
    return Finding(severity, area, *explain(error))


def failed(findings: list[Finding]) -> bool:
    """True where one of them is an error."""
    return any(one.severity == "error" for one in findings)
