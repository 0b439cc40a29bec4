"""The shipped actions in a running engine: answers lost on the way double nothing, and a run is taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from engine.emulator.faults import Fault, Request
from engine.emulator.person import Person
from engine.emulator.portal import Portal
from engine.runtime.requests import ask, wait_for_answer
from tests.plugins.portal_case import DOUBTFUL
from tests.plugins.test_mail import Post, address_of, post, server
from tests.runtime.service_case import ACT, DEAL, Live, running

__all__ = ["post", "server"]
LETTERS = """\
ruleset: test
rules:
  - id: write
    triggers:
      - changed: deal.title
    actions:
      - mail.send: {to: [a@example.com, b@example.com, c@example.com], subject: Акт, text: Готов}
        as: sent
        key: letters ${deal.id}
      - notify: {to: "${deal.manager}", text: "Письма ушли"}
"""
RULES = """\
ruleset: test
rules:
  - id: issue
    triggers:
      - changed: deal.title
    actions:
      - act.issue: {}
        as: issued
        key: act ${deal.id}
      - notify: {to: "${deal.manager}", text: "Акт ${issued.number} готов", feed: true}
      - feed.post: {text: "Акт ${issued.number}: всем", to: [DR3]}
        key: all ${deal.id}
"""


class Breaking:
    """Each named method's first call is carried out and its answer lost."""

    def __init__(self, *methods: str) -> None:
        self.left = set(methods)

    def __call__(self, seen: Request) -> Fault | None:
        if seen.method not in self.left:
            return None
        self.left.remove(seen.method)
        return DOUBTFUL


def use(portal: Portal, plan: Breaking | None) -> None:
    portal.faults = portal.command_faults = plan


def acts_of(live: Live) -> list[dict[str, Any]]:
    person = Person(live.portal)
    items = live.call("crm.item.list", entityTypeId=ACT, filter={"parentId2": 118}, select=["id"])["items"]
    return [dict(person.get(ACT, row["id"])) for row in items]


def posts(live: Live) -> list[str]:
    return [
        text
        for row in live.portal.store.rows("post")
        if "готов" in (text := str(row["DETAIL_TEXT"])) or "всем" in text
    ]


def test_answers_lost_on_the_way_double_nothing_and_the_run_is_taken_back(tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        before = len(acts_of(live))
        plan = Breaking("crm.item.add", "im.notify.system.add", "log.blogpost.add")
        use(live.portal, plan)
        live.person.update(DEAL, 118, {"title": "Другое имя"})
        live.settle()
        assert not plan.left
        use(live.portal, None)
        run = live.runs()[0]
        assert run.status == "done"
        made = acts_of(live)[before:]
        assert len(made) == 1
        notices = [row for row in live.portal.store.rows("notice") if "готов" in str(row["MESSAGE"])]
        assert len(notices) == 1
        assert len(posts(live)) == 2
        store, now = live.service.store, live.service._clock()
        answer: Any = wait_for_answer(
            store, ask(store, "undo", {"run": str(run.n)}, now, lane="deal/118"), 20
        )
        assert answer is not None
        assert [line["step"] for line in answer["taken_back"]] == [3, 1], answer
        assert "не отозвать" in str(answer["left"])
        assert posts(live) == []
        assert acts_of(live)[before]["ufCrm12Cancelled"] == "Y"


def test_of_three_letters_only_the_refused_one_goes_again(
    tmp_path: Path, server: Controller, post: Post
) -> None:
    post.answers["b@example.com"] = "451 4.7.1 greylisted"
    variables = {"SMTP_PORT": str(address_of(server)[1])}
    with running(tmp_path, LETTERS, variables=variables, delays=(0.5, 0.5, 0.5)) as live:
        live.person.update(DEAL, 118, {"title": "Другое имя"})
        assert live.portal.deliveries.settle(10)
        while len(post.got) < 2:
            live.service._stopping.wait(0.05)
        post.answers.clear()
        live.settle()
        assert [run.status for run in live.runs()] == ["done"]
    assert sorted(rcpt[0] for rcpt, _ in post.got) == ["a@example.com", "b@example.com", "c@example.com"]


def test_a_doubtful_letter_waits_for_a_person_who_is_told_what_to_look_for(
    tmp_path: Path, server: Controller, post: Post
) -> None:
    post.faults["b@example.com"] = "after text"
    variables = {"SMTP_PORT": str(address_of(server)[1])}
    with running(tmp_path, LETTERS, variables=variables) as live:
        live.person.update(DEAL, 118, {"title": "Другое имя"})
        live.settle()
        row = live.service.store.row("SELECT status, reason FROM step WHERE action = 'mail.send'")
        assert row is not None
        assert row["status"] in ("failed", "unknown")
        assert "b@example.com, Message-ID <" in row["reason"]
        assert "принято: a@example.com, c@example.com" in row["reason"]
        intent = live.service.store.row("SELECT state FROM intent WHERE key = 'letters 118'")
        assert intent is not None
        assert intent["state"] == "unknown"
    assert len(post.got) == 3
