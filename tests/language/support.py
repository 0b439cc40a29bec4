# ruff: noqa: RUF012 - a test action declares its parameters as plugins do
"""Small actions with the signatures of the shipped ones, a world from the example map, and short cuts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from engine.action import Action, Facts, Param, Params
from engine.effects import Effect
from engine.language.load import LoadCache, load_regulation
from engine.language.source import MapNode, read_source
from engine.language.types import World
from engine.language.world import read_world

ROOT = Path(__file__).resolve().parents[2]
RECEIVED = {"bank.payment": {"payment": "any", "deal": "deal", "invoice": "invoice"}}
MAIL = {
    "review_request": (
        "mail/review_request.txt",
        "Тема: Отзыв о сделке ${deal.title}\n\nДобрый день!\n".encode(),
    ),
    "broken": ("mail/broken.txt", "Добрый день!\n".encode()),
}


class Plain(Action):
    example = ""

    def effect(self, params: Params, facts: Facts) -> Effect:
        return Effect(params)


class FieldSet(Plain):
    name = "field.set"
    parameters = {}
    open_parameters = True
    kinds = ("field",)


class DealMove(Plain):
    name = "deal.move"
    parameters = {
        "deal": Param("deal", "сделка", required=False),
        "stage": Param("stage of deal", "новая стадия"),
    }
    kinds = ("stage",)


class EnsureFolder(Plain):
    name = "disk.ensure_folder"
    parameters = {"path": Param("path", "папка на общем диске")}
    result = "folder"
    kinds = ("folder",)


class SaveFile(Plain):
    name = "disk.save_file"
    parameters = {
        "folder": Param("folder", "папка"),
        "file": Param("file", "файл"),
        "name": Param("text", "имя", required=False),
    }
    result = "file"
    kinds = ("file",)


class Notify(Plain):
    name = "notify"
    parameters = {
        "to": Param("user", "кому"),
        "text": Param("text", "что сказать"),
        "feed": Param("yes/no", "копия в ленту", required=False),
    }
    kinds = ("notice", "feed")
    irreversible = True


class MailSend(Plain):
    name = "mail.send"
    parameters = {
        "to": Param("text", "адрес"),
        "template": Param("template", "шаблон письма"),
        "attachments": Param("list of file", "вложения", required=False),
    }
    kinds = ("mail",)
    irreversible = True


class DocumentRender(Plain):
    name = "document.render"
    parameters = {"item": Param("item", "карточка"), "template": Param("text", "шаблон документа")}
    result = "file"
    kinds = ("document",)
    irreversible = True
    needs_key = True


ACTIONS = {
    one.name: one
    for one in (FieldSet(), DealMove(), EnsureFolder(), SaveFile(), Notify(), MailSend(), DocumentRender())
}


@cache
def read_config() -> MapNode:
    node, found = read_source("config.example.yaml", (ROOT / "config.example.yaml").read_bytes())
    assert not found
    assert node is not None
    return node


@cache
def world() -> World:
    part = read_config().get("map")
    assert isinstance(part, MapNode)
    result, found = read_world(part)
    assert found == []
    return result


def load(text: str | bytes, cache: LoadCache | None = None, name: str = "acts.yaml"):
    content = text.encode() if isinstance(text, str) else text
    return load_regulation({name: content}, world(), ACTIONS, MAIL, cache, received=RECEIVED)


def one_rule(body: str, triggers: str = "[{filled: act.scan}]") -> str:
    """A rule set with one rule: `body` is indented by four spaces and follows the triggers."""
    lines = "\n".join("    " + line for line in body.strip("\n").splitlines())
    return f"ruleset: t\nrules:\n  - id: a\n    triggers: {triggers}\n{lines}\n"
