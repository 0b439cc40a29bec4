"""Posts a report of the registers into the portal's feed: risk of refund, debt, reminders.

Decides where it goes and what it is headed by. What the report says is the engine's to read from its register at the
moment of posting (`engine.report`): a schedule has no act of its own whose facts a plan could show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from engine import (
    Action,
    Command,
    Commands,
    Discrepancy,
    Effect,
    Facts,
    FeedChange,
    Mixed,
    Param,
    Params,
    Pending,
    Post,
    Said,
    Setup,
    Undecided,
    Value,
    Verification,
    claimed_key,
    delete_post,
    find_post,
    hookimpl,
    publish_post,
    read_post_back,
)

TITLES: Final[Mapping[str, str]] = {
    "paid-unsigned": "Оплачено без подписанного акта (риск возврата)",
    "signed-unpaid": "Подписано, но не оплачено (долг)",
    "ladder": "Неподписанные акты и напоминания о них",
}
EVERYBODY: Final = "UA"


class PostReport(Action):
    """Публикует в ленте отчёт по актам: суммы по клиентам, сколько дней, всего.

    One post with the report of that moment is in the feed after the call, also where the report is empty: silence
    would look like a report that was not made. Where an answer is lost, the post is found again by its mark.
    """

    name: ClassVar[str] = "report.post"
    title: ClassVar[Said] = Said("Опубликовать отчёт", "Post the report")
    parameters: ClassVar[Mapping[str, Param]] = {
        "report": Param("text", "Which: `paid-unsigned`, `signed-unpaid` or `ladder`."),
        "by": Param("text", "Grouped by `client` (the default) or `manager`.", required=False),
        "to": Param("list of text", "Addressees by the portal's codes (`UA`, `U5`, `DR3`).", required=False),
    }
    example: ClassVar[str] = "- report.post: {report: paid-unsigned}"
    kinds: ClassVar[tuple[str, ...]] = ("feed",)
    irreversible: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        own = setup.own.get("notify")
        self.codes = _codes(own.get("feed_to") if isinstance(own, Mapping) else None)
        spec = setup.map.world.entities.get("act")
        page = f"/crm/type/{spec.type_id}/" if spec is not None and spec.type_id else "/crm/"
        self.url = setup.map.address.rstrip("/") + page

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say the post's heading and place; its text is known when it goes. Undecided for no such report."""
        name, by = params.get("report"), params.get("by") or "client"
        if not isinstance(name, str) or name not in TITLES:
            return Undecided(f"report.post.report: {name} — одно из {', '.join(TITLES)}")
        if by not in ("client", "manager"):
            return Undecided(f"report.post.by: {by} — client или manager")
        heading = f"{TITLES[name]}, {facts.today:%d.%m.%Y}"
        shown = Mixed((f"{heading}\n", Pending("report.text", "⟨суммы на момент отправки⟩")))
        details: dict[str, Value] = {"title": heading, "by": by}
        return Effect(params, (FeedChange(self._to(params), shown, self.url),), None, details)

    def commands(self, effect: Effect) -> Commands:
        """Ask the engine for the report, post it once; return the post's id."""
        key = yield from claimed_key()
        asked = {"report": effect.params["report"], "by": effect.details["by"]}
        answers = yield [Command("report", "engine.report", asked, assume="")]
        return (yield from publish_post(self._post(effect, str(answers[0].result)), key))

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Read the post back."""
        known = "0" if result is None else result
        if isinstance(known, str) and known.isdecimal():
            return (yield from read_post_back(self._post(effect, ""), known))
        said = Said(
            "Портал не назвал номер записи в ленте.", "The portal gave the post in the feed no number."
        )
        return (Discrepancy("feed", "post", str(effect.details["title"]), "", said),)

    def probe(self, key: str, effect: Effect) -> Commands:
        """Return the id of the post: as noted, or found in the feed by its mark; None where it is not there."""
        return (yield from find_post(self._post(effect, ""), key))

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Delete the post."""
        is_known = isinstance(result, str) and result.isdecimal()
        return delete_post(self._post(effect, ""), str(result)) if is_known else None

    def _post(self, effect: Effect, text: str) -> Post:
        return Post(str(effect.details["title"]), text, self.url, self._to(effect.params))

    def _to(self, params: Params) -> tuple[str, ...]:
        to = params.get("to")
        return _codes(to) if to else self.codes


def _codes(value: object) -> tuple[str, ...]:
    if isinstance(value, str) and value:
        return (value,)
    codes = tuple(str(code) for code in value) if isinstance(value, list | tuple) else ()
    return codes or (EVERYBODY,)


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:
    """Supply `report.post`."""
    return [PostReport(setup)]
