"""The demo portal a person can look at and play with: which address shows which page.

The pages read the portal's own rows and act only through `Person`, so what is done here raises the events
that the same deed raises on a portal. They know nothing of whoever listens. This machine only.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from engine.emulator.calling import to_int
from engine.emulator.fields import DEAL, INVOICE
from engine.emulator.pages import bell, bytes_out, deeds, door, guide, words
from engine.emulator.pages.board import read_board
from engine.emulator.pages.deal import deal_of_item, read_deal
from engine.emulator.pages.people import acting_user, choices, full_name
from engine.emulator.pages.streams import read_feed, read_letters, read_notices
from engine.emulator.pages.tree import read_drives
from engine.emulator.portal import Portal

GENERAL = "general"
TABS = (GENERAL, "acts", "invoices", "history")
AFTER_DEED = 3
"""Seconds between the looks at a deal after a deed: an event's way there and the answer's way back."""
LIVE = 5
"""Seconds between the looks at a page that only shows, where the browser runs no scripts; with them it is 2."""


def create_blueprint(portal: Portal, beside: Callable[[], str] = str) -> Blueprint:
    """`/`, the deal pages, `/feed`, `/notices`, `/disk`, `/mails`, and the forms under `/demo-portal/`.

    `beside` gives the address of a page to show in a frame beside these and the steps that lead a newcomer; "" for
    neither.
    """
    blueprint = Blueprint(
        "pages",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/demo-portal/static",
    )
    door.guard(blueprint, beside)
    _show_lists(blueprint, portal)
    _show_deals(blueprint, portal)
    bytes_out.add_routes(blueprint, portal)
    deeds.add_routes(blueprint, portal)
    bell.add_routes(blueprint, portal)
    guide.add_routes(blueprint)

    @blueprint.context_processor
    def shared() -> dict[str, object]:
        return {
            "domain": portal.domain,
            "now": words.moment(portal.clock.stamp()),
            "me": acting_user(portal),
            "people": choices(portal),
            "bell": bell.read_bell(portal),
            "beside": beside(),
            "guide": guide.read_guide(portal) if beside() and not guide.is_closed() else None,
            "guide_closed": bool(beside()) and guide.is_closed(),
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


def _live(template: str, **shown: object) -> str:
    """A page that looks again by itself until the reader stops it (WCAG 2.2.2)."""
    is_live = request.args.get("live") != "off"
    refresh = shown.pop("refresh", str(LIVE))
    return render_template(template, is_live=is_live, refresh=refresh if is_live else "", **shown)


def _show_lists(blueprint: Blueprint, portal: Portal) -> None:
    @blueprint.get("/")
    def board() -> str:
        wanted = request.args.get("category")
        found = read_board(portal, None if wanted is None else to_int(wanted))
        return _live("board.html", board=found)

    @blueprint.get("/feed")
    def feed() -> str:
        return _live("feed.html", posts=read_feed(portal))

    @blueprint.get("/notices")
    def notices() -> str:
        user = to_int(request.args.get("user"))
        rows = read_notices(portal, user)
        return _live("notices.html", notices=rows, user=user, name=full_name(portal, user) if user else "")

    @blueprint.get("/mails")
    def mails() -> str:
        return _live("mails.html", letters=read_letters(portal))

    @blueprint.get("/disk")
    def disk() -> str:
        return _live("disk.html", drives=read_drives(portal))


def _show_deals(blueprint: Blueprint, portal: Portal) -> None:
    @blueprint.get("/crm/deal/details/<int:deal_id>/")
    def deal(deal_id: int) -> str:
        again = min(to_int(request.args.get("again")), deeds.LOOKS)
        done, tab = request.args.get("done", ""), request.args.get("tab", "")
        tab = tab if tab in TABS else GENERAL
        where = deeds.after(deal_id, done, tab, again - 1)
        return _live(
            "deal.html",
            refresh=f"{AFTER_DEED}; url={where}" if again > 0 else "",
            deal=read_deal(portal, deal_id),
            done=deeds.DONE.get(done, ""),
            tab=tab,
        )

    @blueprint.get("/crm/type/<int:entity_type>/details/<int:item_id>/")
    def item(entity_type: int, item_id: int) -> AnyResponse:
        """An act or an invoice has no page of its own here: it is shown on its deal's."""
        deal_id = item_id if entity_type == DEAL else deal_of_item(portal, entity_type, item_id)
        if entity_type == DEAL:
            return deeds.see_deal(deal_id)
        tab = "invoices" if entity_type == INVOICE else "acts"
        return deeds.see_deal(deal_id, f"?tab={tab}#item-{entity_type}-{item_id}")
