"""`engine.portal.pull`: the map follows the portal and keeps what a person wrote."""

from __future__ import annotations

import difflib
import random
from dataclasses import replace

import pytest

from engine.emulator.company import demo_company
from engine.language.source import MapNode, read_source
from engine.portal.map_text import Edit, appended, apply, quoted, removed
from engine.portal.names import propose
from engine.portal.picture import PortalField, PortalStage
from engine.portal.pull import pull
from tests.portal.twin_case import (
    EXAMPLE,
    add_field,
    bare_company,
    change_stage,
    remove_field,
    running_twin,
    set_options,
    world_of,
)

HEAD = EXAMPLE[: EXAMPLE.index("map:")]


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def kinds(found) -> dict[str, str]:
    return {one.where: one.kind for one in found.differences}


@pytest.fixture
def twin():
    with running_twin(demo_company()) as found:
        yield found


def test_a_map_that_agrees_stays_to_the_letter(twin):
    found = twin.pull(EXAMPLE)
    assert found.text == EXAMPLE
    assert found.differences == ()


def test_a_renamed_stage_keeps_its_name_and_its_comment(twin):
    text = EXAMPLE.replace(
        "title: В работе}\n        report", "title: В работе}   # самое долгое\n        report"
    )
    change_stage(twin.portal, "C4:UC_WORK", NAME="Делаем")
    found = twin.pull(text)
    assert changed_lines(text, found.text) == [
        '-        in_work: {code: "C4:UC_WORK", title: В работе}   # самое долгое',
        '+        in_work: {code: "C4:UC_WORK", title: Делаем}   # самое долгое',
    ]
    assert kinds(found) == {"customisation.in_work": "changed"}


def test_a_field_that_is_gone_is_commented_out(twin):
    remove_field(twin.portal, "UF_CRM_12_REFUSAL")
    found = twin.pull(EXAMPLE)
    assert kinds(found) == {"act.refusal": "gone"}
    assert "        # refusal: {type: text, field: ufCrm12Refusal, title: Отказ клиента}\n" in found.text
    assert "refusal" not in world_of(found.text).entities["act"].fields
    assert twin.pull(found.text).text == found.text


def test_a_field_that_the_map_itself_needs_is_kept_and_named(twin):
    remove_field(twin.portal, "UF_CRM_SMART_INVOICE_1747310001")  # deal.paid follows from it
    found = twin.pull(EXAMPLE)
    assert kinds(found) == {"invoice.paid": "kept"}
    assert found.text == EXAMPLE


def test_new_fields_values_and_stages_get_names(twin):
    add_field(twin.portal, "CRM_DEAL", "UF_CRM_1747309999", "datetime", "Дата встречи")
    set_options(
        twin.portal, "UF_CRM_12_FORM", (101, "Скан"), (102, "Бумажный оригинал"), (103, "ЭДО"), (140, "Факс")
    )
    change_stage(twin.portal, "C4:UC_DOCS", STATUS_ID="C4:UC_NEW", NAME="Ждём: оплата")
    found = twin.pull(EXAMPLE)
    world = world_of(found.text)
    assert world.entities["deal"].fields["data_vstrechi"].binding == {"field": "ufCrm_1747309999"}
    assert str(world.entities["deal"].fields["data_vstrechi"].type) == "time"
    assert world.entities["act"].fields["form"].codes["faks"] == "140"
    assert list(world.pipelines["customisation"].stages)[3] == "zhdyom_oplata"
    assert "documents_sent" not in world.pipelines["customisation"].stages
    assert twin.pull(found.text).text == found.text


def test_a_stage_made_again_under_another_code_keeps_its_name(twin):
    change_stage(twin.portal, "C4:UC_DOCS", STATUS_ID="C4:UC_AGAIN")
    found = twin.pull(EXAMPLE)
    assert kinds(found) == {"customisation.documents_sent": "changed"}
    assert world_of(found.text).pipelines["customisation"].stages["documents_sent"].code == "C4:UC_AGAIN"


def test_a_field_in_a_comment_is_not_proposed_again(twin):
    line = "        title: {type: text, field: title, title: Название}\n        pipeline"
    text = EXAMPLE.replace(line, "        # не нужно: ufCrm_1747309999\n" + line)
    assert text != EXAMPLE
    add_field(twin.portal, "CRM_DEAL", "UF_CRM_1747309999", "string", "Лишнее")
    assert twin.pull(text).text == text


def test_a_type_that_cannot_carry_the_portals_is_said_and_left(twin):
    text = EXAMPLE.replace("original_received_at: {type: date", "original_received_at: {type: money")
    found = twin.pull(text)
    assert kinds(found) == {"act.original_received_at": "kept"}
    assert found.text == text


@pytest.mark.parametrize(
    "empty",
    ["map: {entities: {}}\n", "map:\n  # карта\n  entities: {}\n", "map: {entities: {}, pipelines: {}}\n"],
)
def test_an_empty_map_is_written_whole(twin, empty):
    found = twin.pull(HEAD + empty)
    world = world_of(found.text)
    assert {"deal", "company", "invoice", "user", "dogovory", "akty_vypolnennykh_rabot"} <= set(
        world.entities
    )
    assert {spec.category for spec in world.pipelines.values() if spec.entity == "deal"} == {"0", "4"}
    act = world.entities["akty_vypolnennykh_rabot"]
    assert act.fields["deal"].binding == {"field": "parentId2"}
    assert act.fields["forma"].codes == {"skan": "101", "bumazhnyy_original": "102", "edo": "103"}
    assert found.text.startswith(HEAD)
    again = twin.pull(found.text)
    assert (again.text, again.differences) == (found.text, ())


def test_another_portals_list_is_told_by_words_not_by_numbers(twin):
    set_options(twin.portal, "UF_CRM_12_FORM", (103, "Скан"), (104, "Бумажный оригинал"), (105, "ЭДО"))
    found = twin.pull(EXAMPLE)
    assert world_of(found.text).entities["act"].fields["form"].codes == {
        "scan": "103",
        "paper": "104",
        "edo": "105",
    }


def test_a_portal_without_the_smart_processes_changes_no_number():
    with running_twin(bare_company()) as twin:
        found = twin.pull(EXAMPLE)
    assert kinds(found)["act"] == kinds(found)["contract"] == "kept"
    assert "type_id: 1044" in found.text


def test_a_strange_smart_process_of_the_same_number_is_not_taken_for_ours():
    company = bare_company()
    strange = {"id": 7, "entityTypeId": 1044, "title": "Заявки на пропуск", "isStagesEnabled": "N"}
    with running_twin(replace(company, types=(strange,))) as twin:
        found = twin.pull(EXAMPLE)
    assert kinds(found)["act"] == "kept"


def test_a_file_with_windows_line_breaks_keeps_them(twin):
    remove_field(twin.portal, "UF_CRM_12_REFUSAL")
    add_field(twin.portal, "CRM_DEAL", "UF_CRM_1747309999", "string", "Код")
    text = EXAMPLE.replace("\n", "\r\n")
    found = twin.pull(text)
    assert found.text != text
    assert "\n" not in found.text.replace("\r\n", "")


def test_names_are_latin_unique_and_no_words_of_the_language():
    assert propose("Ёлка № 7: щётка", (), "x") == "yolka_7_shchyotka"
    assert propose("Сумма", {"summa", "summa_2"}, "x") == "summa_3"
    assert propose("Sum", (), "x") == "sum_"
    assert propose("2 этап", (), "x") == "n_2_etap"
    assert propose("…", (), "ufCrm_1747309879") == "ufcrm_1747309879"


@pytest.mark.parametrize(
    "text", ["C4:NEW", "да, нет", "yes", "#7", "a: b", "", " край ", "it's", 'он "сказал"', "-", "08"]
)
def test_quoted_texts_read_back(text):
    node, found = read_source(
        "x.yaml", f"a: {{b: {quoted(text)}, c: {quoted(text)}}}\nd: {quoted(text)}\n".encode()
    )
    assert not found
    assert node is not None
    inner = node.get("a")
    assert isinstance(inner, MapNode)
    assert {inner.get("b").text, inner.get("c").text, node.get("d").text} == {text}


@pytest.mark.parametrize("gone", [("a",), ("b",), ("c",), ("a", "b"), ("b", "c"), ("a", "c")])
def test_entries_leave_a_map_in_braces(gone):
    text = "m: {a: 1, b: 2, c: 3}   # note\n"
    node, _ = read_source("x.yaml", text.encode())
    holder = node.get("m")
    after = apply(text, [removed(holder, name, "gone") for name in gone])
    again, found = read_source("x.yaml", after.encode())
    assert not found
    assert set(again.get("m").entries) == {"a", "b", "c"} - set(gone)
    assert after.endswith("   # note\n")


@pytest.mark.parametrize("gone", [(), ("a",), ("b", "c"), ("a", "b", "c")])
def test_entries_join_a_map_in_braces_whatever_leaves_it(gone):
    text = "m: {a: 1, b: 2, c: 3}\n"
    node, _ = read_source("x.yaml", text.encode())
    holder = node.get("m")
    edits = [removed(holder, name, "gone") for name in gone]
    after = apply(text, [appended(holder, ["d: 4"]), appended(holder, ["e: 5"]), *edits])
    again, found = read_source("x.yaml", after.encode())
    assert not found
    assert set(again.get("m").entries) == {"a", "b", "c", "d", "e"} - set(gone)


def test_entries_join_a_block_before_its_trailing_comments():
    text = "m:\n  a: 1\n  # of b\n  b: >-\n    long\n    text\n\n# tail\nz: 1\n"
    node, _ = read_source("x.yaml", text.encode())
    holder = node.get("m")
    after = apply(
        text, [appended(holder, ["c: 3"]), appended(holder, ["n: 0"], after="a"), Edit(0, 0, "# top\n")]
    )
    assert (
        after == "# top\nm:\n  a: 1\n  n: 0\n  # of b\n  b: >-\n    long\n    text\n  c: 3\n\n# tail\nz: 1\n"
    )


# ── Whatever changes on the portal ──────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def picture():
    with running_twin(demo_company()) as twin:
        return twin.picture()


@pytest.mark.parametrize("seed", range(12))
def test_a_second_pull_changes_nothing_and_nothing_of_a_persons_is_lost(picture, seed):
    chance = random.Random(seed)
    changed = replace(picture, kinds={number: vary(chance, kind) for number, kind in picture.kinds.items()})
    once = pull("config.yaml", EXAMPLE, changed)
    again = pull("config.yaml", once.text, changed)
    assert again.text == once.text
    assert {one.kind for one in again.differences} <= {"kept"}
    world, before = world_of(once.text), world_of(EXAMPLE)
    for entity, spec in before.entities.items():
        derived = {name for name, field in spec.fields.items() if "field" not in field.binding}
        assert derived <= set(world.entities[entity].fields)
    for line in EXAMPLE.splitlines():
        if "derive" in line or line.strip().startswith("#"):
            assert line in once.text


def vary(chance, kind):
    names = sorted(code for code, one in kind.fields.items() if one.is_own)
    gone = set(chance.sample(names, min(len(names), chance.randint(0, 3))))
    fields = {code: one for code, one in kind.fields.items() if code not in gone}
    for code, one in list(fields.items()):
        if one.options and chance.random() < 0.5:
            kept = {number: text for number, text in one.options.items() if chance.random() < 0.6}
            fields[code] = replace(one, options={**kept, "900": title_of(chance)})
    if chance.random() < 0.5:
        code = "ufCrm_1999999999"
        fields[code] = PortalField(code, "UF", "string", title_of(chance), is_own=True)
    return replace(kind, fields=fields, pipelines=tuple(vary_pipeline(chance, one) for one in kind.pipelines))


def vary_pipeline(chance, pipeline):
    stages = [one for one in pipeline.stages if one.final or chance.random() < 0.8]
    stages = [replace(one, title=title_of(chance)) if chance.random() < 0.2 else one for one in stages]
    if chance.random() < 0.5:
        place = chance.randint(0, len(stages))
        stages.insert(place, PortalStage(f"X{pipeline.id}:UC_9", title_of(chance)))
    return replace(pipeline, stages=tuple(stages))


def title_of(chance):
    letters = "абвЖЩ №:#{}[],\"'—azZ09-!?&*|>%@`\\"
    return "".join(chance.choices(letters, k=chance.randint(0, 12)))
