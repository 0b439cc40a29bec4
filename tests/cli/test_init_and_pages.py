"""`engine init`, `schema`, `explain`."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from engine.language.pages import list_codes
from tests.cli.conftest import ROOT, RULES


def tree(folder):
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }


def test_init_writes_a_folder_that_checks(run, tmp_path):
    ran = run("init", "kastom")
    folder = tmp_path / "kastom"
    files = tree(folder)
    assert ran.code == 0
    assert ran.out == ""
    assert {"config.yaml", ".env.example", ".engine/regulation.schema.json", "plugins/README.md"} <= set(
        files
    )
    shipped = {name for name in tree(ROOT / "regulations") if "__pycache__" not in name}
    assert {f"regulations/{name}" for name in shipped} <= set(files)
    assert files["config.yaml"] == (ROOT / "config.example.yaml").read_bytes()
    checked = run("check", cwd=folder)
    assert checked.code == 0
    assert "no config.yaml" not in checked.err


def test_init_twice_overwrites_nothing_and_names_what_it_left(run, tmp_path):
    run("init", "kastom")
    folder = tmp_path / "kastom"
    (folder / "config.yaml").write_text("# мой\n", "utf-8")
    (folder / ".env.example").unlink()
    before = tree(folder)
    ran = run("init", "kastom", "--lang", "ru")
    after = tree(folder)
    assert ran.code == 0
    assert {name: after[name] for name in before} == before
    assert ".env.example" in after
    assert "уже есть, не тронуто: kastom/config.yaml" in ran.err
    assert "записано: kastom/.env.example" in ran.err


def test_init_where_a_file_stands(run, tmp_path):
    (tmp_path / "kastom").write_text("", "utf-8")
    ran = run("init", "kastom")
    assert (ran.code, ran.is_plain) == (2, True)
    assert "kastom" in ran.err


def test_every_variable_of_the_config_is_in_the_env_example(run, tmp_path):
    run("init", "kastom")
    names = set()
    for line in (ROOT / "config.example.yaml").read_text("utf-8").splitlines():
        names |= {part.split("}")[0].split(":-")[0] for part in line.split("${")[1:] if part[:1].isupper()}
    example = (tmp_path / "kastom" / ".env.example").read_text("utf-8")
    assert names
    assert [name for name in names if f"\n{name}=" not in example] == []


def test_schema_accepts_rules_and_refuses_an_unknown_action(run):
    schema = json.loads(run("schema").out)
    good = yaml.safe_load(RULES)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(good, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(RULES.replace("notify:", "notfy:")), schema)


def test_schema_to_a_file(run, tmp_path):
    ran = run("schema", "-o", "deep/regulation.schema.json")
    assert (ran.code, ran.out) == (0, "")
    assert (tmp_path / "deep/regulation.schema.json").read_text("utf-8") == run("schema").out


@pytest.mark.parametrize("code", ["R104", "r320", "R340"])
def test_explain(run, code):
    russian, english = run("explain", code, "--lang", "ru"), run("explain", code, "--lang", "en")
    assert russian.code == english.code == 0
    assert russian.out.startswith(f"{code.upper()}: ")
    assert "Как исправить" in russian.out
    assert "The mend" in english.out


def test_pages_of_config_and_plugins_are_there():
    assert {"R320", "R321", "R340", "R341", "R342", "R343"} <= set(list_codes())
