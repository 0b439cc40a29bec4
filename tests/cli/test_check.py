"""`engine check`: where its config comes from, its forms, its exits, plugins beside the config."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from tests.cli.conftest import BROKEN_RULES, ROOT, RULES, WARNED_RULES


def write(folder, text, name="acts.yaml"):
    (folder / "regulations" / name).write_text(text, "utf-8")


def test_clean(run, company):
    ran = run("check", cwd=company)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "No errors in 1 file.\n"


def test_an_error_has_its_place_a_caret_and_a_mend(run, company):
    write(company, BROKEN_RULES)
    ran = run("check", cwd=company)
    assert ran.code == 1
    assert ran.out.startswith("regulations/acts.yaml:13:9: error[R104]: unknown action `notfy`\n")
    assert "^^^^^" in ran.out
    assert "notify" in ran.out
    assert ran.err == "1 error in 1 file.\n"
    assert "1 ошибка в 1 файле." in run("check", "--lang", "ru", cwd=company).err


def test_the_summary_counts_kinds_and_files(run, company):
    write(company, BROKEN_RULES)
    write(company, WARNED_RULES.replace("ruleset: acts", "ruleset: other"), "other.yaml")
    assert "1 ошибка, 1 предупреждение в 2 файлах." in run("check", "--lang", "ru", cwd=company).err


def test_strict_makes_warnings_errors(run, company):
    write(company, WARNED_RULES)
    assert run("check", cwd=company).code == 0
    strict = run("check", "--strict", "--format", "json", cwd=company)
    assert strict.code == 1
    assert {one["severity"] for one in json.loads(strict.out)["diagnostics"]} == {"error"}


def test_json_is_alone_on_stdout(run, company):
    write(company, BROKEN_RULES)
    ran = run("check", "--format", "json", "--lang", "en", cwd=company)
    form = json.loads(ran.out)
    assert ran.code == 1
    assert form["schema"] == "reglament/diagnostics/1"
    assert [(one["code"], one["file"], one["line"]) for one in form["diagnostics"]] == [
        ("R104", "regulations/acts.yaml", 13)
    ]


def test_sarif(run, company):
    write(company, BROKEN_RULES)
    form = json.loads(run("check", "--format", "sarif", cwd=company).out)
    assert form["version"] == "2.1.0"
    result = form["runs"][0]["results"][0]
    assert result["ruleId"] == "R104"
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 13


def test_github(run, company):
    write(company, BROKEN_RULES)
    ran = run("check", "--format", "github", cwd=company)
    assert ran.out.startswith("::error file=regulations/acts.yaml,line=13,col=9,")


def test_paths_are_checked_alone(run, company):
    write(company, BROKEN_RULES)
    good = company / "elsewhere.yaml"
    good.write_text(RULES, "utf-8")
    assert run("check", "elsewhere.yaml", cwd=company).code == 0
    assert run("check", "regulations", cwd=company).code == 1
    ran = run("check", "elsewhere.yaml", "regulations/nothing.yaml", cwd=company)
    assert ran.code == 1
    assert "regulations/nothing.yaml:1:1: error[R321]" in ran.out


def test_a_broken_config_has_places_in_every_form(run, company):
    config = company / "config.yaml"
    text = config.read_text("utf-8").replace("time_zone: Europe/Moscow", "time_zone: Moscow")
    config.write_text(text.replace("state: ./state", "stat: ./state"), "utf-8")
    ran = run("check", cwd=company)
    assert ran.code == 1
    assert "config.yaml:6:14: error[R320]: the value `Moscow` does not fit here" in ran.out
    assert "needed: a time zone such as Europe/Moscow" in ran.out
    assert "R120" in ran.out
    assert ran.is_plain
    codes = {
        one["code"] for one in json.loads(run("check", "--format", "json", cwd=company).out)["diagnostics"]
    }
    assert codes == {"R320", "R120"}


@pytest.mark.parametrize(
    "content", [b"", b"- a\n", b"\xff\xfe\x00", b"company: {", b"\tx", bytes(range(256))]
)
def test_no_config_gives_a_traceback(run, company, content):
    (company / "config.yaml").write_bytes(content)
    ran = run("check", cwd=company)
    assert ran.code == 1
    assert "config.yaml:" in ran.out
    assert ran.is_plain


def test_a_regulation_in_another_encoding(run, company):
    (company / "regulations" / "acts.yaml").write_bytes(RULES.encode("cp1251"))
    ran = run("check", cwd=company)
    assert ran.code == 1
    assert "R100" in ran.out
    assert ran.is_plain


def test_an_env_file_in_another_encoding(run, company):
    (company / ".env").write_bytes("SMTP_USER=Мария\n".encode("cp1251"))
    ran = run("check", cwd=company)
    assert ran.code == 2
    assert ran.err == "engine: .env: not a text in UTF-8\n"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_no_permission(run, company):
    (company / "config.yaml").chmod(0)
    ran = run("check", cwd=company)
    assert (ran.code, ran.is_plain) == (2, True)
    assert "no permission" in ran.err


def test_a_secret_not_set_is_no_error(run, company):
    assert run("check", cwd=company, env={"BITRIX24_WEBHOOK_URL": ""}).code == 0


# ── without config.yaml ──────────────────────────────────────────────────────────────────────────────────────


def test_an_empty_folder_takes_what_is_shipped_and_says_so(run, tmp_path):
    ran = run("check")
    assert ran.code == 0
    assert "no config.yaml here: using the shipped example config and the shipped regulations" in ran.err
    assert "No errors" in ran.err


def test_the_folders_own_example_comes_first(run, company):
    (company / "config.yaml").rename(company / "config.example.yaml")
    write(company, BROKEN_RULES)
    ran = run("check", cwd=company)
    assert "using config.example.yaml and ./regulations" in ran.err
    assert ran.code == 1
    assert ran.out.startswith("regulations/acts.yaml:13:9:")


def test_a_folder_with_regulations_only(run, company):
    (company / "config.yaml").unlink()
    ran = run("check", cwd=company)
    assert "using the shipped example config and ./regulations" in ran.err
    assert "No errors in 1 file." in ran.err
    write(company, BROKEN_RULES)
    assert "regulations/acts.yaml:13:9:" in run("check", cwd=company).out


def test_an_example_with_plugins_beside_it_takes_those_alone(run, company):
    (company / "config.yaml").rename(company / "config.example.yaml")
    (company / "plugins").mkdir()
    shutil.copy(ROOT / "plugins" / "deal.py", company / "plugins")
    ran = run("check", cwd=company)
    assert ran.code == 1
    assert "unknown action `notify`" in ran.out
