"""One page to look at the portal with: deals by stage, feed, Drive, notices, letters. It changes nothing."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, render_template_string

from engine.emulator.calling import to_int
from engine.emulator.demo import drive_tree
from engine.emulator.fields import DEAL
from engine.emulator.mailbox import read_mails
from engine.emulator.portal import Portal
from engine.emulator.stages import categories, stage_entity
from engine.emulator.store import Record

_PAGE = """<!doctype html>
<html lang="ru"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,
initial-scale=1"> <title>{{ domain }}</title><style>
body{font:15px/1.45 system-ui,sans-serif;margin:0;background:#f3f5f7;color:#1c2733}
header{background:#14507a;color:#fff;padding:14px 24px}header small{opacity:.8}
main{padding:16px 24px;max-width:1500px;margin:auto}h2{margin:28px 0 8px;font-size:19px}
.board{display:flex;gap:10px;overflow-x:auto;align-items:flex-start}.stage{flex:0 0 215px}
.stage h3{font-size:14px;margin:0 0 6px;padding:6px 9px;border-radius:6px;background:#dde5ec}
.card,.row{background:#fff;border-radius:6px;padding:8px 10px;margin-bottom:6px;box-shadow:0 1px 2px #0002}
.card b{display:block}.dim{color:#5b6b7a;font-size:13px}pre{white-space:pre-wrap;margin:4px 0;font:inherit}
a{color:#14507a}</style></head><body>
<header><b>{{ domain }}</b> <small>{{ now }}</small></header><main>
{% for funnel in funnels %}<h2>{{ funnel.name }}</h2><div class="board">
{% for stage in funnel.stages %}<section class="stage"><h3>{{ stage.name }} · {{ stage.deals|length }}</h3>
{% for deal in stage.deals %}<article class="card"><a href="/crm/deal/details/{{ deal.id }}/"><b>{{ deal.title
}}</b></a> <span class="dim">№ {{ deal.id }} · {{ deal.opportunity }} {{ deal.currencyId }}</span></article>{%
endfor %} </section>{% endfor %}</div>{% endfor %}
<h2>Лента</h2>{% for post in feed %}<div class="row"><b>{{ post.TITLE }}</b>
<span class="dim">{{ post.DATE_PUBLISH }}</span><pre>{{ post.DETAIL_TEXT }}</pre></div>{% else
%}<p>Пусто</p>{% endfor %} <h2>Уведомления</h2>{% for notice in notices %}<div class="row"><span
class="dim">сотруднику {{ notice.USER_ID }}, {{ notice.DATE }}</span><pre>{{ notice.MESSAGE }}</pre></div>{%
else %}<p>Пусто</p>{% endfor %} <h2>Письма</h2>{% for mail in mails %}<div class="row"><b>{{ mail.subject
}}</b> <span class="dim">{{ mail.from }} → {{ mail.to|join(', ') }}, {{ mail.time }}</span><pre>{{ mail.text
}}</pre> {% for file in mail.attachments %}<span class="dim">{{ file.name }} ({{ file.size }} байт)</span>{%
endfor %} </div>{% else %}<p>Пусто</p>{% endfor %}
<h2>Диск</h2><ul>{% for entry in disk %}<li>{{ entry.path }}{% if entry.type == 'file' %}
<span class="dim">{{ entry.size }} байт</span>{% else %}/{% endif %}</li>{% endfor %}</ul>
</main></body></html>"""

_DEAL = """<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>{{ deal.title }}</title></head>
<body style="font:15px/1.45 system-ui,sans-serif;margin:24px"><p><a href="/">← все сделки</a></p>
<h1>{{ deal.title }}</h1><table>{% for name, value in deal.items() %}{% if value not in (none, '', []) %}
<tr><td style="color:#5b6b7a;padding-right:16px">{{ name }}</td><td>{{ value }}</td></tr>{% endif %}{% endfor
%} </table></body></html>"""


def _stages(portal: Portal, category: int, deals: list[Record]) -> list[Record]:
    entity = stage_entity(DEAL, category)
    rows = [row for row in portal.store.rows("status") if row["ENTITY_ID"] == entity]
    rows.sort(key=lambda row: to_int(row.get("SORT")))
    return [
        {
            "name": row["NAME"],
            "deals": [
                deal
                for deal in deals
                if deal["stageId"] == row["STATUS_ID"] and to_int(deal["categoryId"]) == category
            ],
        }
        for row in rows
    ]


def _funnels(portal: Portal) -> list[Record]:
    deals = portal.store.rows(f"item_{DEAL}")
    return [
        {"name": row["name"], "stages": _stages(portal, to_int(row["id"]), deals)}
        for row in categories(portal.store, DEAL)
    ]


def create_blueprint(portal: Portal) -> Blueprint:
    """`/` and the deal pages its links lead to."""
    blueprint = Blueprint("page", __name__)

    @blueprint.get("/")
    def show() -> str:
        return render_template_string(
            _PAGE,
            domain=portal.domain,
            now=portal.clock.stamp(),
            funnels=_funnels(portal),
            feed=list(reversed(portal.store.rows("post"))),
            notices=list(reversed(portal.store.rows("notice"))),
            mails=list(reversed(read_mails(portal.store))),
            disk=drive_tree(portal),
        )

    @blueprint.get("/crm/deal/details/<int:deal_id>/")
    def show_deal(deal_id: int) -> tuple[str, int] | str:
        deal: Mapping[str, object] | None = portal.store.get(f"item_{DEAL}", deal_id)
        if deal is None:
            return "Сделка не найдена", 404
        return render_template_string(_DEAL, deal=deal)

    return blueprint
