"""One call of every method that has a sample: parameters that this portal answers, and members it need not have.

The tests against the vendor's samples and our own recorded table make the same calls. Parameters that need something
made before are functions of a `World`.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cached_property
from io import BytesIO
from zipfile import ZipFile


def docx(text):
    out = BytesIO()
    with ZipFile(out, "w") as made:
        made.writestr("word/document.xml", f"<w:document>{text}</w:document>")
    return b64encode(out.getvalue()).decode()


class World:
    """What calls need to be there, made when first asked for."""

    def __init__(self, api):
        self.api = api

    @cached_property
    def register(self):
        place = {"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": "acts"}
        return place | {"IBLOCK_ID": self.api.result("lists.add", **place, FIELDS={"NAME": "Акты"})}

    def _field(self, kind, **more):
        return self.api.result(
            "lists.field.add", **self.register, FIELDS={"NAME": kind, "CODE": kind, "TYPE": kind, **more}
        )

    @cached_property
    def people(self):
        return self._field("S:employee", MULTIPLE="Y")

    @cached_property
    def moment(self):
        return self._field("S:DateTime")

    @cached_property
    def scan(self):
        return self._field("F", MULTIPLE="Y")

    @cached_property
    def state(self):
        return self._field("L", LIST_TEXT_VALUES="Планируется\nВ работе")

    @property
    def values(self):
        return {"NAME": "Акт", self.people: ["1", "2"], self.moment: "2024-12-31 23:59:59", self.scan: [FILE]}

    @cached_property
    def element(self):
        given = {"ELEMENT_CODE": "test_element", "FIELDS": self.values}
        return self.api.result("lists.element.add", **self.register, **given)

    @cached_property
    def numerator(self):
        fields = {"name": "Акты", "template": "{NUMBER}"}
        return self.api.result("crm.documentgenerator.numerator.add", fields=fields)["numerator"]["id"]

    @property
    def template_fields(self):
        kinds = ["2", "2_category_4"]
        named = {"name": "Акт", "file": ["t.docx", docx("{DocumentNumber}")], "region": "ru", "users": ["UA"]}
        return named | {
            "numeratorId": self.numerator,
            "entityTypeId": kinds,
            "active": "Y",
            "withStamps": "N",
        }

    @cached_property
    def template(self):
        made = self.api.result("crm.documentgenerator.template.add", fields=self.template_fields)
        return int(made["template"]["id"])

    @cached_property
    def document(self):
        given = {"templateId": self.template, "entityTypeId": 2, "entityId": 1}
        return self.api.result("crm.documentgenerator.document.add", **given)["document"]["id"]

    @cached_property
    def deal_with_contact(self):
        contact = self.api.result("crm.contact.add", fields={"NAME": "Анна"})
        return self.api.result("crm.deal.add", fields={"TITLE": "x", "CONTACT_ID": contact})

    @cached_property
    def stage(self):
        fields = {"ENTITY_ID": "DEAL_STAGE_4", "STATUS_ID": "X", "NAME": "X", "SORT": 25}
        return self.api.result("crm.status.add", fields=fields)

    @cached_property
    def activity(self):
        fields = {"OWNER_TYPE_ID": 2, "OWNER_ID": 10, "TYPE_ID": 2, "SUBJECT": "x"}
        return self.api.result("crm.activity.add", fields=fields | {"COMMUNICATIONS": [{"VALUE": "+7"}]})

    @cached_property
    def contact(self):
        mails = [{"VALUE": "a@client.example", "VALUE_TYPE": "WORK"}]
        return self.api.result(
            "crm.contact.add",
            fields={"NAME": "Анна", "LAST_NAME": "К", "EMAIL": mails, "PHONE": [{"VALUE": "+7"}]},
        )

    @cached_property
    def workflow(self):
        address = self.api.url.partition("/rest/")[0]
        body = {"NAME": "Согласование", "DOCUMENT_TYPE": ["crm", "CCrmDocumentDeal", "DEAL"]}
        return self.api.http.post(f"{address}/_demo/workflows/template", json=body).json()

    @cached_property
    def field(self):
        fields = {"FIELD_NAME": "HELLO", "USER_TYPE_ID": "string", "MULTIPLE": "Y"}
        return self.api.result("crm.deal.userfield.add", fields=fields)


FILE = ["x.png", b64encode(b"x").decode()]
# A list field has these settings, a field of another type others.
LIST_SETTINGS = {"DISPLAY", "LIST_HEIGHT", "CAPTION_NO_VALUE", "SHOW_NO_VALUE"}
# Addresses have moved to requisites; old cards still list their parts.
_PARTS = (
    "",
    "_2",
    "_CITY",
    "_POSTAL_CODE",
    "_REGION",
    "_PROVINCE",
    "_COUNTRY",
    "_COUNTRY_CODE",
    "_LOC_ADDR_ID",
)
ADDRESSES = {f"{kind}{part}" for kind in ("ADDRESS", "REG_ADDRESS", "ADDRESS_LEGAL") for part in _PARTS}
CONTACT = ADDRESSES | {
    "LAST_COMMUNICATION_TIME",
    "PHOTO",
    "HONORIFIC",
    "BIRTHDATE",
    "EXPORT",
    "FACE_ID",
    "LEAD_ID",
    "SOURCE_ID",
}
DEAL = ["crm", "CCrmDocumentDeal", "DEAL_1"]
# Interface languages of the sample's own portal.
_LANGUAGES = "ar br de en fr hi id in it ja kz la ms pl ru sc tc th tr ua vn"
LANGUAGES = set(_LANGUAGES.split())
# Pictures are not drawn here, machine links come when the conversion is done, products are the portal's own.
CONVERTED = {
    "imageUrl",
    "imageUrlMachine",
    "pdfUrlMachine",
    "productsTableVariant",
    "imageId",
    "DocumentNumber",
}
DIGITS = {str(number) for number in range(1000, 2000)}
CALLS = [
    ("crm.category.list", {"entityTypeId": 2}, set()),
    ("crm.category.get", {"entityTypeId": 2, "id": 4}, set()),
    ("crm.status.list", {"order": {"SORT": "ASC"}, "filter": {"ENTITY_ID": "DEAL_STAGE"}}, set()),
    ("crm.status.entity.items", {"entityId": "DEAL_STAGE"}, set()),
    ("crm.deal.get", {"ID": 1}, set()),
    ("crm.deal.list", {"SELECT": ["ID", "TITLE", "TYPE_ID", "CATEGORY_ID", "STAGE_ID", "OPPORTUNITY", "IS_MANUAL_OPPORTUNITY", "ASSIGNED_BY_ID", "DATE_CREATE"], "FILTER": {"CATEGORY_ID": 4}}, set()),
    ("crm.deal.add", {"FIELDS": {"TITLE": "New Deal #1"}}, set()),
    ("crm.deal.update", {"ID": 2, "FIELDS": {"TITLE": "x", "OPPORTUNITY": 9999.99}, "PARAMS": {"REGISTER_SONET_EVENT": "N"}}, set()),
    ("crm.deal.delete", {"ID": 60}, set()),
    ("crm.deal.fields", {}, set()),
    ("crm.deal.productrows.get", {"id": 1}, set()),
    ("crm.deal.productrows.set", {"id": 1, "rows": [{"PRICE": 1000, "QUANTITY": 10}]}, set()),
    ("crm.deal.userfield.list", {"filter": {"LANG": "de"}}, {"SETTINGS"}),
    ("crm.company.list", {"ORDER": {"DATE_CREATE": "ASC"}, "SELECT": ["TITLE", "ASSIGNED_BY_ID", "PHONE"]}, {"PHONE"}),
    ("crm.item.add", {"entityTypeId": 2, "fields": {"title": "x", "typeId": "SERVICE", "categoryId": 4, "opportunity": 999.99, "observers": [2, 3]}}, set()),
    ("crm.item.update", {"entityTypeId": 2, "id": 1, "fields": {"title": "REST Deal #1", "observers": [1, 2]}}, set()),
    ("crm.item.delete", {"entityTypeId": 1044, "id": 6}, set()),
    ("crm.item.fields", {"entityTypeId": 1044, "useOriginalUfNames": "N"}, {"begindate", "closedate", "observers", "sourceId", "sourceDescription", "contacts"}),
    ("crm.item.payment.list", {"entityId": 9, "entityTypeId": 31}, set()),
    ("crm.item.payment.get", {"id": 3}, set()),
    ("crm.item.payment.add", {"entityId": 1, "entityTypeId": 2}, set()),
    ("crm.item.payment.pay", {"id": 3}, set()),
    ("crm.item.payment.unpay", {"id": 3}, set()),
    ("crm.item.productrow.list", {"filter": {"=ownerType": "D", "=ownerId": 1}}, {"storeId"}),
    ("crm.item.productrow.set", {"ownerType": "D", "ownerId": 1, "productRows": [{"price": 99999.99, "quantity": 1}]}, set()),
    ("crm.item.productrow.add", {"fields": {"ownerId": 1, "ownerType": "D", "price": 80000, "taxRate": 20}}, set()),
    ("crm.requisite.get", {"id": 2}, set()),
    ("crm.requisite.list", {"filter": {"ENTITY_ID": 2}, "select": ["ENTITY_TYPE_ID", "ENTITY_ID", "ID", "NAME"]}, set()),
    ("crm.requisite.bankdetail.list", {"filter": {"COUNTRY_ID": "1"}, "select": ["ENTITY_ID", "ID", "NAME"]}, set()),
    ("crm.requisite.link.get", {"entityTypeId": 31, "entityId": 9}, set()),
    ("crm.timeline.comment.add", {"fields": {"ENTITY_ID": 10, "ENTITY_TYPE": "deal", "COMMENT": "x", "FILES": [["1.gif", "R0lG"]]}}, set()),
    ("crm.type.list", {}, set()),
    ("crm.type.get", {"id": 12}, {"linkedUserFields"}),
    ("crm.type.getByEntityTypeId", {"entityTypeId": 1044}, {"linkedUserFields"}),
    ("crm.activity.add", {"fields": {"OWNER_TYPE_ID": 2, "OWNER_ID": 10, "TYPE_ID": 2, "SUBJECT": "New call", "DIRECTION": 2, "COMPLETED": "N", "COMMUNICATIONS": [{"VALUE": "+49", "ENTITY_ID": 2, "ENTITY_TYPE_ID": 4}]}}, set()),
    ("crm.activity.todo.add", {"ownerTypeId": 2, "ownerId": 1, "deadline": "2025-01-21T15:00:00+02:00", "pingOffsets": [0, 15]}, set()),
    ("disk.storage.getList", {"filter": {"NAME": "%диск%"}, "order": {"NAME": "DESC"}}, set()),
    ("disk.storage.get", {"id": 1}, set()),
    ("disk.storage.getChildren", {"id": 1}, set()),
    ("disk.storage.addFolder", {"id": 1, "data": {"NAME": "Neuer Ordner"}, "rights": [{"TASK_ID": 71, "ACCESS_CODE": "U2"}]}, set()),
    ("disk.folder.addSubFolder", {"id": 1, "data": {"NAME": "Folder in Folder"}}, set()),
    ("disk.folder.get", {"id": 1}, set()),
    ("disk.folder.getChildren", {"id": 1, "filter": {">=CREATE_TIME": "2026-01-12"}, "order": {"NAME": "DESC"}}, set()),
    ("disk.folder.uploadFile", {"id": 1, "data": {"NAME": "test.png"}, "fileContent": FILE, "generateUniqueName": True}, set()),
    ("disk.storage.uploadFile", {"id": 1, "data": {"NAME": "test.png"}, "fileContent": FILE}, set()),
    ("disk.folder.rename", {"id": 2, "newName": "x"}, set()),
    ("disk.folder.moveTo", {"id": 3, "targetFolderId": 1}, set()),
    ("disk.folder.markDeleted", {"id": 2}, set()),
    ("disk.folder.shareToUser", {"id": 2, "userId": 2, "taskName": "disk_access_read"}, set()),
    ("disk.folder.getExternalLink", {"id": 2}, set()),
    ("disk.file.get", {"id": 5}, set()),
    ("disk.file.rename", {"id": 5, "newName": "New File Name.png"}, set()),
    ("disk.file.getExternalLink", {"id": 5}, set()),
    ("disk.rights.getTasks", {}, set()),
    ("disk/uploadFile.step1_url", {"id": 1}, set()),
    ("im.message.add", {"DIALOG_ID": "chat2941", "MESSAGE": "Message text", "SYSTEM": "N", "URL_PREVIEW": "Y"}, set()),
    ("im.notify.system.add", {"USER_ID": 2, "MESSAGE": "System notification", "TAG": "SYSTEM_EVENT_42"}, set()),
    ("im.notify.personal.add", {"USER_ID": 2, "MESSAGE": "x"}, set()),
    ("log.blogpost.add", {"POST_TITLE": "New", "POST_MESSAGE": "x", "DEST": ["UA"], "FILES": [FILE]}, set()),
    ("method.get", {"name": "user.get"}, set()),
    ("profile", {}, set()),
    ("scope", {"full": True}, set()),
    ("server.time", {}, set()),
    ("user.current", {}, {"LAST_ACTIVITY_DATE"}),
    ("user.get", {"UF_DEPARTMENT": 1, "SORT": "ID", "ORDER": "asc"}, {"LAST_ACTIVITY_DATE", "TIMESTAMP_X", "TIME_ZONE", "PERSONAL_WWW", "PERSONAL_MOBILE", "PERSONAL_CITY", "WORK_PHONE"}),
    ("userfieldconfig.list", {"moduleId": "crm", "select": {"0": "*", "language": "de"}, "order": {"id": "DESC"}}, LIST_SETTINGS),
    ("userfieldconfig.get", {"moduleId": "crm", "id": 5011}, {"en", "de", "DISPLAY", "LIST_HEIGHT", "CAPTION_NO_VALUE", "SHOW_NO_VALUE"}),
    ("events", {"SCOPE": "user"}, set()),
    ("crm.category.add", {"entityTypeId": 2, "fields": {"name": "New", "sort": 50, "isDefault": "Y"}}, set()),
    ("crm.category.fields", {"entityTypeId": 2}, set()),
    ("crm.status.add", {"fields": {"ENTITY_ID": "DEAL_STAGE_4", "STATUS_ID": "DECISION", "NAME": "x", "SORT": 70, "COLOR": "#FFA900"}}, set()),
    ("crm.status.get", lambda world: {"id": world.stage}, set()),
    ("crm.status.entity.types", {}, set()),
    ("crm.type.add", {"fields": {"title": "SPA", "entityTypeId": 2024, "isStagesEnabled": "Y", "relations": {"parent": [{"entityTypeId": 2, "isChildrenListEnabled": "true"}]}}}, {"linkedUserFields"}),
    ("crm.deal.contact.items.get", lambda world: {"id": world.deal_with_contact}, set()),
    ("crm.deal.userfield.add", {"fields": {"LABEL": "Hello", "USER_TYPE_ID": "string", "FIELD_NAME": "HELLO_WORLD", "MULTIPLE": "Y", "SORT": 1000}}, set()),
    ("crm.deal.userfield.get", lambda world: {"id": world.field}, LANGUAGES),
    ("userfieldconfig.add", {"moduleId": "crm", "field": {"entityId": "CRM_12", "fieldName": "UF_CRM_12_LIST", "userTypeId": "enumeration", "multiple": "Y", "editFormLabel": {"en": "List"}, "enum": [{"value": "1", "def": "N", "sort": 100}]}}, {"en"}),
    ("userfieldconfig.getTypes", {"moduleId": "crm"}, {"rest_219_test"}),
    ("crm.automation.trigger", {"target": "DEAL_57", "code": "c5u4m"}, set()),
    ("crm.documentgenerator.numerator.add", {"fields": {"name": "REST", "template": "{NUMBER}", "settings": {"Bitrix_Main_Numerator_Generator_SequentNumberGenerator": {"start": 1}}}}, set()),
    ("crm.documentgenerator.template.add", lambda world: {"fields": world.template_fields}, set()),
    ("crm.documentgenerator.template.get", lambda world: {"id": world.template}, set()),
    ("crm.documentgenerator.template.list", lambda world: {"select": ["id", "name", "region", "entityTypeId", "users"], "filter": {"id": world.template}}, {"39", "37"}),
    ("crm.documentgenerator.document.add", lambda world: {"templateId": world.template, "entityTypeId": 2, "entityId": 1, "values": {"DocumentNumber": "1"}, "stampsEnabled": 1}, CONVERTED),
    ("crm.documentgenerator.document.get", lambda world: {"id": world.document}, CONVERTED),
    ("crm.documentgenerator.document.list", lambda world: {"select": ["id", "title"], "filter": {"entityId": 1, "id": world.document}}, CONVERTED),
    ("crm.documentgenerator.document.getfields", lambda world: {"id": world.document, "values": {}}, {"MyCompanyUfLogo", "MY_COMPANY", "chain"}),
    ("crm.documentgenerator.document.enablepublicurl", lambda world: {"id": world.document, "status": 1}, set()),
    ("crm.documentgenerator.document.upload", {"fields": {"entityTypeId": 2, "entityId": 1, "fileContent": docx("x"), "region": "de", "title": "x", "number": "1"}}, CONVERTED),
    ("disk.folder.getFields", {}, set()),
    ("lists.get", lambda world: {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": world.register["IBLOCK_ID"]}, set()),
    ("lists.element.add", lambda world: {**world.register, "ELEMENT_CODE": "new", "FIELDS": world.values}, set()),
    ("lists.element.get", lambda world: {**world.register, "ELEMENT_ID": world.element, "SELECT": ["ID", "CODE", "NAME", world.people, world.moment]}, set()),
    ("lists.element.update", lambda world: {**world.register, "ELEMENT_ID": world.element, "FIELDS": {"NAME": "x"}}, set()),
    ("lists.element.get.file.url", lambda world: {**world.register, "ELEMENT_ID": world.element, "FIELD_ID": world.scan}, set()),
    ("lists.field.get", lambda world: {**world.register, "FIELD_ID": world.state}, DIGITS),
    ("bizproc.workflow.start", lambda world: {"TEMPLATE_ID": world.workflow, "DOCUMENT_ID": DEAL, "PARAMETERS": {"p": "user_1"}}, set()),
    ("bizproc.workflow.template.list", lambda world: {"select": ["ID", "NAME", "USER_ID", "SYSTEM_CODE"], "filter": {"ID": world.workflow}}, set()),
    ("crm.activity.delete", lambda world: {"id": world.activity}, set()),
    ("crm.company.get", {"ID": 2}, ADDRESSES | {"LOGO", "LAST_COMMUNICATION_TIME"}),
    ("crm.contact.get", lambda world: {"ID": world.contact}, CONTACT),
    ("crm.contact.list", lambda world: {"FILTER": {"ID": world.contact}, "ORDER": {"LAST_NAME": "ASC"}, "SELECT": ["ID", "NAME", "LAST_NAME", "EMAIL", "ASSIGNED_BY_ID", "DATE_CREATE"]}, {"EXPORT"}),
    ("crm.item.list", {"entityTypeId": 2, "select": ["id", "title", "stageId", "sourceId", "assignedById", "opportunity", "isManualOpportunity"], "filter": {"0": {"logic": "OR", "0": {"!=title": ""}, "1": {"id": 1}}, "@assignedById": [1, 2], ">=opportunity": 5000}, "order": {"title": "ASC"}}, {"name", "lastName"}),
    ("salescenter.payment.getPublicUrl", {"id": 3}, set()),
]  # fmt: skip


ROBOT = {
    "CODE": "test_robot",
    "HANDLER": "https://app.example/robot",
    "AUTH_USER_ID": 1,
    "NAME": "Robot",
    "PROPERTIES": {"text": {"Name": "Text", "Type": "text"}},
}
_BOUND = {"PLACEMENT": "CRM_DEAL_LIST_TOOLBAR", "HANDLER": "https://app.example/tab", "TITLE": "t"}
_BOUND |= {"LANG_ALL": {"de": {"TITLE": "t"}}}
# The same for methods of an application: what it did before, the call, members it need not have.
_HANDLER = {"event": "ONCRMDEALADD", "handler": "https://app.example/events"}
_QUEUED = (
    ("event.bind", {"event": "ONCRMDEALADD", "event_type": "offline"}),
    ("crm.deal.add", {"fields": {"TITLE": "x"}}),
)
APPLICATION_CALLS = [
    ("bizproc.robot.add", (), ROBOT, set()),
    ("bizproc.robot.list", (("bizproc.robot.add", ROBOT),), {}, set()),
    ("bizproc.robot.delete", (("bizproc.robot.add", ROBOT),), {"CODE": "test_robot"}, set()),
    ("bizproc.activity.add", (), ROBOT, set()),
    ("crm.automation.trigger.add", (), {"CODE": "c5u4m", "NAME": "trigger"}, set()),
    (
        "crm.automation.trigger.execute",
        (("crm.automation.trigger.add", {"CODE": "c5u4m", "NAME": "trigger"}),),
        {"CODE": "c5u4m", "OWNER_TYPE_ID": 2, "OWNER_ID": 6},
        set(),
    ),
    ("placement.bind", (), _BOUND, set()),
    ("placement.get", (("placement.bind", _BOUND),), {}, set()),
    ("disk.storage.getForApp", (), {}, set()),
    ("app.info", (), {}, set()),
    ("feature.get", (), {"CODE": "rest_offline_extended"}, set()),
    ("event.bind", (), _HANDLER, set()),
    ("event.get", (("event.bind", _HANDLER),), {}, set()),
    ("event.unbind", (("event.bind", _HANDLER),), _HANDLER, set()),
    ("event.offline.get", _QUEUED, {"filter": {"=EVENT_NAME": "ONCRMDEALADD", ">=ID": 1}}, {"EVENT_DATA"}),
    ("event.offline.list", _QUEUED, {"filter": {"ERROR": 0}, "order": {"ID": "DESC"}}, {"EVENT_DATA"}),
    ("event.offline.clear", _QUEUED, {"process_id": "yh3gu929sf0d32", "id": [2]}, set()),
    ("event.offline.error", _QUEUED, {"process_id": "yh3gu929sf0d32", "message_id": [2]}, set()),
]


def params_of(world, params):
    """The parameters of one of the calls."""
    return params(world) if callable(params) else params
