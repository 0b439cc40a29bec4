"""Folders and files: made, found, sent, fetched, replaced, renamed, removed.

What makes a folder or a file answers with a number for its ID, what reads it with a text.
"""

from __future__ import annotations

import base64

import pytest

CONTENT = "Акт № 1\n".encode() + bytes(range(256))


@pytest.fixture
def folder(portal):
    return portal.make_folder()


def send(portal, folder, name, content=CONTENT, **more):
    sent = [name, base64.b64encode(content).decode()]
    return portal.result(
        "disk.folder.uploadfile", id=folder["ID"], data={"NAME": name}, fileContent=sent, **more
    )


def test_a_folder_is_found_by_name(portal, folder):
    inner = portal.result("disk.folder.addsubfolder", id=folder["ID"], data={"NAME": "Акты 2026"})
    assert (inner["TYPE"], inner["PARENT_ID"]) == ("folder", str(folder["ID"]))
    found = portal.result("disk.folder.getchildren", id=folder["ID"], filter={"NAME": "Акты 2026"})
    assert [one["ID"] for one in found] == [str(inner["ID"])]
    assert portal.result("disk.folder.get", id=inner["ID"])["NAME"] == "Акты 2026"


def test_a_folder_of_the_same_name_is_refused(portal, folder):
    portal.result("disk.folder.addsubfolder", id=folder["ID"], data={"NAME": "Акты"})
    assert portal.refusal("disk.folder.addsubfolder", id=folder["ID"], data={"NAME": "Акты"}) == (
        400,
        "DISK_OBJ_22000",
    )


def test_a_sent_file_comes_back_whole(portal, folder):
    sent = send(portal, folder, "Акт 1.txt")
    file = portal.result("disk.file.get", id=sent["ID"])
    assert (file["NAME"], file["TYPE"], int(file["SIZE"])) == ("Акт 1.txt", "file", len(CONTENT))
    assert file["PARENT_ID"] == str(folder["ID"])
    assert portal.download(file["DOWNLOAD_URL"]) == CONTENT


def test_a_file_of_the_same_name_gets_another_where_asked(portal, folder):
    first = send(portal, folder, "Акт.txt")
    second = send(portal, folder, "Акт.txt", generateUniqueName=True)
    assert first["ID"] != second["ID"]
    assert second["NAME"] != "Акт.txt"
    names = {one["NAME"] for one in portal.result("disk.folder.getchildren", id=folder["ID"])}
    assert names == {"Акт.txt", second["NAME"]}


def test_a_version_keeps_the_file(portal, folder):
    file = send(portal, folder, "Акт.txt")
    again = portal.result(
        "disk.file.uploadversion", id=file["ID"], fileContent=["Акт.txt", base64.b64encode(b"2").decode()]
    )
    assert str(again["ID"]) == str(file["ID"])
    assert portal.download(portal.result("disk.file.get", id=file["ID"])["DOWNLOAD_URL"]) == b"2"


def test_names_and_places_change(portal, folder):
    file = send(portal, folder, "Акт.txt")
    inner = portal.result("disk.folder.addsubfolder", id=folder["ID"], data={"NAME": "Подписанные"})
    assert portal.result("disk.file.rename", id=file["ID"], newName="Акт 2.txt")["NAME"] == "Акт 2.txt"
    portal.result("disk.file.moveto", id=file["ID"], targetFolderId=inner["ID"])
    assert [one["NAME"] for one in portal.result("disk.folder.getchildren", id=inner["ID"])] == ["Акт 2.txt"]


def test_what_was_thrown_away_is_listed_no_more(portal, folder):
    file = send(portal, folder, "Акт.txt")
    portal.result("disk.file.markdeleted", id=file["ID"])
    assert portal.result("disk.folder.getchildren", id=folder["ID"]) == []
