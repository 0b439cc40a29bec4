"""A company's own templates: every paper can be replaced, and no template reaches past its folder or the network."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import PluginError, Undecided
from engine.documents import typesetting
from tests.plugins.document_facts import PAPERS, document, made, planned
from tests.plugins.document_pictures import text_of

OWN = '#import "parts.typ": *\n#let data = document-data\n#show: sheet.with(data, "Наш")\nНаш бланк #data.seller.inn'


@pytest.mark.parametrize("template", PAPERS)
def test_a_company_replaces_any_paper(template: str, tmp_path: Path) -> None:
    (tmp_path / f"{template}.typ").write_text(OWN, "utf-8")
    assert "Наш бланк 7707083893" in text_of(made(template, setup={"templates": tmp_path})[1])
    (tmp_path / f"{template}.typ").unlink()
    assert "Наш бланк" not in text_of(made(template, setup={"templates": tmp_path})[1])


def test_a_company_replaces_the_shared_parts_and_brings_pictures_and_fonts(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8), "red").save(tmp_path / "logo.png")
    text = (document.SHIPPED / "parts.typ").read_text("utf-8").replace("М. П.", "Место печати")
    (tmp_path / "parts.typ").write_text(text, "utf-8")
    (tmp_path / "act.typ").write_text(
        '#import "parts.typ": *\n#image("logo.png", alt: "знак")\n#signature("Мы")', "utf-8"
    )
    assert "Место печати" in text_of(made("act", setup={"templates": tmp_path})[1])


@pytest.mark.parametrize(
    "line",
    [
        '#import "@preview/cetz:0.3.4": *',
        '#import "@pre" + "view/cetz:0.3.4": *',
        '#import("@preview/cetz:0.3.4")',
        '#import "\\u{40}preview/cetz:0.3.4.typ"',
        '#import "x.typ".replace("x", "@preview/y")',
        '#{ let name = "@preview/cetz:0.3.4"; import name: * }',
        '#include "@local/mine:1.0.0"',
        '#eval("import \\"@preview/cetz:0.3.4\\": *")',
        '#let run = eval\n#run("1")',
    ],
)
def test_a_package_of_the_network_is_refused_before_anything_runs(line: str, tmp_path: Path) -> None:
    (tmp_path / "act.typ").write_text(f"Текст\n{line}", "utf-8")
    with pytest.raises(PluginError, match="без пакетов") as caught:
        made("act", setup={"templates": tmp_path})
    assert "act.typ:" in str(caught.value)


@pytest.mark.parametrize(
    "line",
    ['#read("../../../../../etc/hostname")', '#read("/etc/hostname")', '#image("/proc/self/environ")',
     '#json("../secret.json")', '#read("leads-out.txt")', '#read("folder-out/secret.txt")'],
)  # fmt: skip
def test_a_template_reads_nothing_outside_its_folder(line: str, tmp_path: Path) -> None:
    own, outside = tmp_path / "own", tmp_path / "outside"
    own.mkdir()
    outside.mkdir()
    (outside / "secret.txt").write_text("тайна", "utf-8")
    (tmp_path / "secret.json").write_text("{}", "utf-8")
    (own / "leads-out.txt").symlink_to(outside / "secret.txt")
    (own / "folder-out").symlink_to(outside)
    (own / "act.typ").write_text(line, "utf-8")
    with pytest.raises(PluginError):
        made("act", setup={"templates": own})


def test_a_template_that_never_ends_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "act.typ").write_text("#let n = 0\n#while n < 1 { n = 0 }", "utf-8")
    with pytest.raises(PluginError, match="infinite"):
        made("act", setup={"templates": tmp_path})


def test_a_folder_that_is_no_folder_of_templates_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typesetting, "MOST_BYTES", 1_000_000)
    (tmp_path / "photo.raw").write_bytes(bytes(1_000_001))
    with pytest.raises(PluginError, match="больше"):
        made("act", setup={"templates": tmp_path})


def test_a_renderer_without_a_template_is_said(tmp_path: Path) -> None:
    effect = planned("claim", renderer="docx")
    assert isinstance(effect, Undecided)
    assert "documents.templates" in effect.reason
    effect = planned("claim", renderer="portal")
    assert isinstance(effect, Undecided)
    assert "portal_templates" in effect.reason
