"""Deals under way in «Кастомизация услуг», from a new one to those that wait for money or a signature.

Every state that the regulations tell apart occurs at least once: paid and unsigned, signed and unpaid, part paid,
overpaid, overdue, refused with remarks, still being sent.
"""

from __future__ import annotations

from engine.emulator.company import story
from engine.emulator.company.plans import DealPlan, day, invoice, signed, unsigned, work
from engine.emulator.company.structure import CUSTOMISATION, FORM_PAPER, SOURCE_MANUAL, SOURCE_PORTAL

NEW = "C4:NEW"
IN_WORK = "C4:UC_WORK"
REPORT_SENT = "C4:UC_REPORT"
DOCUMENTS_SENT = "C4:UC_DOCS"
INVOICE_PAID = "C4:UC_PAID"

NEW_DEALS: tuple[DealPlan, ...] = (
    DealPlan(
        *(125, "Склад: учёт остатков и резервов", CUSTOMISATION, NEW),
        *(story.CLIENT_YOLOCHKA, story.USER_VETROVA, day("2026-03-12")),
        works=(
            work("Обследование складского учёта", "39500.00"),
            work("Настройка резервирования под сделку", "71240.80"),
        ),
    ),
)

WORK_DEALS: tuple[DealPlan, ...] = (
    DealPlan(
        *(112, "Сквозная аналитика по филиалам", CUSTOMISATION, IN_WORK),
        *(story.CLIENT_BALTIC, story.USER_VETROVA, day("2025-09-15")),
        works=(
            work("Модель показателей и источники", "92500.00"),
            work("Витрина показателей и отчёты руководителя", "264180.30"),
            work("Автоматические сводки по понедельникам", "57900.00"),
        ),
        parts="30 %, 20 %, 30 %, 20 %",
        acts=(
            signed(1, "2025-10-17", "2025-10-24"),
            signed(2, "2025-12-05", "2025-12-12"),
            signed(3, "2026-02-06", "2026-02-13"),
        ),
        invoices=(
            invoice((1,), "2025-09-16", "full", "2025-09-22"),
            invoice((2, 3), "2025-12-05", "86915.00", "2025-12-19"),
        ),
        moved_on=day("2025-09-17"),
    ),
    DealPlan(
        *(story.DEAL_FRESH, "Кастомизация CRM: реестр актов", CUSTOMISATION, IN_WORK),
        *(story.CLIENT_YOLOCHKA, story.USER_VETROVA, day("2026-02-24")),
        works=(
            work("Настройка направления «Кастомизация услуг» и воронки продаж", "58560.00"),
            work("Разработка робота «Реестр актов» (генерация, отправка, контроль подписания)", "112667.61"),
            work("Обучение сотрудников, группа до 10 человек", "5490.00", 3, "час"),
        ),
        moved_on=day("2026-02-26"),
    ),
    DealPlan(
        *(story.DEAL_TWO_STAGES, "Личный кабинет экспедитора", CUSTOMISATION, IN_WORK),
        *(story.CLIENT_BALTIC, story.USER_LAPSHIN, day("2026-02-17")),
        works=(
            work("Проектирование кабинета экспедитора", "74900.00"),
            work("Разработка и приёмка кабинета", "183450.55"),
        ),
        parts="30 %, 70 %",
        moved_on=day("2026-02-19"),
    ),
    DealPlan(
        *(123, "Расчёт заказа и график монтажа", CUSTOMISATION, IN_WORK),
        *(story.CLIENT_WITHOUT_EMAIL, story.USER_DISMISSED, day("2025-10-20")),
        works=(
            work("Калькулятор заказа в карточке сделки", "83200.00"),
            work("График монтажных бригад", "61375.25"),
        ),
        parts="40 %, 30 %, 30 %",
        acts=(
            signed(1, "2025-11-21", "2025-12-01", FORM_PAPER),
            signed(2, "2026-01-30", "2026-02-09", FORM_PAPER),
        ),
        invoices=(
            invoice((1,), "2025-10-21", "full", "2025-10-28", SOURCE_MANUAL),
            invoice((2,), "2026-01-16", "45000.00", "2026-01-21"),
        ),
        moved_on=day("2025-10-22"),
    ),
    DealPlan(
        *(story.DEAL_AWKWARD_CLIENT, "Контроль сроков годности в сделках", CUSTOMISATION, IN_WORK),
        *(story.CLIENT_AWKWARD, story.USER_VETROVA, day("2026-02-27")),
        works=(
            work("Поля партий и сроков годности", "31200.00"),
            work("Робот уведомлений закупщика", "26480.45"),
        ),
        moved_on=day("2026-03-02"),
    ),
)

REPORTED_DEALS: tuple[DealPlan, ...] = (
    DealPlan(
        *(119, "Обмен с маркетплейсами", CUSTOMISATION, REPORT_SENT),
        *(story.CLIENT_AWKWARD, story.USER_LAPSHIN, day("2026-01-26")),
        works=(
            work("Загрузка заказов с двух площадок", "96300.00"),
            work("Сверка комиссий и возвратов", "34520.15"),
        ),
        acts=(unsigned(1, "2026-03-13", is_sent=False),),
        invoices=(invoice((1,), "2026-03-13"),),
        moved_on=day("2026-03-13"),
    ),
)

SENT_DEALS: tuple[DealPlan, ...] = (
    DealPlan(
        *(110, "Генерация договоров из шаблонов", CUSTOMISATION, DOCUMENTS_SENT),
        *(story.CLIENT_RENAMED, story.USER_LAPSHIN, day("2026-01-19")),
        works=(
            work("Шаблоны договоров и приложений", "4650.00", 9, "шт"),
            work("Заполнение реквизитов из карточки", "22940.30"),
        ),
        acts=(signed(1, "2026-02-18", "2026-02-26"),),
        invoices=(invoice((1,), "2026-02-18"),),
        moved_on=day("2026-02-18"),
    ),
    DealPlan(
        *(111, "Сервисный портал: заявки и гарантия", CUSTOMISATION, DOCUMENTS_SENT),
        *(story.CLIENT_NAMESAKE_SIBERIA, story.USER_VETROVA, day("2025-11-17")),
        works=(
            work("Форма заявки и маршрутизация", "68700.00"),
            work("Учёт гарантийных случаев", "54830.70"),
        ),
        parts="50 %, 50 %",
        acts=(
            signed(1, "2025-12-18", "2025-12-25"),
            signed(2, "2026-02-20", "2026-03-02"),
        ),
        invoices=(
            invoice((1,), "2025-11-18", "full", "2025-11-24"),
            invoice((2,), "2026-02-20", "25000.00", "2026-02-27"),
        ),
        moved_on=day("2026-02-20"),
    ),
    DealPlan(
        *(113, "Мобильное приложение торгового агента", CUSTOMISATION, DOCUMENTS_SENT),
        *(story.CLIENT_LEADING_ZERO, story.USER_LAPSHIN, day("2026-01-14")),
        works=(
            work("Форма заказа для мобильного приложения", "87400.00"),
            work("Маршруты и отметка посещений", "42615.85"),
        ),
        acts=(unsigned(1, "2026-02-16"),),
        invoices=(invoice((1,), "2026-02-16"),),
        moved_on=day("2026-02-16"),
    ),
    DealPlan(
        *(114, "Единая база знаний", CUSTOMISATION, DOCUMENTS_SENT),
        *(story.CLIENT_NAMESAKE_MOSCOW, story.USER_LAPSHIN, day("2025-12-08")),
        works=(
            work("Структура базы знаний и права", "28500.00"),
            work("Перенос статей", "385.40", 140, "шт"),
            work("Поиск по базе из карточки клиента", "33700.00"),
        ),
        parts="30 %, 70 %",
        acts=(signed(1, "2026-01-22", "2026-01-29"), unsigned(2, "2026-02-25")),
        invoices=(
            invoice((1,), "2025-12-09", "full", "2025-12-15"),
            invoice((2,), "2026-02-25", "40000.00", "2026-03-06"),
        ),
        moved_on=day("2026-02-25"),
    ),
    DealPlan(
        *(117, "Бонусная программа для розницы", CUSTOMISATION, DOCUMENTS_SENT),
        *(story.CLIENT_AWKWARD, story.USER_VETROVA, day("2025-12-15")),
        works=(
            work("Начисление и списание бонусов", "104300.00"),
            work("Рассылка об остатке бонусов", "19870.65"),
        ),
        acts=(
            unsigned(
                1,
                "2026-03-03",
                refusal="Не согласны с п. 2: рассылка об остатке не уходит клиентам без телефона. Просим доработать.",
            ),
        ),
        invoices=(invoice((1,), "2026-03-03"),),
        moved_on=day("2026-03-03"),
    ),
    DealPlan(
        *(story.DEAL_UNSIGNED_UNPAID, "Канбан производства и сменные задания", CUSTOMISATION, DOCUMENTS_SENT),
        *(story.CLIENT_PACKAGING, story.USER_VETROVA, day("2026-01-28")),
        works=(
            work("Смарт-процесс «Сменное задание»", "98600.00"),
            work("Табло цеха на мониторе", "36245.95"),
        ),
        acts=(unsigned(1, "2026-03-12"),),
        invoices=(invoice((1,), "2026-03-12"),),
        moved_on=day("2026-03-12"),
    ),
    DealPlan(
        *(story.DEAL_PAID_WAITING, "Онлайн-запись и напоминания клиентам", CUSTOMISATION, DOCUMENTS_SENT),
        *(story.CLIENT_KUZMINA, story.USER_LAPSHIN, day("2026-02-09")),
        works=(
            work("Форма онлайн-записи на сайте", "27300.00"),
            work("Напоминания клиенту в мессенджере", "14890.20"),
        ),
        acts=(unsigned(1, "2026-03-12"),),
        invoices=(invoice((1,), "2026-03-12", "full", "2026-03-13", SOURCE_PORTAL),),
        moved_on=day("2026-03-12"),
    ),
)

PAID_DEALS: tuple[DealPlan, ...] = (
    DealPlan(
        *(109, "Доработка карточки сделки", CUSTOMISATION, INVOICE_PAID),
        *(story.CLIENT_RESERVED_NAME, story.USER_VETROVA, day("2026-01-15")),
        works=(
            work("Вкладки и обязательные поля по стадиям", "46150.00"),
            work("Печатная форма карточки", "11730.25"),
        ),
        acts=(signed(1, "2026-02-05", "2026-02-11"),),
        # Moved by hand with only a part paid: the mismatch that is flagged and never moved back.
        invoices=(invoice((1,), "2026-02-05", "30000.00", "2026-02-10"),),
        moved_on=day("2026-02-12"),
    ),
    DealPlan(
        *(115, "Согласование отпусков и замещений", CUSTOMISATION, INVOICE_PAID),
        *(story.CLIENT_RESERVED_NAME, story.USER_LAPSHIN, day("2026-02-02")),
        works=(
            work("Процесс согласования отпуска", "38900.00"),
            work("Календарь замещений", "21460.35"),
        ),
        acts=(unsigned(1, "2026-03-13"),),
        invoices=(invoice((1,), "2026-03-02", "full", "2026-03-13", SOURCE_PORTAL),),
        moved_on=day("2026-03-13"),
    ),
    DealPlan(
        *(116, "Учёт рекламаций по окнам", CUSTOMISATION, INVOICE_PAID),
        *(story.CLIENT_WITHOUT_EMAIL, story.USER_HEAD, day("2025-12-10")),
        works=(
            work("Смарт-процесс «Рекламация»", "57800.00"),
            work("Фотоотчёт бригады с телефона", "24315.50"),
        ),
        parts="50 %, 50 %",
        acts=(signed(1, "2026-01-16", "2026-01-26", FORM_PAPER), unsigned(2, "2026-03-05")),
        invoices=(
            invoice((1,), "2025-12-11", "full", "2025-12-17"),
            invoice((2,), "2026-03-05", "full", "2026-03-11", SOURCE_MANUAL),
        ),
        moved_on=day("2026-03-11"),
    ),
)
