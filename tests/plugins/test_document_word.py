"""Word templates: filled in as they stand, by a process with limits; PDF by LibreOffice where there is one."""

from __future__ import annotations

import io
import time
from pathlib import Path
from zipfile import ZipFile

import pytest
import zxingcpp
from docx import Document
from PIL import Image

from engine import Effect, PluginError
from engine.documents import word
from engine.documents.office import convert_to_pdf, find_office
from tests.plugins.document_case import ACT, BUYER, Store, make_setup
from tests.plugins.document_facts import OWN, document, made, office
from tests.plugins.document_pictures import text_of
from tests.plugins.word_sample import FILE, write

NO_OFFICE = {"own": {"document": {"office": "none"}}}


def letter(*texts: str) -> bytes:
    """A Word template of these paragraphs."""
    paper, out = Document(), io.BytesIO()
    for text in texts:
        paper.add_paragraph(text)
    paper.save(out)
    return out.getvalue()


def paragraphs(content: bytes) -> list[str]:
    return [one.text for one in Document(io.BytesIO(content)).paragraphs]


def filled(folder: Path, *texts: str) -> list[str]:
    (folder / "act.docx").write_bytes(letter(*texts))
    _, content, file = made("act", setup={**NO_OFFICE, "templates": folder})
    assert file.name == "Акт А-2026-043.docx"
    return paragraphs(content)


def with_part(name: str, content: bytes) -> bytes:
    """A Word template with one part more, or another content of it."""
    out = io.BytesIO()
    with ZipFile(io.BytesIO(letter("{{ number }}"))) as packed, ZipFile(out, "w", 8) as target:
        for part in packed.namelist():
            if part != name:
                target.writestr(part, packed.read(part))
        target.writestr(name, content)
    return out.getvalue()


def test_the_shipped_sample_is_what_its_script_writes_and_fills_in() -> None:
    assert FILE.read_bytes() == write()
    effect, content, file = made("act", renderer="docx", setup=NO_OFFICE)
    assert (file.name, effect.result.kind if effect.result else "") == ("Акт А-2026-043.docx", "docx")  # type: ignore[union-attr]
    assert ["LibreOffice" in one.en for one in effect.warnings] == [True]
    text = "\n".join(paragraphs(content))
    assert "Сто пятьдесят три тысячи восемьсот пятьдесят рублей 50 копеек" in text
    table = Document(io.BytesIO(content)).tables[1]
    assert [cell.text.replace("\u00a0", " ") for cell in table.rows[3].cells] == [
        "3", "Обучение сотрудников, группа до 10 человек", "3", "час", "4 500,00", "13 500,00",
    ]  # fmt: skip


def test_the_word_act_bears_the_mark_too() -> None:
    _, content, _ = made("act", renderer="docx", setup=NO_OFFICE)
    with ZipFile(io.BytesIO(content)) as packed:
        pictures = [packed.read(name) for name in packed.namelist() if name.endswith(".png")]
    codes = [zxingcpp.read_barcodes(Image.open(io.BytesIO(one)).convert("L")) for one in pictures]
    assert [code.text for found in codes for code in found] == ["reglament:act:А-2026/043:43:6d58619c"]


def test_the_same_facts_give_the_same_word_file() -> None:
    _, first, _ = made("act", renderer="docx", setup=NO_OFFICE)
    time.sleep(2.1)  # a zip tells the time to two seconds
    _, second, _ = made("act", renderer="docx", setup=NO_OFFICE)
    assert first == second


def test_a_companys_word_file_wins_without_being_asked_for(tmp_path: Path) -> None:
    assert filled(tmp_path, "Наш акт {{ number }} на {{ total }} {{ currency }}") == [
        "Наш акт А-2026/043 на 153\u00a0850,50 руб."
    ]
    (tmp_path / "act.typ").write_text("Набрано", "utf-8")
    assert "Набрано" in text_of(made("act", setup={"templates": tmp_path})[1])


def test_a_typst_act_can_still_be_asked_for(tmp_path: Path) -> None:
    (tmp_path / "act.docx").write_bytes(letter("{{ number }}"))
    assert "Исполнитель" in text_of(made("act", renderer="typst", setup={"templates": tmp_path})[1])


def test_what_people_wrote_is_text_in_word_too(tmp_path: Path) -> None:
    facts = office()
    wild = 'A&B <w:p> {{ total }} {% for x in y %} «Ё/ж» ]]> "кавычки"'
    facts.rows[BUYER]["name"] = wild + "😀\x0b"
    (tmp_path / "act.docx").write_bytes(letter("{{ buyer.name }}"))
    _, content, _ = made("act", facts, setup={**NO_OFFICE, "templates": tmp_path})
    assert paragraphs(content) == [wild]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ nosuch }}", "nosuch"),
        ("{{ buyer.nosuch }}", "nosuch"),
        ("{% for %}", "TemplateSyntaxError"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ cycler.__init__.__globals__ }}", "unsafe"),
        ("{% for n in range(99999999) %}x{% endfor %}", "range"),
        ("{{ 'x' * 9999999999 }}", "нельзя считать"),
        ("{% include '/etc/passwd' %}", "no loader"),
        ("{{ lines.append(1) }}", "unsafe"),
    ],
)
def test_a_template_may_name_values_and_nothing_else(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=words) as caught:
        filled(tmp_path, text)
    assert "act.docx" in str(caught.value)


def test_a_template_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word, "SECONDS", 2)
    deep = "".join(f"{{% for a{n} in words %}}" for n in range(12)) + "x" + "{% endfor %}" * 12
    started = time.monotonic()
    with pytest.raises(PluginError, match="не заполнился"):
        filled(tmp_path, deep)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "пуст"),
        (b"PK\x03\x04torn", "не читается"),
        (letter("x")[:-200], "не читается"),
        (with_part("word/vbaProject.bin", b"macro"), "макросы"),
        (with_part("word/media/zeros.xml", bytes(70_000_000)), "слишком велик"),
        (
            with_part(
                "word/_rels/more.xml.rels",
                b'<Relationships><Relationship Id="r" Type="x/image" Target="file:///etc/passwd" '
                b'TargetMode="External"/></Relationships>',
            ),
            "наружу",
        ),
    ],
    ids=["empty", "torn", "cut", "macros", "bomb", "linked"],
)
def test_a_file_that_is_not_a_plain_word_document_is_refused(
    content: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / "act.docx").write_bytes(content)
    with pytest.raises(PluginError, match=words):
        made("act", setup={**NO_OFFICE, "templates": tmp_path})


def test_a_zip_that_is_no_word_document_is_refused(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "act.docx", "w") as packed:
        packed.writestr("readme.txt", "x")
    with pytest.raises(PluginError, match="не документ Word"):
        made("act", setup={**NO_OFFICE, "templates": tmp_path})


def test_libreoffice_makes_the_pdf() -> None:
    program = find_office()
    if not program:
        pytest.skip("LibreOffice is not installed")
    effect, content, file = made("act", renderer="docx")
    assert effect.warnings == ()
    assert file.name.endswith(".pdf")
    assert "А-2026/043" in text_of(content)


def program(folder: Path, script: str) -> str:
    """A program that stands where LibreOffice would: it is called by its path and arguments alone."""
    file = folder / "soffice"
    file.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    file.chmod(0o755)
    return str(file)


def test_a_converter_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    hanging = program(tmp_path, f"echo $$ > {tmp_path}/pid; sleep 60 & wait")
    started = time.monotonic()
    with pytest.raises(PluginError, match="не уложился"):
        convert_to_pdf(b"PK", hanging, seconds=1)
    assert time.monotonic() - started < 5


def test_a_converter_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="source file could not be loaded"):
        convert_to_pdf(b"PK", program(tmp_path, "echo source file could not be loaded >&2; exit 1"))


def test_the_converter_set_in_the_config_is_called(tmp_path: Path) -> None:
    called = program(
        tmp_path, f'echo "$@" > {tmp_path}/said; while [ "$1" != --outdir ]; do shift; done; '
        'printf "%%PDF-1.7" > "$2/document.pdf"'
    )  # fmt: skip
    action = document.Render(make_setup(own={"document": {**OWN["document"], "office": called}}))
    effect = action.effect({"template": "act", "item": ACT, "renderer": "docx"}, office())
    assert isinstance(effect, Effect)
    assert effect.warnings == ()
    store = Store()
    assert action.perform(effect, store).name == "Акт А-2026-043.pdf"
    said = (tmp_path / "said").read_text("utf-8")
    assert "--headless" in said
    assert "UserInstallation=file:///" in said
