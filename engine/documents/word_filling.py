"""A process that fills one Word template in: JSON on its input, the document's bytes on its output.

Takes limits upon itself first, then trusts nothing that the template says: Jinja in its sandbox, without globals, so
that a loop runs over the sheet's own lists only; an unknown name is an error, not a hole in a contract.
"""

from __future__ import annotations

import io
import json
import sys
from base64 import b64decode
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

MEMORY = 1_000_000_000
CPU_SECONDS = 20
MARK_MM = 21


class Sandbox(ImmutableSandboxedEnvironment):
    """Names and loops; no multiplication, by which a few letters become gigabytes."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, *given: Any) -> Any:
        """Refuse: a template prints ready texts and computes nothing."""
        raise TypeError(f"в шаблоне нельзя считать: {given[1]}")


def limit_oneself() -> None:
    """Cap memory and processor time where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))


def fill(content: bytes, sheet: dict[str, Any]) -> bytes:
    """Return the filled document. Raises whatever Jinja and docxtpl raise for a broken template."""
    from docx.shared import Mm
    from docxtpl import DocxTemplate, InlineImage  # type: ignore[import-untyped]

    template = DocxTemplate(io.BytesIO(content))
    context = dict(sheet)
    if sheet.get("mark_text"):
        context["mark"] = InlineImage(template, io.BytesIO(_picture(sheet["mark_text"])), width=Mm(MARK_MM))
    environment = Sandbox(undefined=StrictUndefined, autoescape=True)
    environment.globals.clear()
    template.render(context, environment, autoescape=True)
    made = io.BytesIO()
    template.save(made)
    return made.getvalue()


def _picture(text: str) -> bytes:
    import segno

    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="png", border=2, scale=8)
    return drawn.getvalue()


def main() -> int:
    """Read the order, write the document; the last line of stderr says what was wrong."""
    limit_oneself()
    order = json.load(sys.stdin)
    try:
        made = fill(b64decode(order["template"]), order["sheet"])
    except Exception as error:  # noqa: BLE001 — whatever the template provokes is told to its author
        sys.stderr.write(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}\n")
        return 1
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
