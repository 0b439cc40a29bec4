"""The Drive over REST."""

from __future__ import annotations

import threading
from base64 import b64encode

import httpx
import pytest

HEADERS = {"User-Agent": "test/1", "Referer": "https://tiny.example/"}


def b64(content):
    return b64encode(content).decode()


@pytest.fixture
def root(api):
    return int(api.result("disk.storage.getlist", filter={"ENTITY_TYPE": "common"})[0]["ROOT_OBJECT_ID"])


def upload(api, folder, name, content=b"x", **more):
    return api.result(
        "disk.folder.uploadFile", id=folder, data={"NAME": name}, fileContent=[name, b64(content)], **more
    )


def child(api, folder, name):
    (row,) = api.result("disk.folder.getchildren", id=folder, filter={"NAME": name})
    return row


def test_the_shared_drive_is_found_by_its_kind(api):
    (row,) = api.result("disk.storage.getList", filter={"ENTITY_TYPE": "common"})
    assert row == api.result("disk.storage.get", id=1)
    assert (row["ID"], row["NAME"], row["MODULE_ID"]) == ("1", "Общий диск", "disk")


def test_walking_down_a_path(api, root):
    acts = child(api, root, "Акты")
    client = child(api, child(api, acts["ID"], "2025")["ID"], "Клиент")
    files = api.call("disk.folder.getChildren", id=client["ID"])
    assert files["total"] == 1
    assert (files["result"][0]["NAME"], files["result"][0]["SIZE"], files["result"][0]["TYPE"]) == (
        "Акт 1.pdf",
        "6",
        "file",
    )
    assert client["DETAIL_URL"].endswith("/disk/path/Акты/2025/Клиент")
    assert api.result("disk.storage.getChildren", id=1)[0]["ID"] == acts["ID"]


def test_ids_are_ints_after_a_create_and_strings_later(api, root):
    made = api.result("disk.folder.addSubFolder", id=root, data={"NAME": "Новая"})
    assert (type(made["ID"]), type(made["REAL_OBJECT_ID"]), made["DELETED_TYPE"], made["PARENT_ID"]) == (
        int,
        int,
        0,
        str(root),
    )
    read = api.result("disk.folder.get", id=made["ID"])
    assert (read["ID"], read["REAL_OBJECT_ID"], read["DELETED_TYPE"]) == (
        str(made["ID"]),
        str(made["ID"]),
        "0",
    )
    file = upload(api, root, "a.txt", b"abc")
    assert (type(file["ID"]), type(file["FILE_ID"]), file["GLOBAL_CONTENT_VERSION"], file["SIZE"]) == (
        int,
        int,
        1,
        "3",
    )
    assert "REAL_OBJECT_ID" not in file
    assert api.result("disk.file.get", id=file["ID"])["FILE_ID"] == str(file["FILE_ID"])


def test_a_taken_name_is_refused_whatever_its_case(api, root):
    assert api.refusal("disk.storage.addFolder", id=1, data={"NAME": "акты"}) == (
        400,
        "DISK_OBJ_22000",
        "A folder with this name already exists",
    )
    upload(api, root, "скан.pdf")
    assert (
        api.refusal(
            "disk.folder.uploadFile", id=root, data={"NAME": "Скан.pdf"}, fileContent=["x", b64(b"y")]
        )[1]
        == "DISK_OBJ_22000"
    )


def test_a_unique_name_is_made_on_demand(api, root):
    names = [upload(api, root, "скан.pdf", generateUniqueName=True)["NAME"] for _ in range(3)]
    assert names == ["скан.pdf", "скан (1).pdf", "скан (2).pdf"]


def test_two_at_once_make_one_folder(api, root):
    answers = []

    def make():
        with httpx.Client(trust_env=False) as http:
            answers.append(
                http.post(
                    api.url + "disk.folder.addsubfolder", json={"id": root, "data": {"NAME": "Гонка"}}
                ).json()
            )

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted("result" in answer for answer in answers) == [False, False, False, True]
    assert {answer["error"] for answer in answers if "error" in answer} == {"DISK_OBJ_22000"}


@pytest.mark.parametrize("name", ["а/б", 'ООО "К"', "a:b", "x\\y", "..", "д" * 256, "tab\tname"])
def test_names_that_cannot_be_are_refused(api, root, name):
    assert api.refusal("disk.folder.addsubfolder", id=root, data={"NAME": name})[1] == "ERROR_ARGUMENT"


def test_no_name_and_no_folder(api, root):
    assert api.refusal("disk.folder.addsubfolder", id=root, data={})[1] == "DISK_BASE_SERVICE_22001"
    assert api.refusal("disk.folder.get", id=98765) == (
        400,
        "ERROR_NOT_FOUND",
        "Could not find entity with id `98765`",
    )
    assert api.refusal("disk.folder.get", id="abc")[1] == "ERROR_ARGUMENT"


def test_parameters_of_the_drive_are_case_sensitive(api):
    assert api.refusal("disk.file.get", ID=1) == (400, "100", "Could not find value for parameter {id}")


def test_download(api, root):
    file = upload(api, root, "акт №1.pdf", b"%PDF-bytes")
    answer = api.http.get(file["DOWNLOAD_URL"], headers=HEADERS)
    assert (answer.status_code, answer.content) == (200, b"%PDF-bytes")
    bare = httpx.Request("GET", file["DOWNLOAD_URL"], headers={"User-Agent": "x"})
    assert api.http.send(bare).status_code == 404


def test_upload_in_two_steps(api, root):
    step = api.result("disk.folder.uploadFile", id=root)
    assert step["field"] == "file"
    answer = api.http.post(step["uploadUrl"], files={"file": ("большой.bin", b"z" * 70000)}).json()["result"]
    assert (answer["NAME"], answer["SIZE"]) == ("большой.bin", "70000")
    assert api.http.get(answer["DOWNLOAD_URL"], headers=HEADERS).content == b"z" * 70000
    assert api.http.post(step["uploadUrl"] + "x", files={"file": ("b", b"z")}).status_code == 401


def test_rename_and_move(api, root):
    made = api.result("disk.folder.addsubfolder", id=root, data={"NAME": "Один"})
    assert api.result("disk.folder.rename", id=made["ID"], newName="Два")["NAME"] == "Два"
    assert api.refusal("disk.folder.rename", id=made["ID"], newName="Акты")[1] == "DISK_OBJ_22000"
    acts = child(api, root, "Акты")
    moved = api.result("disk.folder.moveto", id=made["ID"], targetFolderId=acts["ID"])
    assert moved["PARENT_ID"] == int(acts["ID"])
    assert child(api, acts["ID"], "Два")["ID"] == str(made["ID"])
    assert api.refusal("disk.folder.moveto", id=acts["ID"], targetFolderId=made["ID"])[1] == "ERROR_ARGUMENT"
    file = upload(api, root, "f.txt")
    assert api.result("disk.file.rename", id=file["ID"], newName="g.txt")["NAME"] == "g.txt"


def test_the_trash_frees_the_name(api, root):
    made = api.result("disk.folder.addsubfolder", id=root, data={"NAME": "Лишняя"})
    marked = api.result("disk.folder.markdeleted", id=made["ID"])
    assert (marked["DELETED_TYPE"], marked["DELETED_BY"]) == (3, "1")
    assert api.result("disk.folder.getchildren", id=root, filter={"NAME": "Лишняя"}) == []
    assert api.result("disk.folder.get", id=made["ID"])["DELETED_TYPE"] == "3"
    api.result("disk.folder.addsubfolder", id=root, data={"NAME": "Лишняя"})
    assert api.refusal("disk.folder.markdeleted", id=root)[1:] == (
        "DISK_OBJ_22000",
        "Could not delete root folder",
    )


def test_a_tree_is_deleted_for_good(api, root):
    acts = child(api, root, "Акты")
    year = child(api, acts["ID"], "2025")
    assert api.result("disk.folder.deletetree", id=acts["ID"]) is True
    assert api.refusal("disk.folder.get", id=year["ID"])[1] == "ERROR_NOT_FOUND"


def test_public_links_and_shares(api, root):
    file = upload(api, root, "p.txt", b"public")
    link = api.result("disk.file.getExternalLink", id=file["ID"])
    assert link == api.result("disk.file.getExternalLink", id=file["ID"])
    assert api.http.get(link).content == b"public"
    acts = child(api, root, "Акты")
    assert "/~" in api.result("disk.folder.getExternalLink", id=acts["ID"])
    assert api.result("disk.folder.shareToUser", id=acts["ID"], userId=2, taskName="disk_access_read") is True
    assert (
        api.refusal("disk.folder.shareToUser", id=acts["ID"], userId=2, taskName="all")[1] == "ERROR_ARGUMENT"
    )
    assert [row["NAME"] for row in api.result("disk.rights.getTasks")] == [
        "disk_access_full",
        "disk_access_edit",
        "disk_access_read",
    ]


def test_children_come_in_pages(api, root):
    for n in range(53):
        upload(api, root, f"f{n:02}.txt")
    first = api.call("disk.folder.getchildren", id=root, filter={"TYPE": "file"}, order={"NAME": "ASC"})
    assert (len(first["result"]), first["total"], first["next"]) == (50, 53, 50)
    assert len(api.result("disk.folder.getchildren", id=root, filter={"TYPE": "file"}, start=50)) == 3
