"""What is shown of a config: its secrets are not, everything that says where to look is. A secret may come as a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.hiding import hide, hide_in_config, is_secret_name, secret_values
from engine.settings import read_settings

LINES = {
    "  password: hunter22": "  password: ***",
    "  pasword: hunter22  # mail": "  pasword: ***",
    "  application_token: 'abc'": "  application_token: ***",
    "  webhook_url: ${BITRIX24_WEBHOOK_URL}": "  webhook_url: ${BITRIX24_WEBHOOK_URL}",
    "  password: ${SMTP_PASSWORD:-}   # here": "  password: ${SMTP_PASSWORD:-}   # here",
    "  password: ${SMTP_PASSWORD:-hunter22}": "  password: ***",
    "  password:": "  password:",
    "  user: docs": "  user: docs",
    "state: postgresql://u:hunter22@db/x": "state: postgresql://u:***@db/x",
    "state: postgresql:/u:hunter22@db/x": "state: postgresql:/u:***@db/x",
    "  url: https://p.example/rest/1/hunter22/": "  url: https://p.example/rest/***/",
    "public: 127.0.0.1:8024": "public: 127.0.0.1:8024",
    "from: Кастом Сервис <docs@custom.example>": "from: Кастом Сервис <docs@custom.example>",
    'new: {code: "C4:NEW", title: Новая}': 'new: {code: "C4:NEW", title: Новая}',
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_config(line: str) -> None:
    assert hide_in_config(line) == LINES[line]
    assert hide_in_config(f"a: 1\n{line}\nb: 2") == f"a: 1\n{LINES[line]}\nb: 2"


def test_the_example_config_is_shown_as_it_is() -> None:
    text = (Path(__file__).parents[2] / "config.example.yaml").read_text("utf-8")
    assert hide_in_config(text) == text


def test_values_of_secret_variables_are_hidden_wherever_they_stand() -> None:
    known = {
        "SMTP_PASSWORD": "hunter22",
        "SMTP_PASSWORD_FILE": "/run/smtp",
        "SMTP_PORT": "2525",
        "X_TOKEN": "abc",
    }
    assert secret_values(known) == ["hunter22"]
    assert (
        hide("port hunter22 of /run/smtp 2525 abc", secret_values(known)) == "port *** of /run/smtp 2525 abc"
    )
    assert is_secret_name("BITRIX24_CLIENT_SECRET")
    assert not is_secret_name("SMTP_HOST")


def test_every_variable_may_come_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(" postgresql://u:p@db/x\n", "utf-8")
    config = tmp_path / "config.yaml"
    config.write_text("state: ${DATABASE}\nmap: {entities: {}}\n", "utf-8")
    settings, found = read_settings(config, {"DATABASE_FILE": str(tmp_path / "secret")})
    assert settings is not None, found
    assert settings.state == "postgresql://u:p@db/x"
    assert "u:p@db" not in repr(settings)
    settings, found = read_settings(config, {})
    assert settings is None
    assert [one.code for one in found] == ["R320"]
    with pytest.raises(FileNotFoundError):
        read_settings(config, {"DATABASE_FILE": str(tmp_path / "none")})
