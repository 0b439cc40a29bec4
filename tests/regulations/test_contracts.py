"""R31, the register of contracts «по аналогии» with acts: each step of a contract's life, held against an example."""

from __future__ import annotations

from datetime import date

import pytest

from tests.regulations.golden import EVENT, EXAMPLES, bench, simulate_example
from tests.regulations.test_acts_requirements import effects, fields, forms, outcomes, texts

CARD = "/crm/type/1046/details/"
MINE = sorted(
    file.name.removesuffix(EVENT) for file in EXAMPLES.glob(f"contract-*{EVENT}")
)  # fmt: skip
KINDS = "pdf", "jpg", "png", "tiff"


def say(name: str) -> str:
    """Return all that people are told, in one text."""
    return " ".join(texts(f"contract-{name}", "notice"))


def test_r31_every_rule_fires_and_every_gate_of_it_is_shut_in_some_example() -> None:
    fired: set[str] = set()
    shut: dict[tuple[str, int], set[object]] = {}
    for name in MINE:
        for form in forms(name):
            for rule in form["rules"]:
                if rule["outcome"] == "fired":
                    fired.add(rule["id"])
                for place, gate in enumerate(rule.get("conditions", ())):
                    shut.setdefault((rule["id"], place), set()).add(gate["result"])
    rules = {rule.id: len(rule.conditions) for rule in bench()[1].rules if rule.id.startswith("contracts/")}
    assert len(rules) == 18
    assert {rule for rule in fired if rule in rules} == set(rules)
    wanted = {(rule, place) for rule, count in rules.items() for place in range(count)}
    assert {gate for gate in wanted if False not in shut.get(gate, ())} == set()


def test_r31_a_draft_is_made_sent_and_marked_as_sent_in_that_order() -> None:
    kinds = [one["kind"] for one in effects("contract-send")]
    assert kinds.index("document") < kinds.index("mail") < kinds.index("notice")
    [mail] = effects("contract-send", "mail")
    assert mail["to"] == "mail@rahimov-mebel.example"
    assert len(mail["attachments"]) == 1
    assert ("contract/12", "sent_at") in fields("contract-send")


def test_r31_a_text_of_ones_own_goes_in_place_of_the_template() -> None:
    assert effects("contract-send-own-text", "document") == []
    [mail] = effects("contract-send-own-text", "mail")
    assert mail["attachments"] == ["Договор К-2026-023.pdf"]


@pytest.mark.parametrize(
    "name",
    ["send-again", "send-signed", "send-supplier", "send-no-number", "send-no-kind", "send-terminated"],
)
def test_r31_nothing_is_sent_that_should_not_be(name: str) -> None:
    assert effects(f"contract-{name}", "mail") == effects(f"contract-{name}", "field") == []


def test_r31_without_an_address_nothing_counts_as_sent_and_the_manager_knows() -> None:
    assert effects("contract-send-no-email", "mail") == effects("contract-send-no-email", "field") == []
    assert "нет e-mail" in say("send-no-email")


def test_r31_with_a_supplier_we_sign_our_signer_is_asked_reminded_and_then_the_manager_told() -> None:
    [asked] = effects("contract-supplier-sent-his", "notice")
    assert (asked["to"], "ждёт вашей подписи" in asked["text"]) == ("user/5", True)
    assert [one["to"] for one in effects("contract-signer", "notice")] == ["user/5"]
    assert [one["to"] for one in effects("contract-signer-late", "notice")] == ["user/5", "user/6"]
    assert effects("contract-client-text-attached", "notice") == []
    assert "Отправьте его поставщику" in say("signed-by-us-supplier")


def test_r16_r17_the_scan_is_filed_by_year_counterparty_and_number_before_the_mark() -> None:
    first = forms("contract-scan")[0]["plan"]
    assert [step["action"] for step in first] == [
        "disk.ensure_folder",
        "disk.save_file",
        "field.set",
        "notify",
    ]
    [folder] = effects("contract-scan", "folder")
    assert folder["path"] == "Договоры/2026/ИП Рахимов Т. И/Договор К-2026-023"
    assert fields("contract-scan") == {
        ("contract/12", "signed_by_them"): True,
        ("contract/12", "signed_at"): "2026-03-18T11:20:00+03:00",
    }
    [slash] = effects("contract-scan-name-slash", "folder")
    assert slash["path"].count("/") == 3


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("original", "наш неподписанный оригинал"),
        ("kind", "не PDF и не изображение"),
        ("size", "больше 20 МБ"),
    ],
)
def test_r16_a_scan_that_fails_its_check_is_refused_with_the_reason(name: str, why: str) -> None:
    name = f"contract-scan-refused-{name}"
    assert effects(name, "field") == effects(name, "file") == []
    [notice] = texts(name, "notice")
    assert why in notice


def test_a_card_that_names_no_folder_gets_no_mark_until_it_is_filled_in() -> None:
    name = "contract-scan-no-date"
    assert effects(name, "field") == effects(name, "file") == []
    assert "в карточке нет номера, даты или контрагента. Заполните карточку" in say("scan-no-date")
    assert len(effects("contract-scan-before-date", "file")) == 1
    assert ("contract/12", "signed_by_them") in fields("contract-scan-before-date")


@pytest.mark.parametrize("name", ["original", "kind", "size", "terminated"])
def test_a_wrong_file_in_place_of_a_good_scan_is_not_filed(name: str) -> None:
    assert effects(f"contract-scan-replaced-{name}", "file") == []


def test_a_scan_replaced_is_filed_beside_and_one_taken_out_leaves_the_marks() -> None:
    assert len(effects("contract-scan-replaced", "file")) == 1
    assert effects("contract-scan-replaced", "field") == effects("contract-scan-emptied", "field") == []
    assert "Отметки о подписях остались" in say("scan-emptied")


@pytest.mark.parametrize("name", ["scan", "scan-supplier", "mark-of-them", "signed-by-us-second"])
def test_r31_whichever_signature_comes_second_the_contract_is_in_force(name: str) -> None:
    assert outcomes(f"contract-{name}")["contracts/in-force"] == "fired"
    assert ("signed_at" in {field for _, field in fields(f"contract-{name}")}) is True


def test_r31_one_signature_is_not_two() -> None:
    assert outcomes("contract-scan-before-us")["contracts/in-force"] == "condition_false"
    assert outcomes("contract-signed-by-us")["contracts/in-force"] == "condition_false"
    assert "ждёт вашей подписи" in say("scan-before-us")


def test_r34_thirty_and_seven_days_before_its_end_the_manager_is_told() -> None:
    triggers = {rule.id: rule.triggers[0] for rule in bench()[1].rules}
    for rung, days in (("expires-in-30-days", -30), ("expires-in-7-days", -7)):
        delay = triggers[f"contracts/{rung}"].delay
        assert delay is not None
        assert (delay.amount, delay.unit) == (days, "days")
    assert "Решите, продлевать ли его" in say("expires-30")
    assert "Продлится сам до 31.12.2027" in say("expires-7-prolongs")
    assert say("expires-30-late") == say("expires-7-late") == ""


@pytest.mark.parametrize(
    ("name", "day"), [("prolong", date(2027, 12, 31)), ("prolong-leap-day", date(2029, 2, 28))]
)
def test_r31_a_contract_that_prolongs_itself_runs_a_year_on(name: str, day: date) -> None:
    assert fields(f"contract-{name}") == {("contract/12", "valid_to"): day.isoformat()}
    assert f"продлён до {day:%d.%m.%Y}" in say(name)


def test_r31_expired_and_terminated_are_said_and_dated() -> None:
    assert "истёк 31.12.2026" in say("expired")
    assert say("expired-prolongs") == say("expired-unsigned") == say("terminated-draft") == ""
    assert fields("contract-terminated") == {("contract/12", "terminated_at"): "2026-03-18"}
    assert fields("contract-terminated-with-day") == {}
    assert "Незакрытых сделок по нему: 1" in say("terminated")


def test_r22_every_copy_in_the_feed_links_to_the_card() -> None:
    posts = [(name, post["url"]) for name in MINE for post in effects(name, "feed")]
    assert len(posts) > 10
    assert [name for name, url in posts if not url.startswith(CARD)] == []


@pytest.mark.parametrize(
    "name", [name for name in MINE if name.endswith("-terminated") and name != "contract-terminated"]
)
def test_a_terminated_contract_moves_nobody_any_more(name: str) -> None:
    assert simulate_example(name).form["effects"] == []
