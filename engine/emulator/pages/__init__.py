"""The demo portal a person can look at and play with: which address shows which page.

The pages read the portal's own rows and act only through `Person`, so what is done here raises the events
that the same deed raises on a portal. They know nothing of whoever listens. This machine only.
"""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from engine.emulator.calling import to_int
from engine.emulator.fields import DEAL
from engine.emulator.pages import bytes_out, deeds, door, words
from engine.emulator.pages.board import read_board
from engine.emulator.pages.deal import deal_of_item, read_deal
from engine.emulator.pages.people import acting_user, choices, full_name
from engine.emulator.pages.streams import read_feed, read_letters, read_notices
from engine.emulator.pages.tree import read_drives
from engine.emulator.portal import Portal

AFTER_DEED = 3
"""Seconds between the looks at a deal after a deed: an event's way there and the answer's way back."""
LIVE = 5
"""Seconds between the looks at a page that only shows."""


def create_blueprint(portal: Portal) -> Blueprint:
    """`/`, the deal pages, `/feed`, `/notices`, `/disk`, `/mails`, and the forms under `/demo-portal/`."""
    blueprint = Blueprint(
        "pages",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/demo-portal/static",
    )
    door.guard(blueprint)
    _show_lists(blueprint, portal)
    _show_deals(blueprint, portal)
    bytes_out.add_routes(blueprint, portal)
    deeds.add_routes(blueprint, portal)

    @blueprint.context_processor
    def shared() -> dict[str, object]:
        return {
            "domain": portal.domain,
            "now": words.moment(portal.clock.stamp()),
            "me": acting_user(portal),
            "people": choices(portal),
            "notice_count": len(portal.store.rows("notice")),
            "mail_count": len(portal.store.rows("mail")),
            "money": words.money,
            "day": words.day,
            "moment": words.moment,
            "size": words.size,
            "markup": words.markup,
        }

    @blueprint.errorhandler(NotFound)
    def missing(_error: NotFound) -> tuple[str, int]:
        text = "Такой страницы нет: запись удалена или ещё не создана."
        return render_template("refused.html", title="Не найдено", text=text, back="/"), 404

    return blueprint


def _live(template: str, **shown: object) -> Response:
    """A page that looks again by itself until the reader stops it (WCAG 2.2.2)."""
    is_live = request.args.get("live") != "off"
    answer = Response(render_template(template, is_live=is_live, has_switch=True, **shown))
    if is_live:
        answer.headers["Refresh"] = str(LIVE)
    return answer


def _show_lists(blueprint: Blueprint, portal: Portal) -> None:
    @blueprint.get("/")
    def board() -> Response:
        wanted = request.args.get("category")
        found = read_board(portal, None if wanted is None else to_int(wanted))
        return _live("board.html", board=found)

    @blueprint.get("/feed")
    def feed() -> Response:
        return _live("feed.html", posts=read_feed(portal))

    @blueprint.get("/notices")
    def notices() -> Response:
        user = to_int(request.args.get("user"))
        rows = read_notices(portal, user)
        return _live("notices.html", notices=rows, user=user, name=full_name(portal, user) if user else "")

    @blueprint.get("/mails")
    def mails() -> Response:
        return _live("mails.html", letters=read_letters(portal))

    @blueprint.get("/disk")
    def disk() -> str:
        return render_template("disk.html", drives=read_drives(portal))


def _show_deals(blueprint: Blueprint, portal: Portal) -> None:
    @blueprint.get("/crm/deal/details/<int:deal_id>/")
    def deal(deal_id: int) -> Response:
        again = min(to_int(request.args.get("again")), deeds.LOOKS)
        done = request.args.get("done", "")
        page = render_template(
            "deal.html",
            deal=read_deal(portal, deal_id),
            done=deeds.DONE.get(done, ""),
            again=again,
            every=AFTER_DEED,
        )
        answer = Response(page)
        if again > 0:
            where = deeds.after(deal_id, done, again - 1)
            answer.headers["Refresh"] = f"{AFTER_DEED}; url={where}"
        return answer

    @blueprint.get("/crm/type/<int:entity_type>/details/<int:item_id>/")
    def item(entity_type: int, item_id: int) -> AnyResponse:
        """An act or an invoice has no page of its own here: it is shown on its deal's."""
        deal_id = item_id if entity_type == DEAL else deal_of_item(portal, entity_type, item_id)
        return deeds.see_deal(deal_id, f"item-{entity_type}-{item_id}")
