from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from engine.emulator.person import Person
from engine.language.values import File, Inside, Item
from engine.portal.errors import PortalError
from tests.portal.portal_case import Site
from tests.scans.scan_case import NUMBER, printed

PDF = b"%PDF-1.7 kept"
ACT = Item("act", "40")


def attach(site: Site, name: str, content: bytes) -> File:
    Person(site.portal, 6).attach(1044, 40, "ufCrm12Scan", name, content)
    found = site.map.decode("act", site.gateway.send([site.map.read("a", ACT)])[0].result["item"])["scan"]
    assert isinstance(found, File)
    return found


def test_kept_bytes_are_named_by_their_hash_and_read_back(site: Site, tmp_path: Path):
    kept = site.contents.keep("акт.pdf", PDF)
    digest = hashlib.sha256(PDF).hexdigest()
    assert kept == File("акт.pdf", len(PDF), "pdf", digest, f"kept:{digest}")
    assert site.contents.read(kept) == PDF
    assert site.contents.keep("другое имя.pdf", PDF).source == kept.source
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files] == [digest]


def test_describing_stores_nothing(site: Site, tmp_path: Path):
    assert site.contents.describe("a", b"x").kind == "text"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_file_of_a_field_is_read_and_looked_into_once(site: Site):
    found = attach(site, "Скан акта.pdf", PDF)
    assert (found.name, found.size, found.kind, found.sha256) == ("", None, None, None)
    assert site.contents.read(found) == PDF
    looked = site.contents.look(found)
    assert (looked.name, looked.size, looked.kind) == ("Скан акта.pdf", len(PDF), "pdf")
    assert looked.sha256 == hashlib.sha256(PDF).hexdigest()
    assert looked.source == found.source
    attach(site, "another.pdf", PDF)
    # The id is gone from the field, what was learned of it stays.
    assert site.contents.look(found) == looked
    with pytest.raises(PortalError, match="no longer holds"):
        site.contents.read(found)


def test_a_file_of_the_drive(site: Site):
    file_id = Person(site.portal, 6).put_file(1, "Проба/отчёт.txt", "Привет".encode())
    assert site.contents.read(File("x", source=f"disk:{file_id}")) == "Привет".encode()
    assert site.contents.look(File("", source=f"disk:{file_id}")).name == "отчёт.txt"
    with pytest.raises(PortalError) as caught:
        site.contents.read(File("x", source="disk:999999"))
    assert caught.value.retry == "never"


@pytest.mark.parametrize(
    "source", [None, "", "kept:../../etc/passwd", "kept:", "disk:", "portal:1/2/3", "file:/etc/passwd"]
)
def test_an_unknown_source_is_said(site: Site, source):
    with pytest.raises(PortalError, match="nothing is known"):
        site.contents.read(File("x", source=source))


def test_a_lost_blob_is_an_error_of_our_own(site: Site):
    with pytest.raises(OSError, match="No such file"):
        site.contents.read(File("x", source="kept:" + "0" * 64))


def test_a_broken_memory_is_read_anew(site: Site, tmp_path: Path):
    found = attach(site, "a.pdf", PDF)
    looked = site.contents.look(found)
    memory = next(path for path in tmp_path.rglob("known/*/*"))
    memory.write_bytes(b'{"name": "a')
    assert site.contents.look(found) == looked


def test_a_file_is_looked_into_when_asked_and_once_for_the_same_bytes(site: Site, tmp_path: Path):
    act = printed()
    found = attach(site, "акт.pdf", act)
    assert site.contents.look(found).inside is None
    assert not list(tmp_path.rglob("inside/*/*"))
    looked = site.contents.look(found, inside=True)
    assert looked.inside == Inside(True, 1, False, None, (NUMBER, "Д-12/25"))
    memory = next(tmp_path.rglob("inside/*/*"))
    assert memory.name == hashlib.sha256(act).hexdigest()
    # A verdict goes by the bytes: another place of the same file is not looked into again.
    known = json.loads(memory.read_bytes()) | {"numbers": ["А-1"]}
    memory.write_text(json.dumps(known))
    again = site.contents.look(site.contents.keep("копия.pdf", act), inside=True)
    assert again.inside is not None
    assert again.inside.numbers == ("А-1",)
    memory.write_bytes(b'{"form": 0}')
    assert site.contents.look(found, inside=True) == looked


def test_what_is_no_scan_is_not_readable(site: Site):
    looked = site.contents.look(attach(site, "письмо.txt", "Подписано".encode()), inside=True)
    assert looked.inside == Inside(readable=False)
