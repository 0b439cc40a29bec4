"""Firms: our own, twelve clients, six suppliers, with formally valid requisites.

Every firm is invented. Their tax offices (the first four digits of ИНН) do not exist, so a number that passes
the check digits still belongs to nobody; ours and «Ёлочка» carry the numbers of the printed sample act.
The awkward ones are here on purpose: a slash and quotes, a device name, two namesakes, a leading zero, no e-mail.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.emulator.company import story
from engine.emulator.company.documents import safe_number

RENAMED_IN = 2026
"""From this year the renamed client's folders bear the new name."""


@dataclass(frozen=True)
class Bank:
    """An invented bank: its name with the city after a comma, БИК, correspondent account."""

    name: str
    bik: str
    corr_account: str


@dataclass(frozen=True)
class Firm:
    """A company card with its requisites; `kpp` is empty for an entrepreneur, `email` where nobody knows it."""

    id: int
    short_name: str
    full_name: str
    inn: str
    kpp: str
    ogrn: str
    director: str
    address: str
    email: str
    bank: Bank
    account: str
    manager: int = story.USER_HEAD
    old_name: str = ""

    @property
    def is_namesake(self) -> bool:
        """Two firms of this short name exist."""
        return self.id in (story.CLIENT_NAMESAKE_MOSCOW, story.CLIENT_NAMESAKE_SIBERIA)


PRIMER = Bank("АО «Пример-Банк», г. Москва", "044525000", "30101810400000000225")
OBRAZEC = Bank("ПАО «Образцовый банк», г. Москва", "044525991", "30101810200000000991")
ADYG = Bank("Южный филиал АО «Пример-Банк», г. Краснодар", "040349992", "30101810700000000992")
SIB = Bank("Сибирский филиал АО «Пример-Банк», г. Новосибирск", "045004993", "30101810300000000993")
VOLGA = Bank("АКБ «Волжский образец», г. Самара", "043601994", "30101810900000000994")
NEVA = Bank("АО «Невский образец», г. Санкт-Петербург", "044030995", "30101810200000000995")
YANTAR = Bank("АО «Янтарный образец», г. Калининград", "042748996", "30101810000000000996")
SEVER = Bank("АКБ «Поморский образец», г. Архангельск", "041117997", "30101810500000000997")
KAZAN = Bank("АКБ «Казанский образец», г. Казань", "049205998", "30101810700000000998")

OWN = Firm(
    story.OWN_COMPANY,
    "ООО «Кастом Сервис»",
    "Общество с ограниченной ответственностью «Кастом Сервис»",
    *("7707083893", "770701001", "1027700132195", "Соколова Елена Викторовна"),
    "119021, г. Москва, ул. Тимура Фрунзе, д. 11, стр. 1",
    "docs@custom-service.example",
    PRIMER,
    "40702810900000012345",
)

CLIENTS: tuple[Firm, ...] = (
    Firm(
        story.CLIENT_YOLOCHKA,
        "ООО «Ёлочка и Ко»",
        "Общество с ограниченной ответственностью «Ёлочка и Ко»",
        *("5024093363", "502401001", "1145024007611", "Щербаков Илья Юрьевич"),
        "143405, Московская обл., г. Красногорск, ш. Ильинское, д. 1А, пом. 17",
        "buh@yolochka.example",
        OBRAZEC,
        "40702810900000067890",
        story.USER_VETROVA,
    ),
    Firm(
        story.CLIENT_LEADING_ZERO,
        "ООО «Северный ветер»",
        "Общество с ограниченной ответственностью «Северный ветер»",
        *("0199004171", "019901001", "1180105002110", "Хатков Аслан Муратович"),
        "385000, Республика Адыгея, г. Майкоп, ул. Пролетарская, д. 208",
        "office@severveter.example",
        ADYG,
        "40702810300000001204",
        story.USER_LAPSHIN,
    ),
    Firm(
        story.CLIENT_NAMESAKE_MOSCOW,
        "ООО «Вектор»",
        "Общество с ограниченной ответственностью «Вектор»",
        *("7799031589", "779901001", "1137746005187", "Панкратова Нина Сергеевна"),
        "115088, г. Москва, ул. Угрешская, д. 2, стр. 15",
        "documents@vektor-msk.example",
        OBRAZEC,
        "40702810000000031580",
        story.USER_LAPSHIN,
    ),
    Firm(
        story.CLIENT_NAMESAKE_SIBERIA,
        "ООО «Вектор»",
        "Общество с ограниченной ответственностью «Вектор»",
        *("5499007214", "549901001", "1165476009445", "Зимин Роман Олегович"),
        "630099, г. Новосибирск, ул. Советская, д. 33, оф. 41",
        "info@vektor-nsk.example",
        SIB,
        "40702810200000007211",
        story.USER_VETROVA,
    ),
    Firm(
        story.CLIENT_PACKAGING,
        "АО «Приволжский завод упаковки»",
        "Акционерное общество «Приволжский завод упаковки»",
        *("6399002648", "639901001", "1036300001870", "Абросимов Виктор Павлович"),
        "443022, г. Самара, пр-кт Кирова, д. 10, корп. 3",
        "dogovor@pzu-samara.example",
        VOLGA,
        "40702810200000002640",
        story.USER_VETROVA,
    ),
    Firm(
        story.CLIENT_KUZMINA,
        "ИП Кузьмина Л. А.",
        "Индивидуальный предприниматель Кузьмина Лариса Аркадьевна",
        *("779930184245", "", "318774600234513", "Кузьмина Лариса Аркадьевна"),
        "125167, г. Москва, Ленинградский пр-кт, д. 47, кв. 112",
        "kuzmina@atelier.example",
        OBRAZEC,
        "40802810800000018425",
        story.USER_LAPSHIN,
    ),
    Firm(
        story.CLIENT_AWKWARD,
        'ООО «Торговый дом "Сыр/Масло"»',
        'Общество с ограниченной ответственностью «Торговый дом "Сыр/Масло"»',
        *("7899040925", "789901001", "1157847003269", "Громова Алла Борисовна"),
        "196084, г. Санкт-Петербург, ул. Заставская, д. 22, лит. А",
        "finance@syr-maslo.example",
        NEVA,
        "40702810000000040922",
        story.USER_VETROVA,
    ),
    Firm(
        story.CLIENT_RENAMED,
        "ООО «Лесная гавань»",
        "Общество с ограниченной ответственностью «Лесная гавань»",
        *("2999001335", "299901001", "1172901004429", "Личутин Фёдор Ильич"),
        "163000, г. Архангельск, наб. Северной Двины, д. 71",
        "kontora@lesgavan.example",
        SEVER,
        "40702810200000001338",
        story.USER_LAPSHIN,
        old_name="ООО «Гавань»",
    ),
    Firm(
        story.CLIENT_WITHOUT_EMAIL,
        "ООО «Мир окон»",
        "Общество с ограниченной ответственностью «Мир окон»",
        *("5099018469", "509901001", "1195053002836", "Трофимов Денис Андреевич"),
        "142400, Московская обл., г. Ногинск, ул. Рабочая, д. 83",
        "",
        OBRAZEC,
        "40702810900000018467",
        story.USER_LAPSHIN,
    ),
    Firm(
        story.CLIENT_RESERVED_NAME,
        "CON",
        "Общество с ограниченной ответственностью «Концепт Офис Нева»",
        *("7799055036", "779901001", "1207700007393", "Белоусова Дарья Игоревна"),
        "127015, г. Москва, ул. Вятская, д. 70",
        "hello@con-office.example",
        OBRAZEC,
        "40702810600000055034",
        story.USER_VETROVA,
    ),
    Firm(
        story.CLIENT_BALTIC,
        "АО «Балтийская логистика»",
        "Акционерное общество «Балтийская логистика»",
        *("3999003581", "399901001", "1043900001254", "Рудис Яна Оттовна"),
        "236039, г. Калининград, ул. Портовая, д. 24",
        "edo@baltlog.example",
        YANTAR,
        "40702810500000003589",
        story.USER_VETROVA,
    ),
    Firm(
        story.CLIENT_RAHIMOV,
        "ИП Рахимов Т. И.",
        "Индивидуальный предприниматель Рахимов Талгат Ильдусович",
        *("169920451756", "", "320169000071213", "Рахимов Талгат Ильдусович"),
        "420107, Республика Татарстан, г. Казань, ул. Спартаковская, д. 6, оф. 305",
        "mail@rahimov-mebel.example",
        KAZAN,
        "40802810600000045176",
        story.USER_LAPSHIN,
    ),
)

SUPPLIERS: tuple[Firm, ...] = (
    Firm(
        story.SUPPLIER_HOSTING,
        "ООО «Хостинг Плюс»",
        "Общество с ограниченной ответственностью «Хостинг Плюс»",
        *("7799066101", "779901001", "1177746003555", "Мельников Артур Денисович"),
        "117105, г. Москва, Варшавское ш., д. 33",
        "bill@hosting-plus.example",
        OBRAZEC,
        "40702810200000066106",
    ),
    Firm(
        story.SUPPLIER_STATIONERY,
        "ООО «Канцелярский двор»",
        "Общество с ограниченной ответственностью «Канцелярский двор»",
        *("7799022471", "779901001", "1127746009181", "Юдина Вера Степановна"),
        "109428, г. Москва, Рязанский пр-кт, д. 24, корп. 2",
        "opt@kancdvor.example",
        OBRAZEC,
        "40702810900000022479",
    ),
    Firm(
        story.SUPPLIER_TELECOM,
        "АО «Связь и Сети»",
        "Акционерное общество «Связь и Сети»",
        *("7799019398", "779901001", "1057746002016", "Каледин Степан Львович"),
        "105082, г. Москва, ул. Большая Почтовая, д. 55",
        "b2b@svyazseti.example",
        OBRAZEC,
        "40702810900000019398",
    ),
    Firm(
        story.SUPPLIER_LANDLORD,
        "ООО «БЦ Фрунзенский»",
        "Общество с ограниченной ответственностью «Бизнес-центр Фрунзенский»",
        *("7799008710", "779901001", "1087746001474", "Арефьев Кирилл Маркович"),
        "119021, г. Москва, ул. Тимура Фрунзе, д. 11, стр. 1",
        "arenda@bc-frunze.example",
        OBRAZEC,
        "40702810000000008717",
    ),
    Firm(
        story.SUPPLIER_TRAINING,
        "ООО «Учебный центр «Практика»",
        "Общество с ограниченной ответственностью «Учебный центр «Практика»",
        *("5099033259", "509901001", "1165050006110", "Синицына Ирина Глебовна"),
        "141400, Московская обл., г. Химки, ул. Победы, д. 4",
        "kurs@praktika.example",
        OBRAZEC,
        "40702810400000033256",
    ),
    Firm(
        story.SUPPLIER_DANILOVA,
        "ИП Данилова М. С.",
        "Индивидуальный предприниматель Данилова Майя Сергеевна",
        *("509931026636", "", "319505300041819", "Данилова Майя Сергеевна"),
        "143900, Московская обл., г. Балашиха, ул. Советская, д. 19, кв. 8",
        "danilova@design.example",
        OBRAZEC,
        "40802810300000010266",
    ),
)

FIRMS: dict[int, Firm] = {firm.id: firm for firm in (OWN, *CLIENTS, *SUPPLIERS)}


def folder_name(firm: Firm, year: int) -> str:
    """The client's folder in that year: the old name before the renaming, ИНН where two firms share a name."""
    if firm.old_name and year < RENAMED_IN:
        return safe_number(firm.old_name)
    if firm.is_namesake:
        return f"{firm.short_name} (ИНН {firm.inn})"
    return safe_number(firm.short_name)
