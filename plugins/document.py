"""Documents of the office: from the facts of an item to a file that a client signs, pays by or answers.

Decides which renderer makes it (a Typst template, a Word template, the portal's own generator) and where its number
comes from. What each document says is `engine.documents`'; the sheets are in `document_templates`, a company's own
folder first. It computes no tax and sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import ClassVar

from engine import (
    Action,
    Command,
    Commands,
    DocumentChange,
    Effect,
    Facts,
    File,
    Item,
    Outside,
    Param,
    Params,
    Pending,
    PluginError,
    PortalOrder,
    Said,
    Setup,
    Sheet,
    Undecided,
    Value,
    convert_to_pdf,
    file_name,
    fill_word,
    find_office,
    find_on_portal,
    hookimpl,
    make_on_portal,
    order_of,
    print_sheet,
    read_sheet,
    remember_command,
    typeset_pdf,
)

SHIPPED = Path(__file__).parent / "document_templates"
# What the file is called; a company's own template is called by its name.
FILE_WORDS: Mapping[str, str] = {
    "act": "Акт",
    "invoice": "Счёт",
    "reminder": "Напоминание об оплате",
    "claim": "Претензия",
    "one_sided_act": "Односторонний акт",
    "contract": "Договор",
    "reconciliation": "Акт сверки",
}
RENDERERS = ("typst", "docx", "portal")
# Documents that no item of the portal numbers take a number of their own series, where the config has its pattern.
OWN_SERIES = frozenset({"reminder", "claim", "reconciliation"})
OPTIONS = ("acts", "invoices", "payments", "opening", "from", "to", "mirror", "due", "amount", "own_company")


class Render(Action):
    """Делает документ по шаблону из полей элемента: акт, счёт, договор, письмо о долге, акт сверки.

    Makes a document from a template and the facts of the item: an act, an invoice, a reminder, a claim, a one-sided
    act, a contract, an act of reconciliation, or a template of the company's own.
    """

    name = "document.render"
    title: ClassVar[Said] = Said("Сформировать документ", "Render the document")
    parameters: ClassVar[Mapping[str, Param]] = {
        "template": Param(
            "text",
            "`act`, `invoice`, `one_sided_act`, `reminder`, `claim`, `contract`, `reconciliation`, or a template of "
            "the company's own folder.",
        ),
        "item": Param(
            "item",
            "The item whose fields fill the sheet: an act, an invoice, a contract; a company for a reconciliation.",
        ),
        "renderer": Param(
            "one of typst, docx, portal",
            "What makes the file; by default what the template found is written for.",
            required=False,
        ),
        "invoices": Param(
            "any",
            "A list of invoices: the debts of a company, the payments of a reconciliation.",
            required=False,
        ),
        "acts": Param(
            "any", "A list of acts: what a claim is proven by, the rows of a reconciliation.", required=False
        ),
        "payments": Param(
            "any",
            "A list of payments with `date`, `amount` and `number`, in place of the invoices'.",
            required=False,
        ),
        "opening": Param("money", "What the client owed before the period.", required=False),
        "from": Param("date", "The first day of a reconciliation.", required=False),
        "to": Param("date", "Its last day; today by default.", required=False),
        "mirror": Param("yes/no", "Fill the client's half of a reconciliation in as well.", required=False),
        "due": Param("date", "Until when a reminder or a claim asks to pay.", required=False),
        "amount": Param(
            "money", "The price of a contract, where the contract has no field for it.", required=False
        ),
        "own_company": Param("any", "Our side, where the item does not name it.", required=False),
    }
    example = 'document.render: {template: act, item: "${act}"}\nas: pdf\nkey: document ${act.id}'
    kinds = ("document",)
    result = "file"
    irreversible = True
    needs_key = True

    def __init__(self, setup: Setup) -> None:
        """List the templates once: one added later is known when the plugins are loaded again."""
        self._documents, self._map = setup.documents, setup.map
        own = setup.own.get("document")
        own = own if isinstance(own, Mapping) else {}
        self._texts = {
            "payment_due": str(own.get("payment_due") or ""),
            "city": str(own.get("city") or ""),
        }
        named = own.get("portal_templates")
        self._portal = {key: str(value) for key, value in named.items()} if isinstance(named, Mapping) else {}
        office = own.get("office")
        self._office = find_office() if office is None else str(office).replace("none", "")
        folder = setup.documents.templates
        self._own = folder if folder is not None and folder.is_dir() else None
        self._files = {**_templates(SHIPPED), **(_templates(self._own) if self._own else {})}
        self._known = sorted({name for name, _ in self._files} | set(self._portal))

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say which document would be made; undecided where a required fact is unknown."""
        template, item = params.get("template"), params.get("item")
        if not isinstance(template, str) or template not in self._known:
            return Undecided(f"нет шаблона документа «{template}», есть: {', '.join(self._known)}")
        if not isinstance(item, Item):
            return Undecided(f"document.render.item: {item} — не элемент портала")
        renderer = self._renderer(template, params.get("renderer"))
        if isinstance(renderer, Undecided):
            return renderer
        options = {name: value for name in OPTIONS if not isinstance(value := params.get(name), Mapping)}
        waiting = [value for value in options.values() if isinstance(value, Undecided)]
        if waiting:
            return waiting[0]
        sheet = read_sheet(template, item, options, facts, self._documents)
        if isinstance(sheet, Undecided):
            return sheet
        if isinstance(sheet, Said):
            return Effect(params, nothing_to_do=sheet)
        return self._effect(params, template, item, renderer, sheet)

    def _renderer(self, template: str, asked: object) -> str | Undecided:
        found = [name for name in ("typst", "docx") if (template, name) in self._files]
        if template in self._portal:
            found.append("portal")
        if asked is None:
            # A template of the company's own folder is what the company wants, whatever it is written for.
            own = [name for name in found if name != "portal" and self._is_own(template, name)]
            return (own or found)[0]
        if asked in found:
            return str(asked)
        where = "plugins_settings.document.portal_templates" if asked == "portal" else "documents.templates"
        return Undecided(f"шаблона «{template}» для «{asked}» нет, см. {where}")

    def _is_own(self, template: str, renderer: str) -> bool:
        return self._own is not None and self._files[template, renderer].is_relative_to(self._own)

    def _effect(self, params: Params, template: str, item: Item, renderer: str, sheet: Sheet) -> Effect:
        number, warnings = sheet.details.get("number"), list(sheet.warnings)
        details: dict[str, Value] = {**sheet.details, "renderer": renderer}
        if template in OWN_SERIES:
            pattern = self._documents.pattern(template, sheet.details.get("owner"))
            details["series"] = pattern
            number = Pending(f"{item}.{template}_number") if pattern else ""
        ending = "pdf"
        if renderer == "docx" and not self._office:
            ending = "docx"
            warnings.append(
                Said(
                    "LibreOffice не найден: документ останется файлом Word.",
                    "There is no LibreOffice: the document stays a Word file.",
                )
            )
        shown = number.shown if isinstance(number, Pending) else str(number or "")
        return Effect(
            params=params,
            changes=(DocumentChange(item, template, number),),
            result=File(_file_name(template, shown, sheet.details, ending), kind=ending),
            details=details,
            warnings=tuple(warnings),
        )

    def commands(self, effect: Effect) -> Commands:
        """Take the number of a document that has a series of its own; have the portal make what it is to make."""
        number, renderer = effect.details.get("number"), effect.details.get("renderer")
        pattern, owner, day = (effect.details.get(name) for name in ("series", "owner", "date"))
        has_series = isinstance(pattern, str) and bool(pattern)
        if not has_series and renderer != "portal":
            return None
        key = str((yield [Command("key", "engine.key", {})])[0].result)
        if has_series and isinstance(owner, Item) and isinstance(day, date):
            series = {"series": str(effect.params["template"]), "owner": owner.id}
            asked = {**series, "year": day.year, "format": pattern}
            taken = yield [Command("number", "engine.number.take", asked, writes=True, assume="0")]
            number = str(taken[0].result)
            yield [remember_command("keep_number", _number_note(key), number)]
        if renderer != "portal":
            return None
        made = yield from make_on_portal(self._order(effect, number))
        yield [remember_command("keep_file", _file_note(key), made.source or "")]
        return made

    def probe(self, key: str, effect: Effect) -> Commands:
        """Look for the portal's document by its number; a file of ours is made again, from the same facts the same."""
        if effect.details.get("renderer") != "portal":
            return None
        number = effect.details.get("number")
        if effect.details.get("series"):
            noted = yield [Command("noted", "engine.recall", {"key": _number_note(key)})]
            number = noted[0].result if isinstance(noted[0].result, str) else None
            if number is None:
                return None
        return (yield from find_on_portal(self._order(effect, number)))

    def undo(self, effect: Effect, result: Value) -> Commands:
        """Send nothing: the file lies in the engine's own store, and nobody sees it until another step hands it on."""
        yield from ()
        return result

    def perform(self, effect: Effect, outside: Outside) -> Value:
        """Make the file and keep it; return it. Typst's is PDF/A-2b, the same bytes for the same facts and time.

        Repeating it harms nothing. Raises PluginError with the renderer's words where a template is broken or the
        fonts lack a letter, and where a value is still pending.
        """
        template, renderer = str(effect.params["template"]), effect.details.get("renderer")
        number = effect.details.get("number")
        if effect.details.get("series"):
            number = outside.recall(_number_note(outside.key))
        sheet = print_sheet(effect.details, number, self._texts)
        ending = "pdf"
        if renderer == "typst":
            content = typeset_pdf(template, sheet, SHIPPED, self._own, outside.now)
        elif renderer == "docx":
            content = fill_word(self._files[template, "docx"], sheet)
            if self._office:
                content = convert_to_pdf(content, self._office)
            else:
                ending = "docx"
        else:
            made = outside.recall(_file_note(outside.key))
            content = outside.read(File(f"{template}.pdf", source=made))
        return outside.keep(_file_name(template, str(sheet["number"]), effect.details, ending), content)

    def _order(self, effect: Effect, number: Value) -> PortalOrder:
        item, template = effect.params["item"], str(effect.params["template"])
        if not isinstance(item, Item):
            raise PluginError("document", "render", f"{item} — не элемент портала")
        type_id = self._map.world.entities[item.entity].type_id
        sheet = print_sheet(effect.details, number, self._texts)
        return order_of(type_id or 0, item.id, self._portal[template], sheet)


def _templates(folder: Path) -> dict[tuple[str, str], Path]:
    """Return the templates of a folder by name and renderer; `parts.typ` is what they share."""
    typst = {(file.stem, "typst"): file for file in folder.glob("*.typ") if file.stem != "parts"}
    word = {(file.stem, "docx"): file for where in (folder / "word", folder) for file in where.glob("*.docx")}
    return {**typst, **word}


def _file_name(template: str, number: str, details: Mapping[str, Value], ending: str) -> str:
    """Return «Акт А-2026-043.pdf»; a document without a number is told by its day."""
    day = details.get("date")
    told = file_name(number) or (f"{day:%Y-%m-%d}" if isinstance(day, date) else "")
    return f"{FILE_WORDS.get(template, template)} {told}.{ending}".replace(" .", ".")


def _number_note(key: str) -> str:
    return f"document number {key}"


def _file_note(key: str) -> str:
    return f"document file {key}"


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:
    """Supply `document.render`."""
    return [Render(setup)]
