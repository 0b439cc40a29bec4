"""The requirements R6–R23 of the company's instruction, each held against the JSON of a shipped example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.regulations.golden import EVENT, EXAMPLES, bench, simulate_example

LINK = "/crm/deal/details/"


def forms(name: str) -> list[Any]:
    """Return the JSON of the example's event and of everything that follows from it."""
    return list(simulate_example(name).walk())


def effects(name: str, kind: str = "") -> list[Any]:
    """Return the effects of the whole chain in order, of one kind or all."""
    return [one for form in forms(name) for one in form["effects"] if kind in ("", one["kind"])]


def moves(name: str) -> list[tuple[str, str]]:
    return [(one["before"], one["after"]) for one in effects(name, "stage")]


def fields(name: str) -> dict[tuple[str, str], object]:
    return {(one["item"], one["field"]): one["after"] for one in effects(name, "field")}


def outcomes(name: str) -> dict[str, str]:
    """Return the last outcome of every rule that was woken at all."""
    return {
        rule["id"]: rule["outcome"]
        for form in forms(name)
        for rule in form["rules"]
        if rule["outcome"] != "not_triggered"
    }


def texts(name: str, kind: str) -> list[str]:
    return [one["text"].replace("\u00a0", " ") for one in effects(name, kind)]


def verdict(name: str) -> str:
    return str(forms(name)[0]["verdict"]["ru"]).replace("\u00a0", " ")


def created(name: str) -> dict[str, Any]:
    return {one["item"].partition("/")[0]: one["fields"] for one in effects(name, "item")}


@pytest.mark.parametrize("name", ["signed-after-payment", "signed-on-paper"])
def test_r2_a_scan_and_a_paper_original_both_count(name: str) -> None:
    assert fields(name)[("act/43", "signed")] is True
    assert moves(name)[-1] == ("invoice_paid", "won_review_requested")


@pytest.mark.parametrize("name", ["left-alone-other-pipeline", "left-alone-lost"])
def test_r5_the_regulation_keeps_to_its_pipeline_and_leaves_a_lost_deal(name: str) -> None:
    assert effects(name) == []
    assert set(outcomes(name).values()) == {"condition_false"}
    assert "только сделки направления" in verdict(name)


def test_r6_generated_sent_paid_and_signed_are_four_facts_of_their_own() -> None:
    made, set_ = created("issue-one-stage"), fields("issue-one-stage")
    assert {item for item, field in set_ if field == "document"} == {"act/new-1", "invoice/new-1"}
    assert set_[("act/new-1", "sent_at")] == set_[("invoice/new-1", "sent_at")] == "2026-03-16T10:05:00+03:00"
    assert made["act"]["signed"] is False
    assert made["invoice"]["paid"] == "0.00 RUB"


def test_r7_a_person_who_moves_the_deal_marks_the_money() -> None:
    set_ = fields("paid-by-hand-unsigned")
    assert set_ == {("invoice/33", "paid"): "134845.95 RUB", ("invoice/33", "paid_source"): "manual"}
    assert moves("paid-by-hand-unsigned") == []
    assert moves("paid-by-hand") == [("invoice_paid", "won_review_requested")]


@pytest.mark.parametrize("name", ["paid-by-hand-part", "paid-by-hand-no-invoice"])
def test_r7_a_mark_that_disagrees_with_the_money_is_flagged_and_closes_nothing(name: str) -> None:
    assert outcomes(name)["acts/paid-by-hand-mismatch"] == "fired"
    assert effects(name, "stage") == effects(name, "field") == []
    assert "деньги с этим не сходятся" in texts(name, "notice")[0]


def test_r8_a_sent_report_issues_mails_and_then_moves() -> None:
    kinds = [one["kind"] for one in effects("issue-one-stage")]
    order = [kinds.index(kind) for kind in ("item", "document", "mail", "stage")]
    assert order == sorted(order)
    [mail] = effects("issue-one-stage", "mail")
    assert mail["to"] == "buh@yolochka.example"
    assert mail["attachments"] == ["Акт ⟨next⟩.pdf", "Счёт ⟨next⟩.pdf"]
    assert moves("issue-one-stage") == [("report_sent", "documents_sent")]


def test_r8_without_an_address_nothing_counts_as_sent() -> None:
    name = "issue-client-without-email"
    assert effects(name, "mail") == effects(name, "stage") == []
    assert not [field for _, field in fields(name) if field == "sent_at"]
    [notice] = texts(name, "notice")
    assert "выпущены, но не отправлены" in notice


@pytest.mark.parametrize(
    ("name", "last_move"),
    [
        ("paid-before-signature", [("documents_sent", "invoice_paid")]),
        ("paid-in-advance", [("documents_sent", "invoice_paid")]),
        ("cancelled-invoice-pays-the-deal", [("documents_sent", "invoice_paid")]),
        ("paid-by-hand-unsigned", []),  # the person has moved it already
    ],
)
def test_r9_money_from_any_source_brings_the_deal_to_invoice_paid(name: str, last_move: list[Any]) -> None:
    assert moves(name)[-1:] == last_move
    assert outcomes(name)["acts/close-finished-deal"] == "condition_false"
    assert "ждёт подписанных актов" in verdict(name)


def test_r10_r12_the_act_hangs_on_its_deal() -> None:
    act = created("issue-one-stage")["act"]
    assert (act["deal"], act["client"], act["contract"]) == ("deal/118", "company/11", "contract/1")


def test_r11_r17_the_scan_goes_into_the_folder_of_year_client_and_act() -> None:
    [folder] = effects("signed-unpaid", "folder")
    assert folder["path"] == "Акты выполненных работ/2026/АО «Приволжский завод упаковки»/Акт А-2026-020"
    [file] = effects("signed-unpaid", "file")
    assert file["path"] == f"{folder['path']}/Акт подписан ПЗУ.pdf"


def test_r17_a_slash_in_a_name_makes_no_folder() -> None:
    [folder] = effects("signed-client-name-slash", "folder")
    assert folder["path"].split("/")[2:] == ["ООО «Торговый дом -Сыр-Масло-»", "Акт А-2026-022"]
    [file] = effects("signed-client-name-slash", "file")
    assert file["path"].endswith("/Акт № 22-03.jpg")


def test_r13_acts_by_stages_each_with_its_part() -> None:
    first, second = (created(f"issue-stage-{n}-of-2") for n in (1, 2))
    assert [made["act"]["stage_no"] for made in (first, second)] == [1, 2]
    assert [made["act"]["amount"] for made in (first, second)] == ["77505.17 RUB", "180845.38 RUB"]
    assert [made["invoice"]["amount"] for made in (first, second)] == ["77505.17 RUB", "180845.38 RUB"]
    assert effects("issue-nothing-left", "item") == []
    assert "выпускать нечего" in texts("issue-nothing-left", "notice")[0]


def test_r13_a_cancelled_act_frees_its_stage_and_an_invoiced_part_is_not_asked_for_again() -> None:
    for name in ("issue-again-after-cancelling", "issue-invoice-already-sent"):
        assert created(name)["act"]["stage_no"] == 1
        assert "invoice" not in created(name)
        [mail] = effects(name, "mail")
        assert mail["attachments"] == ["Акт ⟨next⟩.pdf"]
        assert "счёт" not in mail["subject"] + mail["text"]
    assert forms("issue-again-after-cancelling")[0]["plan"][0]["key"] == "act 120/1"


def test_r14_r19_signed_is_set_after_the_file_is_stored() -> None:
    plan = forms("signed-unpaid")[0]["plan"]
    steps = {step["action"]: step["step"] for step in plan}
    assert steps["disk.ensure_folder"] < steps["disk.save_file"] < steps["field.set"] < steps["notify"]
    assert fields("signed-unpaid") == {
        ("act/43", "signed"): True,
        ("act/43", "signed_at"): "2026-03-17T16:41:07+03:00",
    }


@pytest.mark.parametrize("name", ["scan-second-try", "signed-unpaid"])
def test_r15_a_file_in_the_field_is_what_starts_it(name: str) -> None:
    assert outcomes(name)["acts/store-signed-act"] == "fired"
    assert outcomes("act-refused").get("acts/store-signed-act") is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("scan-refused-original", "это наш неподписанный оригинал"),
        ("scan-refused-kind", "это не PDF и не изображение"),
        ("scan-refused-size", "файл больше 20 МБ"),
    ],
)
def test_r16_a_scan_that_fails_its_check_is_refused_with_the_reason(name: str, why: str) -> None:
    [rule] = [rule for rule in forms(name)[0]["rules"] if rule["id"] == "acts/store-signed-act"]
    assert [gate["result"] for gate in rule["conditions"]].count(False) == 1
    assert effects(name, "field") == effects(name, "file") == []
    [notice] = texts(name, "notice")
    assert why in notice


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("signed-unpaid", "Счёт не оплачен: 134 845,95 ₽."),
        ("signed-part-paid", "Счёт оплачен частично: 50 000,00 ₽ из 134 845,95 ₽."),
        ("signed-after-payment", "Счёт оплачен полностью: 134 845,95 ₽."),
    ],
)
def test_r18_the_notice_says_that_the_act_is_stored_and_how_it_is_paid(name: str, words: str) -> None:
    assert texts(name, "notice")[0] == f"Подписанный акт А-2026/020 сохранён. {words}"


@pytest.mark.parametrize("name", ["paid-in-part", "paid-after-signature", "overpaid"])
def test_r18_money_is_told_to_the_manager(name: str) -> None:
    [notice, *_] = effects(name, "notice")
    assert notice["to"] == "user/6"
    assert notice["text"].startswith("Оплата по счёту СЧ-2026/017. Счёт оплачен ")


@pytest.mark.parametrize(
    "name",
    [
        "paid-after-signature",
        "overpaid",
        "signed-after-payment",
        "signed-paid-stage-not-moved",
        "signed-on-paper",
        "paid-by-hand",
        "paid-rest-after-hand-mark",
        "act-cancelled-closes",
    ],
)
def test_r20_r21_signed_and_paid_closes_in_either_order_and_says_so(name: str) -> None:
    assert moves(name)[-1] == ("invoice_paid", "won_review_requested")
    [mail] = effects(name, "mail")
    assert mail["to"] == "dogovor@pzu-samara.example"
    assert texts(name, "notice")[-1].endswith("закрыта, запрошен отзыв")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("signed-two-acts-one-unsigned", "ждёт подписанных актов, ещё не подписано: 1"),
        ("signed-stages-to-come", "ждёт актов по остальным этапам работ"),
        ("paid-by-hand-no-invoice", "нет ни одного действующего счёта"),
        ("paid-by-hand-part", "ждёт оплаты"),
        ("act-cancelled-none-left", "Сделка ждёт на стадии «Счет и акты отправлены»"),
    ],
)
def test_r20_nothing_less_closes_it(name: str, why: str) -> None:
    assert "won_review_requested" not in [after for _, after in moves(name)]
    assert why in verdict(name)


def _every_feed_post() -> Iterator[tuple[str, Any]]:
    """Yield what rules of the acts post; a contract has no deal of its own, a weekly report speaks of many."""
    for file in sorted(EXAMPLES.glob(f"*{EVENT}")):
        name = file.name.removesuffix(EVENT)
        yield from ((name, post) for post in effects(name, "feed") if post["rule"].startswith("acts/"))


def test_r22_every_copy_in_the_feed_links_to_the_deal() -> None:
    posts = list(_every_feed_post())
    assert len(posts) > 30
    assert [name for name, post in posts if not post["url"].startswith(LINK)] == []
    # The copy is the regulation's choice: this notice has none.
    assert len(effects("issue-nothing-left", "notice")) == 1
    assert effects("issue-nothing-left", "feed") == []


@pytest.mark.parametrize(
    ("name", "money"),
    [("signed-part-paid", "оплачен частично: 50 000,00 ₽ из 134 845,95 ₽"), ("signed-unpaid", "не оплачен")],
)
def test_r23_unpaid_it_waits_and_the_trace_says_why(name: str, money: str) -> None:
    assert moves(name) == []
    assert "ждёт на стадии «Счет и акты отправлены»" in verdict(name)
    assert money in verdict(name)


def test_r33_no_flag_of_an_act_waits_for_a_hand() -> None:
    spec = bench()[1].world.entities["act"].fields
    flags = {name for name, field in spec.items() if field.type.kind in ("yes/no", "time")}
    acts = [file.name.removesuffix(EVENT) for file in sorted(EXAMPLES.glob(f"*{EVENT}"))]
    written = {field for name in acts for item, field in fields(name) if item.startswith("act/")}
    given = {field for name in acts for field in created(name).get("act", {})}
    # To cancel an act is a decision, not a mark of what has happened.
    assert flags - written - given == {"cancelled"} - given


def test_no_plan_moves_a_deal_backward() -> None:
    order = list(bench()[0].settings.world.pipelines["customisation"].stages)
    for file in EXAMPLES.glob(f"*{EVENT}"):
        for before, after in moves(file.name.removesuffix(EVENT)):
            assert order.index(before) < order.index(after), file.name


def test_a_refund_after_closing_is_flagged_and_moves_nothing() -> None:
    assert outcomes("refund-after-closing")["acts/refund-after-closing"] == "fired"
    assert effects("refund-after-closing", "stage") == []
    assert "теперь оплачено 84 845,95 ₽ из 134 845,95 ₽" in texts("refund-after-closing", "notice")[0]


def test_a_scan_taken_out_or_changed_leaves_the_mark_of_signing() -> None:
    assert effects("scan-emptied", "field") == effects("scan-replaced", "field") == []
    assert "осталась ДА" in texts("scan-emptied", "notice")[0]
    assert effects("scan-replaced", "file")
