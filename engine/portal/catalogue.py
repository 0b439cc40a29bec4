"""Every refusal that the portal's documentation names, and ours: what it means, and whether asking again helps.

Decides by the code alone, since descriptions are not stable (PROTOCOL §1). Codes it does not hold are judged by their
status in `errors.py`. A nature is a fact about the refusal: `never` is refused for what was asked, `later` was refused
before anything ran, `open` may have run (a write's outcome is unknown, a read is asked again).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from engine.effects import Said

Nature: TypeAlias = Literal["never", "later", "open"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One refusal: whether to ask again, what it means, what a person does about it."""

    nature: Nature
    what: Said
    mend: Said


WAIT = Said(
    "ничего: движок подождёт и повторит сам, ничего не потеряно",
    "nothing: the engine waits and tries again by itself, nothing is lost",
)
LOOK = Said(
    "посмотрите в карточке на портале, что сделано, и решите в журнале: повторить или принять",
    "look on the portal at what was done, and decide in the journal: repeat or accept",
)
RIGHTS = Said(
    "дайте сотруднику, от чьего имени работает движок, право на это или подключите движок от имени администратора",
    "give the employee on whose behalf the engine works the right, or connect the engine as an administrator",
)
SCOPES = Said(
    "отметьте недостающие права вебхука или приложения; engine portal doctor покажет какие",
    "tick the missing scopes of the webhook or application; engine portal doctor shows which",
)
PLAN = Said("перейдите на тариф портала, где это есть", "move the portal to a plan that has it")
REGULATION = Said(
    "исправьте регламент или карту портала; engine portal doctor покажет, чего нет на портале",
    "correct the regulation or the portal map; engine portal doctor shows what the portal lacks",
)
INSTALL = Said(
    "откройте приложение на портале или переустановите его",
    "open the application on the portal or install it again",
)
SECRET = Said(
    "сверьте BITRIX24_CLIENT_ID и BITRIX24_CLIENT_SECRET со страницей приложения и перезапустите движок",
    "compare BITRIX24_CLIENT_ID and BITRIX24_CLIENT_SECRET with the application's page and restart the engine",
)
NEW_WEBHOOK = Said(
    "создайте на портале новый входящий вебхук и впишите его адрес в BITRIX24_WEBHOOK_URL",
    "make a new inbound webhook on the portal and put its address into BITRIX24_WEBHOOK_URL",
)
CHECK_ADDRESS = Said(
    "сверьте адрес в BITRIX24_WEBHOOK_URL с тем, что показывает страница вебхука на портале",
    "compare the address in BITRIX24_WEBHOOK_URL with the one that the webhook's page on the portal shows",
)
PATIENCE = Said(
    "подождите и повторите; движок сам ждёт и ничего не теряет",
    "wait and try again; the engine waits by itself and loses nothing",
)
COMMERCIAL = Said(
    "подключите коммерческий тариф портала (или включите демо-режим): без него REST закрыт",
    "put the portal on a commercial plan (or its trial): REST is closed without one",
)
SAVE = Said(
    "откройте приложение на портале и нажмите «Сохранить» (или установите его заново)",
    "open the application on the portal and press “Save” (or install it again)",
)
OURS = Said("это ошибка движка: сообщите о ней разработчикам", "this is a fault of the engine: report it")

_ROWS: Final[tuple[tuple[str, Nature, str, str, Said], ...]] = (
    # Limits and the portal as a whole
    ("QUERY_LIMIT_EXCEEDED", "later",
     "портал отказывает: слишком много запросов с этого адреса",
     "the portal refuses: too many requests from this address",
     PATIENCE),
    ("OPERATION_TIME_LIMIT", "later",
     "метод исчерпал своё время и отдыхает",
     "a method has spent its running time and rests",
     PATIENCE),
    ("OVERLOAD_LIMIT", "later",
     "портал заблокирован из-за нагрузки",
     "the portal is blocked for its load",
     Said("снять блокировку может поддержка Битрикс24",
          "the vendor's support can lift the block")),
    ("INTERNAL_SERVER_ERROR", "open", "на портале внутренняя ошибка", "the portal has an internal error", LOOK),
    ("ERROR_UNEXPECTED_ANSWER", "open", "портал сам не понял своего ответа",
     "the portal's own answer was unexpected", LOOK),
    ("PORTAL_DELETED", "never",
     "этого портала больше нет",
     "this portal does not exist any more",
     CHECK_ADDRESS),
    ("INVALID_REQUEST", "never",
     "портал отвечает только по https",
     "the portal answers over https only",
     Said("замените в адресе http:// на https://",
          "replace http:// by https:// in the address")),
    # Who asks
    ("EXPIRED_TOKEN", "later",
     "срок вебхука или токена истёк",
     "the webhook or token has expired",
     Said("продлите вебхук на его странице или создайте новый; приложение откройте на портале ещё раз",
          "prolong the webhook on its page or make a new one; open the application on the portal once more")),
    ("NO_AUTH_FOUND", "never",
     "портал не знает такого вебхука или токена: он удалён, перевыпущен или от другого портала",
     "the portal does not know this webhook or token: deleted, reissued, or of another portal",
     NEW_WEBHOOK),
    ("INVALID_TOKEN", "never",
     "портал не принимает этот токен",
     "the portal does not accept this token",
     NEW_WEBHOOK),
    ("APPLICATION_NOT_FOUND", "never", "портал не знает такого приложения",
     "the portal does not know this application", INSTALL),
    ("AUTHORIZATION_ERROR", "never", "сотрудник, от чьего имени работает движок, уволен",
     "the employee we act for was dismissed", RIGHTS),
    ("METHOD_CONFIRM_WAITING", "later", "администратор портала ещё не подтвердил этот метод",
     "an administrator has not confirmed this method yet",
     Said("подтвердите запрос в уведомлениях администратора портала",
          "confirm the request in the administrator's notifications")),
    ("METHOD_CONFIRM_DENIED", "never", "администратор портала запретил этот метод",
     "an administrator has denied this method", RIGHTS),
    ("INVALID_CREDENTIALS", "never",
     "у сотрудника, чей это вебхук, не хватает прав",
     "the webhook's owner lacks the rights",
     Said("дайте ему права в CRM и на Диске или создайте вебхук от имени администратора",
          "give them rights in the CRM and on the Drive, or make the webhook as an administrator")),
    ("ACCESS_DENIED", "never", "нет доступа", "access denied", RIGHTS),
    ("ACCESS_ERROR", "never", "нет доступа к этому чату", "no access to this chat", RIGHTS),
    ("INSUFFICIENT_SCOPE", "never",
     "у вебхука не отмечено нужное право",
     "a scope that is needed is not ticked for the webhook",
     Said("отметьте недостающие права на странице вебхука и сохраните его",
          "tick the missing scopes on the webhook's page and save it")),
    ("INVALID_SCOPE", "never", "запрошено право, которого у приложения нет",
     "a scope that the application does not have", SCOPES),
    ("USER_ACCESS_ERROR", "never",
     "у владельца вебхука нет доступа: он уволен или отключён",
     "the webhook's owner has no access: dismissed or switched off",
     Said("создайте вебхук от имени действующего сотрудника",
          "make a webhook as an employee who works here")),
    ("ALLOWED_ONLY_INTRANET_USER", "never", "доступно только сотрудникам портала",
     "for the portal's employees only", RIGHTS),
    ("WRONG_AUTH_TYPE", "never",
     "это умеет только приложение, не вебхук",
     "only an application can do this, a webhook cannot",
     Said("подключите локальное приложение",
          "connect a local application")),
    # The OAuth server and the install
    ("INVALID_GRANT", "later",
     "портал больше не принимает токены приложения",
     "the application's tokens are no longer accepted",
     SAVE),
    ("INVALID_CLIENT", "later",
     "код или ключ приложения неверны",
     "the application's id or key is wrong",
     Said("сверьте BITRIX24_CLIENT_ID и BITRIX24_CLIENT_SECRET с карточкой приложения",
          "compare BITRIX24_CLIENT_ID and BITRIX24_CLIENT_SECRET with the application's card")),
    ("WRONG_CLIENT", "later", "сервер авторизации не знает такого приложения",
     "the OAuth server does not know this client", SECRET),
    ("PAYMENT_REQUIRED", "later",
     "тариф портала не оплачен или его пробный срок кончился",
     "the portal's plan is unpaid or its trial over",
     COMMERCIAL),
    ("NOT_INSTALLED", "later",
     "приложение ещё не установлено на портале",
     "the application is not installed on the portal yet",
     SAVE),
    ("APPLICATION_GONE", "later",
     "приложение удалено с портала",
     "the application was removed from the portal",
     SAVE),
    ("FOREIGN_PORTAL", "later",
     "отвечает другой портал, не тот, где мы установлены",
     "another portal answers than we are installed on",
     SAVE),
    # What was asked
    ("", "never", "портал отказал без кода", "the portal refused without a code", REGULATION),
    ("0", "never", "портал отказал", "the portal refused", REGULATION),
    ("-", "never", "нет права переводить на эту стадию", "no right to move to this stage", RIGHTS),
    ("100", "never", "в запросе не хватает значения", "the request lacks a value", OURS),
    ("NOT_FOUND", "never", "такого элемента нет или он не виден", "no such item, or it may not be seen", REGULATION),
    ("ERROR_NOT_FOUND", "never", "такого объекта на Диске нет", "no such object on the Drive", REGULATION),
    ("OWNER_NOT_FOUND", "never", "карточки, к которой это относится, нет",
     "the card it belongs to is missing", REGULATION),
    ("USER_NOT_FOUND", "never", "такого сотрудника нет", "no such employee", REGULATION),
    ("ERROR_METHOD_NOT_FOUND", "never", "на этом портале нет такого метода", "this portal has no such method", PLAN),
    ("INVALID_ARG_VALUE", "never", "портал не принимает одно из значений",
     "the portal does not accept a value", REGULATION),
    ("ERROR_ARGUMENT", "never", "портал не принимает одно из значений",
     "the portal does not accept a value", REGULATION),
    ("ERROR_CORE", "never", "портал не принял поле или его тип",
     "the portal refused the field or its type", REGULATION),
    ("CRM_FIELD_ERROR_VALUE_NOT_VALID", "never", "поле не принимает это значение",
     "the field does not take this value", REGULATION),
    ("ENTITY_TYPE_NOT_SUPPORTED", "never", "портал не умеет этого с таким видом карточек",
     "not with this kind of card", REGULATION),
    ("CREATE_DYNAMIC_ITEM_RESTRICTED", "never", "тариф не даёт создавать элементы",
     "the plan does not allow making items", PLAN),
    ("UPDATE_DYNAMIC_ITEM_RESTRICTED", "never", "тариф не даёт менять элементы",
     "the plan does not allow changing items", PLAN),
    ("CREATE_DYNAMIC_TYPE_RESTRICTED", "never", "тариф не даёт создавать смарт-процессы",
     "the plan does not allow smart processes", PLAN),
    ("ERROR_BATCH_LENGTH_EXCEEDED", "never", "в пакете больше 50 команд", "a batch of more than 50 commands", OURS),
    ("ERROR_BATCH_METHOD_NOT_ALLOWED", "never", "этот метод нельзя в пакете",
     "this method cannot be in a batch", OURS),
    # The Drive, lists, documents
    ("DISK_OBJ_22000", "never", "такое имя в папке уже занято", "the name is taken in this folder", REGULATION),
    ("DISK_BASE_SERVICE_22001", "never", "у объекта Диска нет имени",
     "an object of the Drive has no name", REGULATION),
    ("DISK_FILE_22006", "never", "файл слишком велик для Диска", "the file is too large for the Drive",
     Said("освободите место на Диске или уменьшите файл", "make room on the Drive, or the file smaller")),
    ("DISK_FILE_22007", "never", "файл занят: его редактируют", "the file is locked: somebody edits it",
     Said("дождитесь, пока файл закроют, и повторите запуск", "wait until it is closed, then repeat the run")),
    ("ERROR_COULD_NOT_SAVE_FILE", "open", "портал не сохранил файл", "the portal could not save the file", LOOK),
    ("ERROR_ELEMENT_ALREADY_EXISTS", "never", "элемент списка с таким кодом уже есть",
     "a list element with this code exists", REGULATION),
    ("ERROR_ELEMENT_FIELD_VALUE", "never", "поле списка не принимает это значение",
     "the list's field does not take this value", REGULATION),
    ("DOCGEN_ACCESS_ERROR", "never", "нет прав на генератор документов",
     "no right to the document generator", RIGHTS),
    ("DOCGEN_LIMIT_ERROR", "never", "предел документов на этом тарифе исчерпан",
     "the plan's limit of documents is reached", PLAN),
    # Feed, notices, mail, robots, placements, events
    ("SONET_CONTROLLER_LIVEFEED_BLOGPOST_ADD_ERROR", "never", "сообщение в ленту не принято: нет текста или адресата",
     "the feed refused it: no text or no addressee", REGULATION),
    ("USER_ID_EMPTY", "never", "не сказано, кому уведомление", "nobody to notify", REGULATION),
    ("MESSAGE_EMPTY", "never", "пустое сообщение", "an empty message", REGULATION),
    ("ATTACH_OVERSIZE", "never", "вложение больше 60 000 знаков",
     "an attachment of more than 60,000 characters", REGULATION),
    ("ATTACH_ERROR", "never", "портал не принял вложение", "the portal refused the attachment", REGULATION),
    ("ERROR_ACTIVITY_ALREADY_INSTALLED", "never", "робот с таким кодом уже есть",
     "a robot with this code exists", OURS),
    ("ERROR_ACTIVITY_VALIDATION_FAILURE", "never", "портал не принял описание робота",
     "the portal refused the robot's form", OURS),
    ("ERROR_ACTIVITY_NOT_FOUND", "never", "такого робота на портале нет", "the portal has no such robot", INSTALL),
    ("ERROR_EMPTY_LOG_MESSAGE", "never", "пустая запись в журнал робота", "an empty line for the robot's log", OURS),
    ("ERROR_WRONG_WORKFLOW_ID", "never", "такого шаблона бизнес-процесса нет", "no such workflow template", REGULATION),
    ("ERROR_REQUIRED_PARAMETERS_MISSING", "never", "в запросе к спискам не хватает значения",
     "a value is missing in a request to the lists", REGULATION),
    ("CODE_EMPTY", "never", "не названа возможность тарифа", "no feature of the plan was named", OURS),
    ("200640400001", "never", "ссылки на оплату нет: платёж не найден", "no link to pay: the payment was not found",
     REGULATION),
    ("ERROR_EVENT_NOT_FOUND", "never", "на этом портале нет такого события", "this portal has no such event", PLAN),
    ("ERROR_PLACEMENT_NOT_FOUND", "never", "на этом портале нет такого места для страницы",
     "this portal has no such placement", PLAN),
    ("ERROR_PLACEMENT_MAX_COUNT", "never", "мест для страниц больше нет", "no more pages may be placed", PLAN),
    ("ERROR_PLACEMENT_USER_MODE", "never", "страницу ставит только администратор",
     "only an administrator may place a page", RIGHTS),
    # Ours
    ("NO_CONNECTION", "later",
     "соединиться с порталом не удалось",
     "the portal could not be reached",
     Said("проверьте адрес, сеть, прокси и брандмауэр этой машины",
          "check the address, and this machine's network, proxy and firewall")),
    ("NO_ANSWER", "open",
     "портал не ответил за отведённое время",
     "the portal did not answer in time",
     PATIENCE),
    ("NOT_JSON", "open",
     "вместо ответа REST пришла страница или обрывок: это не портал, или его закрывает прокси",
     "a page or half a text came instead of a REST answer: no portal, or a proxy stands before it",
     CHECK_ADDRESS),
    ("BAD_CERTIFICATE", "later",
     "сертификат портала не принят",
     "the portal's certificate is not accepted",
     Said("проверьте имя; на своём сервере поставьте цепочку целиком или укажите корневой сертификат в SSL_CERT_FILE",
          "check the name; on an own server serve the whole chain, or name the root certificate in SSL_CERT_FILE")),
    ("BAD_REDIRECT", "never",
     "портал отправляет по адресу, куда нельзя",
     "the portal sends us where we must not go",
     Said("если это его новое имя, впишите его в BITRIX24_WEBHOOK_URL; иначе сверьте адрес",
          "if that is its new name, put it into BITRIX24_WEBHOOK_URL; else compare the address")),
    ("BAD_ADDRESS", "never",
     "это не адрес вебхука",
     "this is not the address of a webhook",
     CHECK_ADDRESS),
    ("TOO_LARGE", "never", "файл больше, чем движок берёт", "the file is larger than the engine takes", REGULATION),
    ("FILE_GONE", "never", "файла на портале больше нет", "the portal no longer has the file", REGULATION),
    ("NO_CONTENT", "never", "вместо файла пришло не то", "something else came instead of the file", LOOK),
    ("NOT_SENT", "later", "не отправлено: нужен ответ, которого не было",
     "not sent: it needs an answer that did not come", WAIT),
)  # fmt: skip

CATALOGUE: Final[Mapping[str, Entry]] = {
    code: Entry(nature, Said(russian, english), mend) for code, nature, russian, english, mend in _ROWS
}


def entry(code: str) -> Entry | None:
    """Return what is known of a code, however it is written; None for one that no page names."""
    return CATALOGUE.get(code.upper())
