"""`engine portal record`: the live portal's answers, masked and kept as samples, and compared with the twin's."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import click

from engine.cli.mistakes import Mistake
from engine.cli.opening import Opening, pass_opening
from engine.cli.portal_line import open_line
from engine.cli.portal_pull import plain
from engine.effects import Said

if TYPE_CHECKING:
    from engine.portal.questions import Question
    from engine.portal.recording import Recording
    from engine.portal.shapes import Json
    from engine.settings import Settings

FAILED = 1


@click.command("record")
@click.argument("target", type=click.Path(path_type=Path), metavar="[FILE|DIR]", required=False)
@click.option("--method", "methods", multiple=True, metavar="NAME", help="Only this method; may be repeated.")
@click.option(
    "--item", "items", multiple=True, metavar="ENTITY/ID", help="Ask for this item; may be repeated."
)
@click.option(
    "--writes", "is_writing", is_flag=True, help="Also make, change and remove a deal, a folder and a file."
)
@click.option("--compare", "is_comparing", is_flag=True, help="Show how the answers differ from the twin's.")
@pass_opening
def record(
    opening: Opening,
    target: Path | None,
    *,
    methods: tuple[str, ...],
    items: tuple[str, ...],
    is_writing: bool,
    is_comparing: bool,
) -> None:
    """Keep the live portal's answers as samples, masked: FILE (.json), or DIR with a file a method.

    Names, texts, addresses, sums and tokens do not leave the machine's memory; ids become their rank. Exit 1 where
    something made by --writes could not be removed, or where --compare finds a difference.
    """
    if target is None and not is_comparing:
        raise click.UsageError("FILE, DIR or --compare is needed")
    wanted = _Wanted(frozenset(name.lower() for name in methods), is_writing)
    settings = opening.settings()
    known = _known(settings, items)
    if is_writing:
        _say(opening, _MAKES)
    kinds = _kinds(settings)
    found = _ask(opening, settings, wanted.questions(kinds, settings.shared_drive), known)
    heard = found.recording
    _tell(opening, heard, wanted)
    if not methods:
        _tell_unheard(opening, heard)
    if target is not None:
        _write(opening, target, found, wanted)
    is_same = not is_comparing or _compare(opening, heard, wanted, kinds)
    if heard.left or not is_same:
        sys.exit(FAILED)


_MAKES = Said(
    "На портале будут созданы, изменены и удалены сделка, папка и файл; владелец вебхука получит одно"
    " уведомление и запись в ленте.",
    "A deal, a folder and a file will be made, changed and removed on the portal; the webhook's owner gets one"
    " notification and a post in the feed.",
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which of the questions are asked: all methods where `methods` is empty."""

    methods: frozenset[str]
    is_writing: bool

    def questions(self, kinds: Mapping[str, int], shared_drive: str) -> tuple[Question, ...]:
        from engine.portal.questions import choose, reads, writes

        every = (*reads(kinds, shared_drive), *(writes() if self.is_writing else ()))
        return choose(every, self.methods) if self.methods else every

    def keeps(self, method: str) -> bool:
        return not self.methods or method.lower() in self.methods


@dataclass(frozen=True, slots=True)
class _Heard:
    """A recording and the texts that must not stand in a file of it."""

    recording: Recording
    secrets: tuple[str, ...] = field(repr=False)


def _kinds(settings: Settings) -> dict[str, int]:
    return {name: one.type_id for name, one in settings.world.entities.items() if one.type_id is not None}


def _known(settings: Settings, items: Sequence[str]) -> dict[str, Json]:
    kinds = _kinds(settings)
    known: dict[str, Json] = {}
    for item in items:
        entity, _, number = item.partition("/")
        if entity not in kinds or not number.isdecimal():
            raise click.BadParameter(item, param_hint="--item")
        known[entity] = int(number)
    return known


def _ask(
    opening: Opening, settings: Settings, questions: Sequence[Question], known: Mapping[str, Json]
) -> _Heard:
    import httpx

    from engine.portal.errors import PortalError
    from engine.portal.recording import Ear, record

    ear = Ear(httpx.HTTPTransport(proxy=_proxy(settings.portal_address)))
    with open_line(opening, settings, ear) as line:
        try:
            recording = record(line.client, ear, questions, known)
            access = line.client.credentials.access()
        except PortalError as error:
            raise Mistake("portal_refused", FAILED, what=plain(error, opening.language)) from error
        parts = urlsplit(access.base)
        key = parts.path.strip("/").rpartition("/")[2]
        secrets = (urlsplit(line.client.address).hostname or "", access.token, "" if key == "rest" else key)
    return _Heard(recording, secrets)


def _proxy(address: str) -> str | None:
    """Return the proxy that the environment names for the portal; a client with a transport of its own asks nobody."""
    parts = urlsplit(address)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)


def _tell(opening: Opening, heard: Recording, wanted: _Wanted) -> None:
    for label, why in heard.silent.items():
        _say(opening, Said(f"нет ответа: {label}: {why}", f"no answer: {label}: {why}"))
    for label in () if wanted.methods else heard.unasked:
        _say(
            opening,
            Said(f"не спрошено, на портале такого нет: {label}", f"not asked, none on the portal: {label}"),
        )
    for what, why in heard.left.items():
        _say(
            opening,
            Said(f"не удалено, удалите сами: {what}: {why}", f"not removed, remove it: {what}: {why}"),
        )


def _write(opening: Opening, target: Path, found: _Heard, wanted: _Wanted) -> None:
    from engine.portal.recording import write_recording

    heard = found.recording
    texts = write_recording(
        heard.samples, found.secrets, only=wanted.keeps, is_whole=target.suffix == ".json"
    )
    if target.suffix != ".json":
        target.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        file = target if target.suffix == ".json" else target / f"{name}.json"
        file.write_text(text, "utf-8")
    count = sum(wanted.keeps(one.method) for one in heard.samples)
    _say(
        opening,
        Said(
            f"образцов записано: {count}, файлов: {len(texts)} — {target}",
            f"samples written: {count}, files: {len(texts)}: {target}",
        ),
    )


def _compare(opening: Opening, heard: Recording, wanted: _Wanted, kinds: Mapping[str, int]) -> bool:
    """Print where the twin answers otherwise; True where nowhere."""
    from engine.cli.portal_twin import ask_twin
    from engine.portal.shapes import compare_answers

    twin = {one.label: one for one in ask_twin(kinds, wanted.questions).samples}
    differences, compared = 0, 0
    for ours in heard.samples:
        if not wanted.keeps(ours.method):
            continue
        theirs = twin.get(ours.label)
        if theirs is None:
            _print(
                opening,
                Said(
                    f"{ours.method} ({ours.label}): двойника не спросить",
                    f"{ours.method} ({ours.label}): cannot be asked of the twin",
                ),
            )
            continue
        compared += 1
        for one in compare_answers(ours.response, theirs.response, (ours.status, theirs.status)):
            differences += 1
            where = f"{ours.method} ({ours.label}){': ' if one.path else ''}{one.path}"
            _print(opening, Said(f"{where}: {one.what.ru}", f"{where}: {one.what.en}"))
    _print(
        opening,
        Said(
            f"Сравнено ответов: {compared}, различий: {differences}.",
            f"Answers compared: {compared}, differences: {differences}.",
        ),
    )
    return differences == 0


def _tell_unheard(opening: Opening, heard: Recording) -> None:
    """Say which methods of the present rules were not recorded."""
    from engine.needed import find_needed

    workshop = opening.workshop()
    edition = workshop.build().edition
    if edition is None:
        return
    needed = find_needed(edition, workshop.host.received)
    asked = {one.method.lower() for one in heard.samples}
    missing = ", ".join(method for method in needed.methods if method.lower() not in asked)
    if missing:
        _say(
            opening,
            Said(
                f"регламенты зовут и эти методы, они не записаны: {missing}",
                f"the rules call these methods too, they were not recorded: {missing}",
            ),
        )


def _say(opening: Opening, said: Said) -> None:
    click.echo(said.ru if opening.language == "ru" else said.en, err=True)


def _print(opening: Opening, said: Said) -> None:
    click.echo(said.ru if opening.language == "ru" else said.en)
