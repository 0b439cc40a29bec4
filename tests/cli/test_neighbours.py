"""Another distribution under our import name is a warning of `check`."""

from __future__ import annotations


def install(folder, name, files):
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files), "utf-8")


def test_a_neighbour_is_told(run, company, tmp_path):
    from tests.cli.conftest import ROOT

    site = tmp_path / "site"
    install(site, "other-engine", ["engine/__init__.py"])
    install(site, "peaceful", ["engineering/__init__.py", "search/engine/__init__.py"])
    ran = run("check", cwd=company, env={"PYTHONPATH": f"{ROOT}:{site}"})
    assert ran.code == 0
    assert "warning[R343]: the distribution `other-engine` also owns the import name `engine`" in ran.out
    assert "peaceful" not in ran.out
    assert run("check", "--strict", cwd=company, env={"PYTHONPATH": f"{ROOT}:{site}"}).code == 1
