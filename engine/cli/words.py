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
    "left": ("уже есть, не тронуто: {name}", "left as it is: {name}"),
    "next_steps": (
        "Дальше: впишите секреты в {env} и проверьте: engine check --config {config}",
        "Next: put the secrets into {env} and run: engine check --config {config}",
    ),
    "emulating": (
        "Эмулятор портала: {url}/  вебхук: {webhook}  (Ctrl-C — остановить)",
        "Emulated portal: {url}/  webhook: {webhook}  (Ctrl-C stops it)",
    ),
    "bad_state": ("{name}: это не файл состояния эмулятора", "{name}: not a state file of the emulator"),
    "serving": (
        "Приём событий: {events}  Консоль: {console}  (Ctrl-C — остановить)",
        "Events: {events}  Console: {console}  (Ctrl-C stops it)",
    ),
    "stopped": ("Остановлено.", "Stopped."),
    "broken_regulation": (
        "регламенты с ошибками не вводятся в действие: исправьте и запустите снова",
        "regulations with errors do not come into force: mend them and start again",
    ),
    "state": ("{what}", "{what}"),
    "no_embedded": (
        "журнал читается только из встроенного хранилища, не из {name}",
        "cannot read a journal at {name}",
    ),
    "no_run": ("в журнале нет запуска {name}", "the journal has no run {name}"),
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
