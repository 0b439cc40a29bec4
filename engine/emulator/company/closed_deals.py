"""Deals that are over: won with everything signed and paid, won in support, and the lost ones.

The table is history and is not to be read as the regulations: amounts, dates and habits vary as they do in life.
"""

from __future__ import annotations

from engine.emulator.company import story
from engine.emulator.company.plans import DealPlan, day, invoice, signed, unsigned, work
from engine.emulator.company.structure import (
    CUSTOMISATION,
    FORM_EDO,
    FORM_PAPER,
    SOURCE_MANUAL,
    SOURCE_PORTAL,
    SUPPORT,
)

WON = "C4:WON"

WON_DEALS: tuple[DealPlan, ...] = (
    DealPlan(
        *(101, "Внедрение CRM: воронки и права отдела продаж", CUSTOMISATION, WON),
        *(story.CLIENT_PACKAGING, story.USER_DISMISSED, day("2025-01-20")),
        works=(
            work("Обследование отдела продаж, карта процессов", "64800.00"),
            work("Настройка воронок, стадий и карточки сделки", "118500.00"),
            work("Настройка прав доступа по филиалам", "7350.50", 6, "шт"),
            work("Обучение сотрудников, группа до 10 человек", "5400.00", 8, "час"),
        ),
        parts="40 %, 30 %, 30 %",
        acts=(
            signed(1, "2025-02-14", "2025-02-20"),
            signed(2, "2025-03-28", "2025-04-03"),
            signed(3, "2025-05-19", "2025-05-26", FORM_PAPER),
        ),
        invoices=(
            invoice((1,), "2025-01-22", "full", "2025-01-27"),
            invoice((2, 3), "2025-03-28", "full", "2025-04-10"),
        ),
        moved_on=day("2025-05-26"),
    ),
    DealPlan(
        *(103, "Разработка личного кабинета дилера", CUSTOMISATION, WON),
        *(story.CLIENT_BALTIC, story.USER_VETROVA, day("2025-02-10")),
        works=(
            work("Техническое задание на личный кабинет", "85000.00"),
            work("Разработка кабинета дилера на веб-формах и API", "412300.40"),
            work("Перенос справочника дилеров", "38650.00"),
        ),
        parts="30 %, 40 %, 30 %",
        acts=(
            signed(1, "2025-03-06", "2025-03-13"),
            signed(2, "2025-05-15", "2025-05-22", FORM_EDO),
            signed(3, "2025-07-10", "2025-07-17"),
        ),
        invoices=(
            invoice((1,), "2025-02-12", "full", "2025-02-18"),
            invoice((2, 3), "2025-05-15", "full", "2025-07-21"),
        ),
        moved_on=day("2025-07-21"),
    ),
    DealPlan(
        *(104, "Интеграция Битрикс24 с 1С: Управление торговлей", CUSTOMISATION, WON),
        *(story.CLIENT_RENAMED, story.USER_LAPSHIN, day("2025-03-17")),
        works=(
            work("Схема обмена: контрагенты, счета, оплаты", "56200.00"),
            work("Настройка модуля обмена с 1С", "97480.75"),
            work("Опытная эксплуатация и правки", "3800.00", 12, "час"),
        ),
        parts="56200.00, 97480.75, 45600.00",
        acts=(
            signed(1, "2025-04-11", "2025-04-17"),
            signed(2, "2025-06-06", "2025-06-16"),
            signed(3, "2025-07-25", "2025-08-01"),
        ),
        invoices=(
            invoice((1,), "2025-03-18", "full", "2025-03-24"),
            invoice((2, 3), "2025-06-06", "full", "2025-06-11", SOURCE_MANUAL),
        ),
        moved_on=day("2025-08-01"),
    ),
    DealPlan(
        *(105, "Автоматизация закупок на смарт-процессах", CUSTOMISATION, WON),
        *(story.CLIENT_LEADING_ZERO, story.USER_LAPSHIN, day("2025-05-12")),
        works=(
            work("Смарт-процесс «Заявка на закупку»", "136900.00"),
            work("Роботы согласования по лимитам", "88740.20"),
            work("Отчёт «План — факт закупок»", "47300.00"),
        ),
        parts="25 %, 25 %, 25 %, 25 %",
        acts=(
            signed(1, "2025-06-02", "2025-06-09"),
            signed(2, "2025-07-01", "2025-07-08"),
            signed(3, "2025-08-04", "2025-08-12"),
            signed(4, "2025-09-05", "2025-09-12", FORM_PAPER),
        ),
        invoices=(
            invoice((1, 2), "2025-05-14", "full", "2025-05-20"),
            invoice((3, 4), "2025-08-04", "full", "2025-09-16"),
        ),
        moved_on=day("2025-09-16"),
    ),
    DealPlan(
        *(106, "Настройка телефонии и записи звонков", CUSTOMISATION, WON),
        *(story.CLIENT_NAMESAKE_SIBERIA, story.USER_VETROVA, day("2025-09-08")),
        works=(
            work("Подключение SIP-линий и маршрутизация", "34600.00"),
            work("Запись и расшифровка разговоров", "27890.90"),
        ),
        acts=(signed(1, "2025-10-03", "2025-10-09"),),
        # The buyer's bookkeeper rounded up; the surplus is what the bank file pays back.
        invoices=(invoice((1,), "2025-09-09", "63000.00", "2025-09-15"),),
        moved_on=day("2025-10-09"),
    ),
    DealPlan(
        *(107, "Портал для филиалов: структура и доступы", CUSTOMISATION, WON),
        *(story.CLIENT_NAMESAKE_MOSCOW, story.USER_DISMISSED, day("2025-08-18")),
        works=(
            work("Структура компании и подразделения филиалов", "58000.00"),
            work("Рабочие группы и общие диски", "9640.00", 7, "шт"),
            work("Перенос файлового архива", "41275.35"),
        ),
        parts="40 %, 30 %, 30 %",
        acts=(
            signed(1, "2025-09-19", "2025-09-26"),
            signed(2, "2025-11-10", "2025-11-17"),
            signed(3, "2025-12-15", "2025-12-22"),
        ),
        invoices=(
            invoice((1,), "2025-08-20", "full", "2025-08-27", SOURCE_PORTAL),
            invoice((2, 3), "2025-11-10", "full", "2025-12-18"),
        ),
        moved_on=day("2025-12-22"),
    ),
    DealPlan(
        *(story.DEAL_WON, "Реестр договоров и напоминания о сроках", CUSTOMISATION, WON),
        *(story.CLIENT_YOLOCHKA, story.USER_VETROVA, day("2026-01-22")),
        works=(
            work("Смарт-процесс «Договоры», карточка и список", "52400.00"),
            work("Напоминания за 30 и 7 дней до окончания", "18765.60"),
        ),
        acts=(signed(1, "2026-02-12", "2026-02-18"),),
        invoices=(invoice((1,), "2026-02-12", "full", "2026-02-17"),),
        moved_on=day("2026-02-18"),
    ),
)

SUPPORT_DEALS: tuple[DealPlan, ...] = (
    DealPlan(
        *(102, "Поддержка портала, I квартал 2025", SUPPORT, "WON"),
        *(story.CLIENT_NAMESAKE_MOSCOW, story.USER_DISMISSED, day("2025-01-13")),
        works=(work("Абонентская поддержка портала", "18500.00", 3, "мес"),),
        acts=(signed(1, "2025-03-31", "2025-04-07"),),
        invoices=(invoice((1,), "2025-01-14", "full", "2025-01-17"),),
        moved_on=day("2025-04-07"),
    ),
    DealPlan(
        *(108, "Поддержка портала, III квартал 2025", SUPPORT, "WON"),
        *(story.CLIENT_KUZMINA, story.USER_LAPSHIN, day("2025-07-01")),
        works=(
            work("Абонентская поддержка портала", "9900.00", 3, "мес"),
            work("Внеплановые работы по заявкам", "3600.00", 4, "час"),
        ),
        acts=(signed(1, "2025-09-30", "2025-10-06"),),
        invoices=(invoice((1,), "2025-07-02", "full", "2025-07-04", SOURCE_PORTAL),),
        moved_on=day("2025-10-06"),
    ),
    DealPlan(
        *(121, "Поддержка портала, январь — март 2026", SUPPORT, "EXECUTING"),
        *(story.CLIENT_KUZMINA, story.USER_LAPSHIN, day("2026-01-12")),
        works=(work("Абонентская поддержка портала", "10560.00", 3, "мес"),),
        parts="50 %, 50 %",
        acts=(signed(1, "2026-02-16", "2026-02-20"),),
        invoices=(invoice((1,), "2026-01-13", "full", "2026-01-15", SOURCE_PORTAL),),
        moved_on=day("2026-01-15"),
    ),
    DealPlan(
        *(127, "Перевод на годовую поддержку", SUPPORT, "NEW"),
        *(story.CLIENT_NAMESAKE_SIBERIA, story.USER_VETROVA, day("2026-03-11")),
        works=(work("Абонентская поддержка портала, пакет «Год»", "14200.00", 12, "мес"),),
    ),
    DealPlan(
        *(129, "Поддержка портала и чат-бот", SUPPORT, "LOSE"),
        *(story.CLIENT_RESERVED_NAME, story.USER_VETROVA, day("2025-11-24")),
        works=(
            work("Абонентская поддержка портала", "12800.00", 6, "мес"),
            work("Чат-бот первой линии", "76450.00"),
        ),
        moved_on=day("2025-12-19"),
    ),
)

LOST_DEALS: tuple[DealPlan, ...] = (
    DealPlan(
        *(story.DEAL_LOST, "Учёт замеров и монтажей", CUSTOMISATION, "C4:LOSE"),
        *(story.CLIENT_RAHIMOV, story.USER_LAPSHIN, day("2026-02-03")),
        works=(
            work("Смарт-процесс «Замер»", "43700.00"),
            work("Мобильная форма замерщика", "29310.10"),
        ),
        acts=(unsigned(1, "2026-03-11"),),
        invoices=(invoice((1,), "2026-03-11"),),
        moved_on=day("2026-03-13"),
    ),
)
