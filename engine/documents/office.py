"""A Word document made a PDF by LibreOffice, where the machine has it.

Decides how the program is called so that it disturbs nobody: a profile of its own, no window, a limit of time. Its PDF
is not the same bytes twice, and how it looks is LibreOffice's affair.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from engine.action import PluginError

PROGRAMS = ("soffice", "libreoffice")
SECONDS = 60
# PDF/A-2b, as the other documents are.
_FILTER = 'pdf:writer_pdf_Export:{"SelectPdfVersion":{"type":"long","value":"2"}}'


def find_office() -> str:
    """Return the path of LibreOffice, an empty text where there is none."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), "")


def convert_to_pdf(document: bytes, program: str, seconds: float = SECONDS) -> bytes:
    """Return the PDF of a .docx. Raises PluginError where the program fails or is not done in time."""
    with tempfile.TemporaryDirectory(prefix="office-") as made:
        folder = Path(made)
        (folder / "document.docx").write_bytes(document)
        profile = (folder / "profile").as_uri()
        command = [program, "--headless", "--norestore", "--nolockcheck", f"-env:UserInstallation={profile}"]
        command += ["--convert-to", _FILTER, "--outdir", made, str(folder / "document.docx")]
        said = _run(command, seconds)
        result = folder / "document.pdf"
        content = result.read_bytes() if result.exists() else b""
    if not content.startswith(b"%PDF-"):
        raise PluginError("document", "render", f"LibreOffice не сделал PDF: {said or 'без объяснений'}")
    return content


def _run(command: list[str], seconds: float) -> str:
    """Run to the end or to the limit; what it said last. Its children end with it."""
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            _, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            # `soffice` is a script that starts the program proper: both are of one session.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise PluginError("document", "render", f"LibreOffice не уложился в {seconds:g} с") from error
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
