"""Makes a PDF copy of a picture: a HEIC from a phone, a fax of several pages, which not every program opens.

Decides what the copy is called. What was received is filed as it came; the copy lies beside it, if a rule says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import ClassVar

from engine import (
    Action,
    CallChange,
    CannotCopy,
    Commands,
    Effect,
    Facts,
    File,
    Outside,
    Param,
    Params,
    PluginError,
    Said,
    Setup,
    Undecided,
    Value,
    hookimpl,
    pdf_copy,
)

ALREADY = Said("Это уже PDF.", "It is a PDF already.")


class ToPdf(Action):
    """Делает PDF-копию картинки (JPEG, PNG, HEIC, TIFF из многих страниц); PDF остаётся собой.

    Returns a PDF with every page of the picture, turned as its camera says. The same picture gives the same bytes.
    Ends the run with the reason where it is no picture or is damaged.
    """

    name: ClassVar[str] = "document.to_pdf"
    title: ClassVar[Said] = Said("Сделать PDF-копию", "Make a PDF copy")
    parameters: ClassVar[Mapping[str, Param]] = {"file": Param("file", "The picture to copy.")}
    example: ClassVar[str] = '- document.to_pdf: {file: "${act.scan}"}\n  as: copy'
    result: ClassVar[str] = "file"
    kinds: ClassVar[tuple[str, ...]] = ("call",)

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say which copy would be made. Undecided where the file or its kind is."""
        file = params.get("file")
        if isinstance(file, Undecided):
            return file
        if not isinstance(file, File) or file.kind is None:
            return Undecided("document.to_pdf: file")
        if file.kind == "pdf":
            return Effect(params, (), file, nothing_to_do=ALREADY)
        copy = File(f"{PurePosixPath(file.name).stem}.pdf", kind="pdf")
        return Effect(params, (CallChange("scan", f"PDF-копия {copy.name} (из {file.name})"),), copy)

    def perform(self, effect: Effect, outside: Outside) -> Value:
        """Make the copy and keep it; return it. Repeating it harms nothing."""
        file, copy = effect.params["file"], effect.result
        if not isinstance(file, File) or not isinstance(copy, File) or file.kind == "pdf":
            return effect.result
        try:
            return outside.keep(copy.name, pdf_copy(outside.read(file), file.kind or ""))
        except CannotCopy as error:
            raise PluginError("scan", self.name, f"{file.name}: {error}") from error

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Nothing to take back: the copy lies in the engine's own store."""
        return _nothing()


def _nothing() -> Commands:
    yield from ()
    return None


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:  # noqa: ARG001 — the hook's signature
    """Supply `document.to_pdf`."""
    return [ToPdf()]
