"""A file of planned faults: what it gives, and what is said of a broken one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.emulator import faultfile
from engine.emulator.faultfile import FaultFileError, parse_faults, read_faults
from engine.emulator.planned import CALL_KINDS, POST_KINDS, Rule

WHOLE = """\
seed: 7
calls:
  - {fault: timeout_after_commit, method: crm.item.*, probability: 0.05, times: 10, within: batch}
  - {fault: 429, method: Crm.Item.Update, numbers: [3, 17], seconds: 5}
  - {fault: 500, times: 1, commits: true}
  - {fault: ignored_fields, method: crm.item.add, fields: [title, stageId], probability: 1}
posts:
  - {fault: reordered, event: ONCRMDEAL*, probability: 0.5, behind: 3}
  - {fault: late, event: ONCRMDYNAMICITEMUPDATE_1044, times: 2, seconds: 4}
"""


def test_a_whole_file(tmp_path):
    file = tmp_path / "faults.yaml"
    file.write_text(WHOLE, "utf-8")
    plan = read_faults(file)
    assert plan.seed == 7
    assert plan.calls == (
        Rule("timeout_after_commit", "crm.item.*", probability=0.05, times=10, within="batch"),
        Rule("429", "crm.item.update", numbers=frozenset({3, 17}), seconds=5.0),
        Rule("500", "*", times=1, commits=True),
        Rule("ignored_fields", "crm.item.add", fields=frozenset({"title", "stageId"})),
    )
    assert plan.posts == (
        Rule("reordered", "oncrmdeal*", probability=0.5, behind=3, seconds=1.0),
        Rule("late", "oncrmdynamicitemupdate_1044", times=2, seconds=4.0),
    )


def test_an_empty_file_plans_nothing():
    assert parse_faults("").counts() == {}


def test_the_form_in_the_docstring_is_one():
    form = str(faultfile.__doc__).split("The form:")[1]
    plan = parse_faults(form)
    assert [rule.kind for rule in (*plan.calls, *plan.posts)] == ["timeout_after_commit", "dropped"]


@pytest.mark.parametrize("kind", CALL_KINDS + POST_KINDS)
def test_every_kind_is_read(kind):
    group = "calls" if kind in CALL_KINDS else "posts"
    assert parse_faults(f"{group}: [{{fault: {kind}, times: 1}}]").counts() == {kind: 0}


BROKEN = {
    "not yaml": ("seed: 7\ncalls: [", "2:9: not YAML: "),
    "no map": ("- a", "1:1: the file is no map; write key: value lines"),
    "unknown part": ("requests: []", "1:1: the file knows no key requests; "),
    "misspelt part": ("call: []", "1:1: the file knows no key call; write calls"),
    "seed": ("seed: x", "1:7: x is no whole number; write digits, such as 3"),
    "no list": ("calls: {fault: 503}", "1:8: no list; "),
    "no kind": ("calls:\n  - {method: '*', times: 1}", "2:5: a rule without fault; add fault: timeout_before"),
    "unknown kind": ("calls: [{fault: slwo, times: 1}]", "1:17: slwo is none of timeout_before, "),
    "post among calls": ("calls: [{fault: late, times: 1}]", "1:17: late is none of "),
    "how often": ("calls: [{fault: 503}]", "1:9: a rule that does not say how often; add probability, numbers or times"),
    "two ways": ("calls: [{fault: 503, numbers: [1], probability: 1}]", "1:49: numbers and probability exclude each other"),
    "per cent": ("calls: [{fault: 503, probability: 5}]", "1:35: a probability is at most 1, this is 5; write 0.05 for per cent"),
    "negative": ("calls: [{fault: 503, times: -1}]", "1:29: -1 is out of bounds; write a number from 0 on"),
    "foreign key": ("calls: [{fault: 503, seconds: 1, times: 1}]", "1:22: a rule for 503 knows no key seconds; known are "),
    "misspelt key": ("calls: [{fault: 503, probabilty: 1}]", "1:22: a rule for 503 knows no key probabilty; write probability"),
    "twice": ("calls: [{fault: 503, times: 1, times: 2}]", "1:32: times is said twice; leave one out"),
    "method": ("calls: [{fault: 503, method: crm.itm.update, times: 1}]", "1:30: the portal has no method crm.itm.update; write crm.item.update"),
    "event": ("posts: [{fault: late, event: ONCRMDEALUPDATED, times: 1}]", "1:30: the portal has no event ONCRMDEALUPDATED; write oncrmdealupdate"),
    "within": ("calls: [{fault: 503, within: batches, times: 1}]", "1:30: batches is none of any, request, batch; write batch"),
    "behind": ("posts: [{fault: reordered, behind: 0, times: 1}]", "1:36: a post cannot be held behind no other; write 1 or more"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_told_with_place_and_mend(text, said):
    with pytest.raises(FaultFileError) as caught:
        parse_faults(text, "faults.yaml")
    assert str(caught.value).startswith(f"faults.yaml:{said}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00", b"calls: \x80", b"a: \x00"])
def test_bytes_that_are_no_text(raw):
    with pytest.raises(FaultFileError):
        parse_faults(raw)


GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "faults.md").read_text("utf-8")


def test_the_plans_in_the_guide_are_plans():
    (block,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    assert set(parse_faults(block).counts()) == set(CALL_KINDS + POST_KINDS)


def test_the_guide_names_every_kind_and_no_other():
    named = re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE)
    assert sorted(named) == sorted(["fault", "fault", *CALL_KINDS, *POST_KINDS])
