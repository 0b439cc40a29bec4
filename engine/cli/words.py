"""The sentences of the command line, in Russian and English. Diagnostics have pages of their own."""

from __future__ import annotations

from collections.abc import Mapping

SENTENCES: Mapping[str, tuple[str, str]] = {
    "mistake": ("engine: {what}", "engine: {what}"),
    "try_help": ("(справка: `{command} --help`)", "(help: `{command} --help`)"),
    "mistake_file": ("{name}: {what}", "{name}: {what}"),
    "not_text": ("{name}: это не текст в UTF-8", "{name}: not a text in UTF-8"),
    "no_file": ("нет такого файла или папки", "there is no such file or folder"),
    "no_permission": ("нет прав на чтение или запись", "no permission to read or write it"),
    "is_folder": ("это папка, а нужен файл", "this is a folder, a file is needed"),
    "not_folder": ("это файл, а нужна папка", "this is a file, a folder is needed"),
    "exists": ("уже существует", "it exists already"),
    "disk_full": ("на диске нет места", "the disk is full"),
    "read_only": ("диск только для чтения", "the disk is read-only"),
    "port_taken": (
        "этот адрес или порт занят другой программой; выберите другой порт",
        "this address or port is taken by another program; choose another port",
    ),
    "address_taken": (
        "адрес {name} занят другой программой; выберите другой порт",
        "the address {name} is taken by another program; choose another port",
    ),
    "no_option": ("нет такого параметра: {name}", "no such option: {name}"),
    "perhaps": ("возможно: {names}", "perhaps: {names}"),
    "missing": ("не указано: {name}", "missing: {name}"),
    "bad_option": ("неверно указан параметр {name}", "option {name} is used wrongly"),
    "one_of": ("{name}: нужно одно из: {options}", "{name}: one of {options} is needed"),
    "whole_number": ("{name}: нужно целое число в допустимых пределах", "{name}: a whole number is needed"),
    "no_path": ("{name}: нет такого файла или папки: {what}", "{name}: no such file or folder: {what}"),
    "bad_value": ("{name}: значение не подходит: {what}", "{name}: bad value: {what}"),
    "no_command": ("нет такой команды: {what}", "no such command: {what}"),
    "no_command_near": (
        "нет такой команды: {what}; возможно: {near}",
        "no such command: {what}; perhaps {near} was meant",
    ),
    "missing_command": ("не указана команда", "a command is missing"),
    "extra_argument": ("лишний аргумент: {what}", "unexpected argument: {what}"),
    "no_config": (
        "нет файла настроек {name}; `engine init .` создаст его",
        "there is no {name}; `engine init .` writes one",
    ),
    "using_example": (
        "config.yaml не найден: настройки — {config}, регламенты — {regulations}",
        "no config.yaml here: using {config} and {regulations}",
    ),
    "shipped_config": ("пример из поставки", "the shipped example config"),
    "shipped_regulations": ("из поставки", "the shipped regulations"),
    "no_secret": (
        "не задан {name}: впишите его в .env рядом с config.yaml или в переменную окружения (можно {name}_FILE)",
        "{name} is not set: put it into .env beside config.yaml or into the environment ({name}_FILE works too)",
    ),
    "bad_webhook": (
        "{name}: это не адрес входящего вебхука портала",
        "{name}: not the address of a portal webhook",
    ),
    "clean": ("Ошибок нет: {files}.", "No errors in {files}."),
    "found": ("{found} в {files}.", "{found} in {files}."),
    "no_facts": (
        "во входном файле нет фактов о {item}: всё, что от них зависит, не решено (`--live` прочитает портал)",
        "the event file has no facts of {item}: what depends on them is undecided (`--live` reads the portal)",
    ),
    "portal_refused": ("портал не ответил как нужно: {what}", "the portal did not do what was asked: {what}"),
    "plugin_failed": ("плагин нарушил обещание: {what}", "a plugin broke its promise: {what}"),
    "not_read": ("не прочитано с портала: {what}: {why}", "not read from the portal: {what}: {why}"),
    "not_on_portal": ("на портале нет {item}", "the portal has no {item}"),
    "no_code": ("нет диагностики с кодом {code}{hint}", "there is no diagnostic {code}{hint}"),
    "codes_are": ("; есть: {codes}", "; known: {codes}"),
    "written": ("записано: {name}", "written: {name}"),
    "written_folder": ("записано: {name} (файлов: {count})", "written: {name} ({count} files)"),
    "left": ("уже есть, не тронуто: {name}", "left as it is: {name}"),
    "next_steps": (
        "Дальше: впишите секреты в {env} и проверьте: engine check --config {config}",
        "Next: put the secrets into {env} and run: engine check --config {config}",
    ),
    "emulating": (
        "Эмулятор портала: {url}/  вебхук: {webhook}  (Ctrl-C — остановить)",
        "Emulated portal: {url}/  webhook: {webhook}  (Ctrl-C stops it)",
    ),
    "trust": (
        "Сертификат удостоверяющего центра: {name}  (REQUESTS_CA_BUNDLE, SSL_CERT_FILE)",
        "CA certificate: {name}  (REQUESTS_CA_BUNDLE, SSL_CERT_FILE)",
    ),
    "no_tls": (
        "для --tls нужно дополнение tls: pip install 'reglament[tls]'",
        "--tls needs the extra tls: pip install 'reglament[tls]'",
    ),
    "ca_alone": ("--ca нужен только вместе с --tls", "--ca goes with --tls only"),
    "bad_policy": ("--policy: {what}", "--policy: {what}"),
    "bad_clock": (
        "--clock: {name} — не время; напишите real или, например, 2026-03-16T09:00",
        "--clock: {name} is no time; write real or, for example, 2026-03-16T09:00",
    ),
    "clock_back": (
        "--clock: портал уже показал {last}, назад его часы не ходят; уберите --clock или начните с нового файла",
        "--clock: the portal has shown {last} already and never goes back; leave --clock out or start a new file",
    ),
    "bad_state": ("{name}: это не файл состояния эмулятора", "{name}: not a state file of the emulator"),
    "serving": (
        "Приём событий: {events}  Консоль: {console}  (Ctrl-C — остановить)",
        "Events: {events}  Console: {console}  (Ctrl-C stops it)",
    ),
    "first_link": (
        "Первый вход в консоль (один раз, в течение суток): {link}",
        "The first way in to the console (once, within a day): {link}",
    ),
    "people_name": ("назовите, кого приглашаете", "name whom you invite"),
    "people_unknown": ("{name}: такого сотрудника нет", "{name}: nobody has this name"),
    "stopped": ("Остановлено.", "Stopped."),
    "broken_regulation": (
        "регламенты с ошибками не вводятся в действие: исправьте и запустите снова",
        "regulations with errors do not come into force: mend them and start again",
    ),
    "state": ("{what}", "{what}"),
    "engine_off": (
        "движок сейчас не запущен: просьба записана и будет исполнена при следующем запуске",
        "no engine is running: the request is kept and will be done at the next start",
    ),
    "asked_later": ("просьба {number} ждёт своей очереди", "request {number} waits for its turn"),
    "refused_request": ("не исполнено: {what}", "not done: {what}"),
    "sweep_entity": (
        "{name}: изменено {changed}, новых {new}, удалено {gone}, принято без событий {adopted}",
        "{name}: changed {changed}, new {new}, gone {gone}, taken in without events {adopted}",
    ),
    "sweep_failed": ("{name}: портал не ответил: {what}", "{name}: the portal did not tell: {what}"),
    "sweep_queued": (
        "В очереди портала ждало событий: {count}.",
        "Events that waited in the portal's own queue: {count}.",
    ),
    "swept": (
        "Найдено изменённых элементов: {items}; запросов к порталу: {requests}.",
        "Changed items found: {items}; requests to the portal: {requests}.",
    ),
    "commanded": ("Событий поставлено в очередь: {count}.", "Events put into the inbox: {count}."),
    "no_rule": ("нет правила {name}", "there is no rule {name}"),
    "no_rule_near": ("нет правила {name}; возможно: {near}", "there is no rule {name}; perhaps: {near}"),
    "backfill_disabled": ("правило {name} выключено", "the rule {name} is disabled"),
    "backfill_stateless": (
        "правило {name} ждёт события, после которого не остаётся состояния: применять не к чему",
        "the rule {name} waits for what leaves no state behind: there is nothing to apply it to",
    ),
    "backfill_none": ("Делать нечего.", "There is nothing to do."),
    "backfill_limit": (
        "показаны первые {count}; остальные — следующим запуском",
        "these are the first {count}; run it again for the others",
    ),
    "backfill_shut": ("✗ не подошло: {count} — {what}", "✗ condition false: {count} — {what}"),
    "backfill_done": ("уже сделано: {name}", "done already: {name}"),
    "backfill_sum": (
        "Правило {name} сработает для элементов: {count}.",
        "The rule {name} will fire for {count} items.",
    ),
    "backfill_sure": ("Выполнить?", "Do it?"),
    "backfilled": (
        "Событий поставлено в очередь: {count}; ждали раньше: {waiting}.",
        "Events put into the inbox: {count}; waiting already: {waiting}.",
    ),
    "undo_sure": ("Вернуть?", "Take it back?"),
    "undone": ("возвращено: шаг {step}, {action}", "taken back: step {step}, {action}"),
    "would_undo": ("будет возвращено: шаг {step}, {action}", "would be taken back: step {step}, {action}"),
    "left_done": ("остаётся: шаг {step}, {action}: {why}", "stays: step {step}, {action}: {why}"),
    "paused": (
        "Пауза: ни одно правило ничего не делает, события копятся. Продолжить: engine resume",
        "Paused: no rule does anything, events wait. To go on: engine resume",
    ),
    "paused_already": ("Уже на паузе.", "It is paused already."),
    "backed_up": (
        "Копия готова: {file}, {size} МБ, файлов: {count}. В ней данные и токены: храните как секрет.",
        "The backup stands: {file}, {size} MB, {count} files. It holds data and tokens: keep it like a secret.",
    ),
    "restored": (
        "Восстановлено состояние на {made} (версия {product}); движок на паузе. Дальше — docs/operations.md",
        "The state is that of {made} (version {product}); the engine is paused. Next: docs/operations.md",
    ),
    "restored_before": ("Прежнее состояние: {file}", "The state before it: {file}"),
    "resumed": (
        "Тормоз отпущен; продолжены задержанные запуски: {count}.",
        "The brake is released; runs gone on with: {count}.",
    ),
    "no_brakes": ("ни один тормоз не включён", "no brake is on"),
    "no_brake": (
        "тормоз {name} не включён; включены: {names}",
        "the brake {name} is not on; on are: {names}",
    ),
    "no_run": ("в журнале нет запуска {name}", "the journal has no run {name}"),
    "no_facts_kept": (
        "факты запуска {name} больше не хранятся (journal.keep)",
        "the facts of run {name} are not kept any more (journal.keep)",
    ),
    "no_such_runs": ("Таких запусков нет.", "There are no such runs."),
    "more_runs": ("дальше: --before {name}", "for more: --before {name}"),
    "bad_moment": (
        "{name}: непонятное время {what}; нужно 2d, 36h, 2026-03-14 или время ISO",
        "{name}: {what} is no moment: 2d, 36h, 2026-03-14 or an ISO time is",
    ),
    "no_item": ("движок не знает элемента {what}", "the engine knows no item {what}"),
    "many_items": ("{what}: таких несколько: {names}", "{what}: there are several: {names}"),
    "no_runs": ("В журнале пока нет запусков.", "The journal has no runs yet."),
    "plugin": ("Плагин {name}", "Plugin {name}"),
    "no_actions": ("действий нет", "no actions"),
    "required": ("обязательный", "required"),
    "optional": ("необязательный", "optional"),
    "open_parameters": (
        "любые поля элементов, которые видит правило",
        "any fields of the items that the rule sees",
    ),
    "result": ("результат", "result"),
    "example": ("пример", "example"),
    "receives": ("Событие {name}: {fields}", "Event {name}: {fields}"),
    "measuring": ("Измеряю: правил {rules}, раундов {rounds}…", "Measuring: {rules} rules, {rounds} rounds…"),
    "racing": (
        "Сравниваю с другими движками: правил {rules}, раундов {rounds}…",
        "Racing other engines: {rules} rules, {rounds} rounds…",
    ),
    "no_peers": (
        "для сравнения нужны другие движки, не установлены: {names}; поставьте: pip install 'reglament[bench]'",
        "the comparison needs other engines, missing: {names}; install them: pip install 'reglament[bench]'",
    ),
    "round": ("раунд {number}…", "round {number}…"),
    "bench_failed": ("замер не удался: {reason}", "the measurement failed: {reason}"),
    "left_out": ("не измерено: {what}", "not measured: {what}"),
    "import_only_plan": (
        "Это план, ничего не сделано. Исполнить его: та же команда с --yes",
        "This is the plan, nothing was done. To do it: the same command with --yes",
    ),
    "import_plan_exists": (
        "{name}: файл уже есть, план в него не записан",
        "{name} exists already, the plan was not written",
    ),
    "import_changed": (
        "{name}: файл изменился, пока составлялся план; составьте план заново",
        "{name}: the file changed since the plan was made; make the plan again",
    ),
    "import_bar": ("Перенос", "Taking in"),
    "import_begun": (
        "Передано движку документов: {count}. Ход: engine runs list",
        "Documents handed to the engine: {count}. Progress: engine runs list",
    ),
    "too_slow": ("хуже допустимого: {names}", "beyond the bound: {names}"),
}


def word(key: str, language: str, **values: str) -> str:
    """Return a sentence in `language` (`ru` or `en`) with its slots filled."""
    russian, english = SENTENCES[key]
    return (russian if language == "ru" else english).format(**values)


_FORMS = {
    "error": (("ошибка", "ошибки", "ошибок"), ("error", "errors")),
    "warning": (("предупреждение", "предупреждения", "предупреждений"), ("warning", "warnings")),
    "advice": (("совет", "совета", "советов"), ("advice", "advice")),
    "file": (("файле", "файлах", "файлах"), ("file", "files")),
    "file_checked": (("файл проверен", "файла проверено", "файлов проверено"), ("file", "files")),
}


def counted(count: int, what: str, language: str) -> str:
    """Return `3 ошибки`, `1 warning`; `what` is a key of the table above."""
    russian, english = _FORMS[what]
    if language != "ru":
        return f"{count} {english[0] if count == 1 else english[1]}"
    if what == "file":
        return f"{count} {russian[0] if count % 10 == 1 and count % 100 != 11 else russian[1]}"
    tens, ones = count % 100, count % 10
    is_many = 11 <= tens <= 14 or ones == 0 or ones >= 5
    return f"{count} {russian[2] if is_many else russian[0] if ones == 1 else russian[1]}"
