"""The demo portal's pages over HTTP: what they show, what their forms do, whom they refuse."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import httpx
import pytest

from engine.emulator import Portal, create_app, open_portal
from engine.emulator.company import demo_company, empty_company, story
from engine.emulator.demo import set_receiver
from engine.emulator.mailbox import Mailbox
from engine.emulator.pages import TABS, words
from engine.emulator.pages.guide import read_guide
from engine.emulator.person import Person
from engine.emulator.serve import PortalServer

DEAL, ACT, INVOICE = 2, 1044, 31
PAID = "UF_CRM_SMART_INVOICE_1747310001"
NASTY = '<script>alert("x")</script>'


@pytest.fixture
def demo() -> Iterator[Portal]:
    with open_portal(None, demo_company()) as portal:
        portal.deliveries.delay = 0.0
        yield portal


@pytest.fixture
def http(demo: Portal) -> Iterator[httpx.Client]:
    with PortalServer(demo) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        client.headers["Origin"] = server.url
        yield client


def page(http: httpx.Client, path: str) -> str:
    answer = http.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text.replace("\u00a0", " ")


def only(demo: Portal, kind: int, deal: int) -> int:
    (row,) = [row for row in demo.store.rows(f"item_{kind}") if row["parentId2"] == deal]
    return int(str(row["id"]))


def row(demo: Portal, kind: int, number: int) -> dict[str, object]:
    found = demo.store.get(f"item_{kind}", number)
    assert found is not None
    return found


def went_to(answer: httpx.Response, deal: int, done: str, tab: str = "acts") -> None:
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"] == f"/crm/deal/details/{deal}/?tab={tab}&done={done}&again=3"


def whole(http: httpx.Client, deal: int) -> str:
    """The deal's page, all tabs of it."""
    return "".join(page(http, f"/crm/deal/details/{deal}/?tab={tab}") for tab in TABS)


def refresh_of(text: str) -> str:
    found = re.search(r'<noscript><meta http-equiv="refresh" content="([^"]*)"></noscript>', text)
    return found[1].replace("&amp;", "&") if found else ""


# what is shown


def test_the_board_shows_columns_with_sums_and_cards(http, demo):
    text = page(http, "/")
    columns = text.split('<section class="column"')[1:]
    assert [re.search(r"<h2[^>]*>(.*?)</h2>", one)[1] for one in columns] == [
        "Новая", "В работе", "Отчет отправлен", "Счет и акты отправлены", "Счет оплачен",
        "Успешная, запрошен отзыв", "Проиграна",
    ]  # fmt: skip
    (lost,) = [one for one in demo.store.rows("item_2") if one["stageId"] == "C4:LOSE"]
    sums = words.money(words.read_money(lost["opportunity"])).replace("\u00a0", " ")
    assert f"<b>{sums}</b><span>1 сделка</span>" in columns[-1]
    assert f'href="/crm/deal/details/{story.DEAL_LOST}/"' in columns[-1]
    shown = len(re.findall(r'<article class="card"', text))
    assert shown == sum(one["categoryId"] == 4 for one in demo.store.rows("item_2"))
    assert "АО «Приволжский завод упаковки»" in columns[3]


def test_the_other_funnel_has_its_own_board(http, demo):
    cards = re.findall(r'<article class="card"', page(http, "/?category=0"))
    assert len(cards) == sum(one["categoryId"] == 0 for one in demo.store.rows("item_2")) > 0


def test_a_deal_shows_its_fields_acts_and_invoices(http):
    text = whole(http, story.DEAL_UNSIGNED_UNPAID)
    for shown in ("Канбан производства и сменные задания", "134 845,95 ₽", "Марина Ветрова", "ИНН 6399002648",
                  "А-2026/015", "от 12.03.2026", "НЕТ", "Акт А-2026-015.pdf", "СЧ-2026/013", "не оплачен"):  # fmt: skip
        assert shown in text
    won = whole(http, story.DEAL_WON)
    assert "ДА" in won
    assert "подписанный.pdf" in won


def test_an_act_s_address_leads_to_its_deal(http, demo):
    act = only(demo, ACT, story.DEAL_UNSIGNED_UNPAID)
    answer = http.get(f"/crm/type/{ACT}/details/{act}/")
    assert (
        answer.headers["Location"]
        == f"/crm/deal/details/{story.DEAL_UNSIGNED_UNPAID}/?tab=acts#item-{ACT}-{act}"
    )


@pytest.mark.parametrize(
    "path", ["/crm/deal/details/9999/", "/crm/type/1044/details/9999/", "/demo-portal/files/9999",
             "/demo-portal/disk/1", "/demo-portal/mails/1/1"]
)  # fmt: skip
def test_what_is_not_there_is_not_found(http, path):
    assert http.get(path).status_code == 404


def test_links_give_the_bytes(http, demo):
    act = row(demo, ACT, only(demo, ACT, story.DEAL_UNSIGNED_UNPAID))
    number = act["UF_CRM_12_DOCUMENT"]["id"]
    answer = http.get(f"/demo-portal/files/{number}")
    assert (answer.headers["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    stored = demo.store.get("file", number)
    assert answer.content == demo.store.read_content(stored["sha256"])
    leaf = next(one for one in demo.store.rows("disk") if one["TYPE"] == "file")
    assert f'href="/demo-portal/disk/{leaf["ID"]}"' in page(http, "/disk")
    assert len(http.get(f"/demo-portal/disk/{leaf['ID']}").content) == leaf["SIZE"]


def test_a_file_that_is_no_pdf_is_never_shown_as_a_page(http, demo):
    number = Person(demo, 6).put_file(1, "Акты/злой.html", NASTY.encode())
    answer = http.get(f"/demo-portal/disk/{number}")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_only_what_is_new_on_the_drive_is_marked_and_the_way_to_it_open(http, demo):
    assert "новое</span>" not in page(http, "/disk")
    http.post("/_demo/clock", json={"advance": 3600})
    Person(demo, 6).put_file(1, "Договоры/2024/АО «Связь и Сети»/сегодня.pdf", b"%PDF-1")
    text = page(http, "/disk")
    assert text.count("новое</span>") == 1
    assert " open>" in text.split('<span class="folder">АО «Связь и Сети»</span>')[0][-60:]
    assert text.count(" open>") == len(demo.store.rows("storage")) + 3


def test_feed_notices_and_mails(http, demo):
    link = "[URL=/crm/deal/details/118/]Кастомизация[/URL]"
    http.post(
        "/rest/1/demo/log.blogpost.add",
        json={"POST_TITLE": "Готово", "POST_MESSAGE": f"Сделка {link} закрыта"},
    )
    http.post("/rest/1/demo/im.notify.personal.add", json={"USER_ID": 7, "MESSAGE": "Скан не принят"})
    letter = EmailMessage()
    letter["Subject"], letter["From"], letter["To"] = "Акт 19", "docs@own.example", "buh@client.example"
    letter.set_content("Просим подписать")
    letter.add_attachment(b"%PDF-act", maintype="application", subtype="pdf", filename="Акт.pdf")
    with Mailbox(demo) as box, smtplib.SMTP("127.0.0.1", box.port) as smtp:
        smtp.send_message(letter)
    feed = page(http, "/feed")
    assert 'Сделка <a href="/crm/deal/details/118/">Кастомизация</a> закрыта' in feed
    assert "Готово" in feed
    assert "Скан не принят" in page(http, "/notices")
    assert "Скан не принят" in page(http, "/notices?user=7")
    assert "Скан не принят" not in page(http, "/notices?user=6")
    mails = page(http, "/mails")
    for shown in ("Акт 19", "buh@client.example", "Просим подписать", "Акт.pdf"):
        assert shown in mails
    number = demo.store.rows("mail")[0]["id"]
    assert http.get(f"/demo-portal/mails/{number}/1").content == b"%PDF-act"
    assert http.get(f"/demo-portal/mails/{number}/2").status_code == 404


def test_a_page_that_shows_refreshes_itself_until_told_not_to(http):
    seen = page(http, "/feed")
    assert (refresh_of(seen), "<body data-live>" in seen) == ("5", True)
    stopped = page(http, "/feed?live=off")
    assert (refresh_of(stopped), "<body>" in stopped) == ("", True)
    assert "Включить" in stopped


def test_an_empty_portal_and_a_foreign_one_have_pages_too(portal):
    for one in (portal, None):
        with open_portal(None, empty_company()) as empty:
            client = create_app(one or empty).test_client()
            for path in ("/", "/feed", "/notices", "/disk", "/mails"):
                assert client.get(path).status_code == 200, path
    assert "Акт 5" in create_app(portal).test_client().get("/crm/deal/details/1/?tab=acts").text


def test_what_stands_beside_shows_only_where_something_does(demo):
    alone = create_app(demo).test_client().get("/")
    assert "<iframe" not in alone.text
    assert 'id="guide"' not in alone.text
    assert "frame-src 'none'" in alone.headers["Content-Security-Policy"]
    client = create_app(demo, lambda: "http://127.0.0.1:8026/sign-in/x?next=/strip").test_client()
    seen = client.get("/")
    assert '<iframe src="http://127.0.0.1:8026/sign-in/x?next=/strip" title=' in seen.text
    assert "frame-src http://127.0.0.1:8026;" in seen.headers["Content-Security-Policy"]
    own = {"Origin": "http://localhost"}
    assert client.post("/demo-portal/steps", data={"state": "closed"}, headers=own).status_code == 303
    assert ('id="guide"' in seen.text, 'id="guide"' in client.get("/").text) == (True, False)
    client.post("/demo-portal/steps", data={"state": "open"}, headers=own)
    assert 'id="guide"' in client.get("/").text


def test_the_steps_tick_themselves_off_by_what_stands_on_the_portal(demo):
    person, deal = Person(demo, 6), story.DEAL_UNSIGNED_UNPAID
    kept = read_guide(demo)
    assert (kept.deal.id, kept.done, kept.next) == (story.DEAL_FRESH, (False, False, False), 1)
    person.move(DEAL, deal, "C4:UC_REPORT")
    assert (read_guide(demo).deal.id, read_guide(demo).next) == (deal, 2)
    person.attach(ACT, only(demo, ACT, deal), "ufCrm12Scan", "скан.pdf", b"%PDF-1")
    assert read_guide(demo).next == 3
    invoice = only(demo, INVOICE, deal)
    amount = row(demo, INVOICE, invoice)["opportunity"]
    person.update(INVOICE, invoice, {"ufCrm_SMART_INVOICE_1747310001": f"{amount}|RUB"})
    assert (read_guide(demo).next, read_guide(demo).is_won) == (0, False)
    person.move(DEAL, deal, "C4:WON")
    assert read_guide(demo).is_won


# what the forms do


def test_a_ready_scan_needs_no_file(http, demo):
    act = only(demo, ACT, story.DEAL_UNSIGNED_UNPAID)
    went_to(http.post(f"/demo-portal/acts/{act}/scan/sample"), story.DEAL_UNSIGNED_UNPAID, "scan")
    held = row(demo, ACT, act)
    assert held["UF_CRM_12_SCAN"]["name"] == "Акт А-2026-015 подписанный.pdf"
    files = [
        http.get(f"/demo-portal/files/{held[code]['id']}").content
        for code in ("UF_CRM_12_SCAN", "UF_CRM_12_DOCUMENT")
    ]
    assert files[0].startswith(b"%PDF-")
    assert files[0] != files[1]


def test_the_bell_counts_what_the_chosen_employee_has_not_read(http):
    for user in (6, 6, 7):
        http.post("/rest/1/demo/im.notify.personal.add", json={"USER_ID": user, "MESSAGE": f"Вам, {user}"})
    seen = page(http, "/")
    assert '<span class="count">2</span>' in seen
    last = re.search(r'name="last" value="(\d+)"', seen)[1]
    assert http.post("/demo-portal/notices/read", data={"last": last}).headers["Location"] == "/notices"
    assert '<span class="count">' not in page(http, "/")
    http.post("/demo-portal/user", data={"user": "7"})
    assert '<span class="count">1</span>' in page(http, "/")


def test_a_deal_is_moved_and_the_portal_says_so(http, demo, receiver):
    set_receiver(demo, receiver.url)
    answer = http.post(f"/demo-portal/deals/{story.DEAL_FRESH}/stage", data={"stage": "C4:UC_REPORT"})
    went_to(answer, story.DEAL_FRESH, "stage", "general")
    moved = row(demo, DEAL, story.DEAL_FRESH)
    assert (moved["stageId"], moved["movedBy"], moved["updatedBy"]) == ("C4:UC_REPORT", 6, 6)
    assert demo.deliveries.settle(10)
    (post,) = receiver.posts
    assert (post["event"], post["data[FIELDS][ID]"]) == ("ONCRMDEALUPDATE", str(story.DEAL_FRESH))


def test_the_page_after_a_deed_says_it_and_looks_again_a_few_times(http):
    path = f"/crm/deal/details/{story.DEAL_FRESH}/"
    first = page(http, f"{path}?tab=acts&done=scan&again=3")
    assert "Скан загружен." in first
    assert refresh_of(first) == f"3; url={path}?tab=acts&done=scan&again=2"
    assert refresh_of(page(http, f"{path}?done=scan&again=1")) == f"3; url={path}?tab=general&done=scan"
    assert refresh_of(page(http, f"{path}?done=scan")) == ""
    assert refresh_of(page(http, f"{path}?again=99")).endswith("again=2")


def test_a_scan_is_put_replaced_and_cleared(http, demo, receiver):
    set_receiver(demo, receiver.url)
    act = only(demo, ACT, story.DEAL_UNSIGNED_UNPAID)
    for content in (b"%PDF-first", b"%PDF-second"):
        answer = http.post(f"/demo-portal/acts/{act}/scan", files={"scan": ("скан акта.pdf", content)})
        went_to(answer, story.DEAL_UNSIGNED_UNPAID, "scan")
        held = row(demo, ACT, act)["UF_CRM_12_SCAN"]
        assert (held["name"], http.get(f"/demo-portal/files/{held['id']}").content) == (
            "скан акта.pdf",
            content,
        )
    assert "скан акта.pdf" in whole(http, story.DEAL_UNSIGNED_UNPAID)
    answer = http.post(f"/demo-portal/acts/{act}/scan/clear")
    went_to(answer, story.DEAL_UNSIGNED_UNPAID, "cleared")
    assert row(demo, ACT, act)["UF_CRM_12_SCAN"] is None
    assert demo.deliveries.settle(10)
    told = {(post["event"], post["data[FIELDS][ID]"]) for post in receiver.posts}
    assert ("ONCRMDYNAMICITEMUPDATE", str(act)) in told


def test_the_original_s_day_and_the_cancelling_mark(http, demo):
    act = only(demo, ACT, story.DEAL_UNSIGNED_UNPAID)
    deal = story.DEAL_UNSIGNED_UNPAID
    for typed, stored, done in (("2026-03-15", "2026-03-15", "original"), ("", None, "no-original")):
        went_to(http.post(f"/demo-portal/acts/{act}/original", data={"original": typed}), deal, done)
        assert row(demo, ACT, act)["UF_CRM_12_ORIGINALRECEIVEDAT"] == stored
    went_to(http.post(f"/demo-portal/acts/{act}/cancelled", data={"cancelled": "Y"}), deal, "cancelled")
    assert row(demo, ACT, act)["UF_CRM_12_CANCELLED"] == "Y"
    went_to(http.post(f"/demo-portal/acts/{act}/cancelled"), deal, "restored")
    assert row(demo, ACT, act)["UF_CRM_12_CANCELLED"] == "N"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("30 000,5", "30000.50|RUB"), ("134845.95", "134845.95|RUB"), ("1\u00a0200 ₽", "1200.00|RUB"), ("0", "0.00|RUB")],
)  # fmt: skip
def test_a_payment_is_written(http, demo, typed, stored):
    invoice = only(demo, INVOICE, story.DEAL_UNSIGNED_UNPAID)
    answer = http.post(f"/demo-portal/invoices/{invoice}/paid", data={"paid": typed})
    went_to(answer, story.DEAL_UNSIGNED_UNPAID, "paid", "invoices")
    assert row(demo, INVOICE, invoice)[PAID] == stored


def test_the_chosen_employee_acts_from_then_on(http, demo):
    answer = http.post("/demo-portal/user", data={"user": "7", "back": "/feed"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/feed")
    assert '<option value="7" selected>' in page(http, "/")
    http.post(f"/demo-portal/deals/{story.DEAL_FRESH}/stage", data={"stage": "C4:UC_REPORT"})
    assert row(demo, DEAL, story.DEAL_FRESH)["movedBy"] == 7


@pytest.mark.parametrize("user", [story.USER_ROBOT, story.USER_DISMISSED, 99, "x"])
def test_nobody_acts_as_the_robot_or_one_who_left(http, demo, user):
    assert http.post("/demo-portal/user", data={"user": user}).status_code == 400
    http.cookies.set("demo_portal_user", str(user))
    http.post(f"/demo-portal/deals/{story.DEAL_FRESH}/stage", data={"stage": "C4:UC_REPORT"})
    assert row(demo, DEAL, story.DEAL_FRESH)["movedBy"] == 6


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", ""])
def test_the_choice_never_leads_elsewhere(http, back):
    assert http.post("/demo-portal/user", data={"user": "7", "back": back}).headers["Location"] == "/"


# what is refused


def test_what_cannot_be_is_refused_in_words_and_changes_nothing(http, demo):
    act, invoice = (only(demo, kind, story.DEAL_UNSIGNED_UNPAID) for kind in (ACT, INVOICE))
    before = [row(demo, ACT, act), row(demo, INVOICE, invoice), row(demo, DEAL, story.DEAL_FRESH)]
    path = f"/crm/deal/details/{story.DEAL_UNSIGNED_UNPAID}/"
    http.headers["Referer"] = str(http.base_url).rstrip("/") + path
    for address, given in (
        (f"acts/{act}/scan", {"files": {"scan": ("пусто.pdf", b"")}}),
        (f"acts/{act}/scan", {}),
        (f"acts/{act}/original", {"data": {"original": "вчера"}}),
        (f"invoices/{invoice}/paid", {"data": {"paid": "много"}}),
        (f"invoices/{invoice}/paid", {"data": {"paid": "-5"}}),
        (f"deals/{story.DEAL_FRESH}/stage", {"data": {"stage": "C4:NONE"}}),
        (f"deals/{story.DEAL_FRESH}/stage", {}),
    ):
        answer = http.post(f"/demo-portal/{address}", **given)
        assert answer.status_code == 400, address
        assert "Не сохранено" in answer.text
        assert f'href="{path}"' in answer.text
    assert [row(demo, ACT, act), row(demo, INVOICE, invoice), row(demo, DEAL, story.DEAL_FRESH)] == before
    assert http.post("/demo-portal/acts/9999/scan/clear").status_code == 404
    assert http.post("/demo-portal/deals/9999/stage", data={"stage": "C4:NEW"}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "", "Referer": "https://evil.example/127.0.0.1"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
def test_a_form_of_another_page_is_refused(http, demo, headers):
    before = row(demo, DEAL, story.DEAL_FRESH)
    answer = http.post(
        f"/demo-portal/deals/{story.DEAL_FRESH}/stage", data={"stage": "C4:UC_REPORT"}, headers=headers
    )
    assert answer.status_code == 403
    assert row(demo, DEAL, story.DEAL_FRESH) == before


def test_a_referer_of_our_own_is_enough(http):
    headers = {"Origin": "", "Referer": f"{http.headers['Origin']}/crm/deal/details/1/"}
    answer = http.post("/demo-portal/user", data={"user": "7"}, headers=headers)
    assert answer.status_code == 303


def test_strangers_and_strange_names_of_this_machine_are_refused(demo):
    client = create_app(demo).test_client()
    assert client.get("/", environ_base={"REMOTE_ADDR": "10.0.0.8"}).status_code == 403
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 403
    for host in ("localhost:8025", "127.0.0.1:8025", "[::1]:8025"):
        assert client.get("/", headers={"Host": host}).status_code == 200


def test_everything_is_escaped(http, demo):
    person = Person(demo, 6)
    deal = story.DEAL_UNSIGNED_UNPAID
    person.update(DEAL, deal, {"title": NASTY})
    person.update(4, story.CLIENT_PACKAGING, {"title": NASTY})
    person.attach(ACT, only(demo, ACT, deal), "ufCrm12Scan", f"{NASTY}.pdf", b"%PDF-1")
    person.update(ACT, only(demo, ACT, deal), {"ufCrm12Refusal": NASTY})
    text = f"{NASTY} [URL=javascript:alert(1)]жми[/URL] [B]{NASTY}[/B]"
    http.post("/rest/1/demo/log.blogpost.add", json={"POST_TITLE": NASTY, "POST_MESSAGE": f"текст {text}"})
    http.post("/rest/1/demo/im.notify.personal.add", json={"USER_ID": 6, "MESSAGE": text})
    deal_pages = [f"/crm/deal/details/{deal}/?tab={tab}" for tab in TABS]
    for path in ("/", *deal_pages, "/feed", "/notices", "/mails", "/disk"):
        answer = http.get(path)
        scripts = re.findall(r"<script[^>]*>[^<]*", answer.text)
        assert scripts == ['<script src="/demo-portal/static/portal.js" defer>'], path
        assert "javascript:" not in answer.text, path
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "&lt;script&gt;" in page(http, "/feed")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a < b & c", "a &lt; b &amp; c"),
        ("[B]да[/B]", "<b>да</b>"),
        ("[URL=/crm/deal/details/1/]тут[/URL].", '<a href="/crm/deal/details/1/">тут</a>.'),
        ("[URL=//evil.example]тут[/URL]", "тут"),
        ("см. https://a.example/x?y=1&z=2.", 'см. <a href="https://a.example/x?y=1&amp;z=2">https://a.example/x?y=1&amp;z=2</a>.'),
        ('[URL=https://a.example/"onclick="x]t[/URL]', '<a href="https://a.example/&#34;onclick=&#34;x">t</a>'),
    ],
)  # fmt: skip
def test_the_portal_s_markup(text, shown):
    assert str(words.markup(text)) == shown
