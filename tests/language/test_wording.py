"""Rules read aloud: what a condition or a trigger says in words, with the titles of the demo company's map."""

from __future__ import annotations

import pytest

from engine.language.wording import Wording
from engine.settings import environment, read_settings
from engine.workshop import open_workshop, shipped_folder

CASES = [
    ("act.signed == false", "Акт → Акт подписан — нет", "Акт → Акт подписан — no"),
    ("act.signed != false", "Акт → Акт подписан — да", "Акт → Акт подписан — yes"),
    ("not act.cancelled", "Акт → Аннулирован — нет", "Акт → Аннулирован — no"),
    ("act.signed", "Акт → Акт подписан — да", "Акт → Акт подписан — yes"),
    (
        "act.scan != empty",
        "Акт → Скан подписанного акта — заполнено",
        "Акт → Скан подписанного акта — filled in",
    ),
    ("act.refusal == empty", "Акт → Отказ клиента — пусто", "Акт → Отказ клиента — empty"),
    (
        'deal.stage == "documents_sent"',
        "Сделка → Стадия — «Счет и акты отправлены»",
        "Сделка → Стадия — «Счет и акты отправлены»",
    ),
    ('deal.stage != "lost"', "Сделка → Стадия — не «Проиграна»", "Сделка → Стадия — not «Проиграна»"),
    (
        'deal.pipeline == "customisation" and deal.stage != "lost"',
        "Сделка → Направление — «Кастомизация услуг Битрикс24» и Сделка → Стадия — не «Проиграна»",
        "Сделка → Направление — «Кастомизация услуг Битрикс24» and Сделка → Стадия — not «Проиграна»",
    ),
    (
        'act.scan.kind in ["pdf", "jpg"]',
        "Акт → Скан подписанного акта → вид файла — одно из: «pdf», «jpg»",
        "Акт → Скан подписанного акта → kind of file — one of: «pdf», «jpg»",
    ),
    (
        "act.scan.size <= 20971520",
        "Акт → Скан подписанного акта → размер файла не больше 20 МБ",
        "Акт → Скан подписанного акта → file size is at most 20 MB",
    ),
    (
        "act.scan.size > 1000",
        "Акт → Скан подписанного акта → размер файла больше 1\u00a0000",
        "Акт → Скан подписанного акта → file size is more than 1\u00a0000",
    ),
    (
        "act.scan.sha256 != act.document.sha256",
        "Акт → Скан подписанного акта → содержимое — не то же, что Акт → Документ → содержимое",
        "Акт → Скан подписанного акта → content differs from Акт → Документ → content",
    ),
    (
        "any(not i.cancelled for i in deal.invoices)",
        "хотя бы у одного из «Сделка → Счета»: Аннулирован — нет",
        "at least one of Сделка → Счета: Аннулирован — no",
    ),
    (
        "not any(not a.cancelled for a in deal.acts)",
        "ни у одного из «Сделка → Акты» нет такого: Аннулирован — нет",
        "none of Сделка → Акты has: Аннулирован — no",
    ),
    (
        "all(a.signed for a in deal.acts if not a.cancelled)",
        "у каждого из «Сделка → Акты»: Акт подписан — да (где Аннулирован — нет)",
        "every one of Сделка → Акты: Акт подписан — yes (where Аннулирован — no)",
    ),
    (
        "sum(a.amount for a in deal.acts) >= deal.amount",
        "сумма «Сумма» по «Сделка → Акты» не меньше Сделка → Сумма",
        "sum of «Сумма» over «Сделка → Акты» is at least Сделка → Сумма",
    ),
    (
        "5 <= workdays_between(act.sent_at.date, today) < 10",
        "5 ≤ рабочих дней от «Акт → Отправлен → день» до «сегодня» < 10",
        "5 ≤ working days from Акт → Отправлен → day to today < 10",
    ),
    ("known(sent)", "sent — известно", "sent is known"),
    # What is said no better than it stands, stands: nothing is guessed and nothing is lost.
    (
        'len(split(deal.stage_plan, ",")) == 2',
        'len(split(deal.stage_plan, ",")) — 2',
        'len(split(deal.stage_plan, ",")) — 2',
    ),
    (
        "act.amount * 2 > deal.amount",
        "Акт → Сумма × 2 больше Сделка → Сумма",
        "Акт → Сумма × 2 is more than Сделка → Сумма",
    ),
    (
        'matches(deal.title, "^CRM")',
        "Сделка → Название подходит под образец «^CRM»",
        "Сделка → Название matches «^CRM»",
    ),
    ("((broken", "((broken", "((broken"),
]


@pytest.fixture(scope="module")
def shop():
    folder = shipped_folder()
    settings, _ = read_settings(folder / "config.example.yaml", environment(folder, {}), is_example=True)
    return open_workshop(settings)[0]


@pytest.mark.parametrize(("text", "russian", "english"), CASES, ids=[case[0] for case in CASES])
def test_a_condition_in_words(shop, text: str, russian: str, english: str) -> None:
    world = shop.settings.world
    assert Wording(world, "ru").expression(text) == russian
    assert Wording(world, "en").expression(text) == english


def test_every_shipped_rule_is_read_aloud(shop) -> None:
    edition = shop.build().edition
    assert edition
    codes = 0
    for rule in edition.rules:
        for language in ("ru", "en"):
            words = Wording(edition.world, language)
            assert all(words.trigger(one) for one in rule.triggers)
            for gate in rule.conditions:
                said = words.condition(gate)
                assert said
                codes += said == gate.text
        assert all(edition.actions[call.action].title.ru for call in rule.actions), rule.id
    # A few conditions are the language's own words; most are not.
    assert codes < len([gate for rule in edition.rules for gate in rule.conditions])


def test_triggers_in_words(shop) -> None:
    edition = shop.build().edition
    assert edition
    words = Wording(edition.world, "ru")
    said = {words.trigger(one) for rule in edition.rules for one in rule.triggers}
    assert {
        "Сделка → Стадия — стало «Отчет отправлен»",
        "Сделка → Стадия — стало «Счет оплачен», меняет человек",
        "заполнено: Акт → Скан подписанного акта",
        "опустело: Акт → Скан подписанного акта",
        "через 5 рабочих дней после: Акт → Отправлен",
        "Счёт → Оплачено изменилось",
    } <= said
