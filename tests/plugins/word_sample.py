"""Writes the shipped Word template of an act: `python -m tests.plugins.word_sample`.

It is a sample for an office that edits its forms in Word; the marks are those that `docs/documents.md` lists.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from docx import Document
from docx.document import Document as WordFile
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt

from engine.documents.word import repack
from tests.plugins.document_case import ROOT

FILE = ROOT / "plugins" / "document_templates" / "word" / "act.docx"
HEADS = ("№", "Наименование работ, услуг", "Кол-во", "Ед.", "Цена {{ line_basis }}", "Сумма {{ line_basis }}")
CELLS = ("{{ loop.index }}", "{{ row.name }}", "{{ row.quantity }}", "{{ row.unit }}", "{{ row.price }}",
         "{{ row.amount }}")  # fmt: skip
WIDTHS = (10, 78, 18, 20, 26, 26)
PARTY = (
    "{{{{ {0}.name }}}}, ИНН {{{{ {0}.inn }}}}{{% if {0}.kpp %}}, КПП {{{{ {0}.kpp }}}}{{% endif %}}, "
    "{{{{ {0}.address }}}}, р/с {{{{ {0}.account }}}} в банке {{{{ {0}.bank }}}}, БИК {{{{ {0}.bik }}}}"
)
BASIS = (
    "Основание: {% if contract_number %}Договор № {{ contract_number }} от {{ contract_date }}{% endif %}"
    "{% if stage_no %}, этап {{ stage_no }}{% endif %}"
)
LINES: Sequence[str] = (
    "Исполнитель: " + PARTY.format("seller"),
    "Заказчик: " + PARTY.format("buyer"),
    BASIS,
)
SUMS: Sequence[str] = (
    "{% if vat_label %}Итого без НДС: {{ net }}{% else %}Итого: {{ total }}{% endif %}",
    "{% if vat_label %}{{ vat_label }}: {{ vat }}{% else %}НДС не облагается{% endif %}",
    "Всего: {{ total }} {{ currency }}",
)


def write() -> bytes:
    """The template's bytes, the same every time."""
    made = Document()
    section = made.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin, section.right_margin = Mm(20), Mm(12)
    section.top_margin = section.bottom_margin = Mm(15)
    style = made.styles["Normal"]
    style.font.name, style.font.size = "PT Sans", Pt(10)
    _head(made)
    for text in LINES:
        made.add_paragraph(text)
    _table(made)
    for text in SUMS:
        made.add_paragraph(text).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    made.add_paragraph("Всего оказано услуг {{ lines | length }}, на сумму {{ total }} {{ currency }}")
    made.add_paragraph().add_run("{{ words }}").bold = True
    made.add_paragraph(
        "Вышеперечисленные работы (услуги) выполнены полностью и в срок. Заказчик претензий по объёму, качеству и "
        "срокам оказания услуг не имеет."
    )
    _signatures(made)
    out = io.BytesIO()
    made.save(out)
    return repack(out.getvalue())


def _head(made: WordFile) -> None:
    table = made.add_table(rows=1, cols=2)
    left, right = table.rows[0].cells
    left.width, right.width = Mm(150), Mm(28)
    run = left.paragraphs[0].add_run("Акт № {{ number }} от {{ date_long }}")
    run.bold, run.font.size = True, Pt(15)
    right.paragraphs[0].add_run("{{ mark }}")


def _table(made: WordFile) -> None:
    table = made.add_table(rows=4, cols=len(HEADS), style="Table Grid")
    for row, texts in ((0, HEADS), (2, CELLS)):
        for cell, text, width in zip(table.rows[row].cells, texts, WIDTHS, strict=True):
            cell.width = Mm(width)
            cell.paragraphs[0].add_run(text).bold = row == 0
    # A row of its own for the loop's start and end: docxtpl takes both rows out.
    table.rows[1].cells[0].paragraphs[0].add_run("{%tr for row in lines %}")
    table.rows[3].cells[0].paragraphs[0].add_run("{%tr endfor %}")


def _signatures(made: WordFile) -> None:
    table = made.add_table(rows=1, cols=2)
    for cell, label, name in zip(
        table.rows[0].cells, ("Исполнитель", "Заказчик"), ("seller", "buyer"), strict=True
    ):
        cell.paragraphs[0].add_run(label).bold = True
        cell.add_paragraph(f"{{{{ {name}.short_name }}}}")
        cell.add_paragraph()
        cell.add_paragraph(f"_______________ / {{{{ {name}.director }}}}")
        cell.add_paragraph("М. П.")


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_bytes(write())
    sys.exit(0)
