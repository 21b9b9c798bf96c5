"""Settings: read from a file and the environment, checked by one model."""

from __future__ import annotations

import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from trailbook.errors import BadFile
from trailbook.settings import Settings, load_settings, sources_of


def test_each_setting_has_a_meaning_and_a_default() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description or field.is_required()] == []
    assert Settings().model_dump(include={"store", "host", "port", "threads", "max_body_bytes", "reserve_bytes"}) == {
        "store": "trailbook.db", "host": "127.0.0.1", "port": 8080, "threads": 8, "max_body_bytes": 16_777_216,
        "reserve_bytes": 67_108_864,
    }  # fmt: skip


def test_settings_made_in_code_do_not_look_at_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("TRAILBOOK_PORT", "1")
    assert Settings().port == 8080


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(folder: Path) -> None:
    Path("trailbook.toml").write_text('port = 1\nzone = "Europe/Berlin"\n', "utf-8")
    environment = {"TRAILBOOK_PORT": "2", "TRAILBOOK_DEBUG": "1"}
    settings = load_settings(environment)
    assert (settings.port, settings.zone, settings.locale) == (2, "Europe/Berlin", "en")
    assert sources_of(environment) == {"port": "TRAILBOOK_PORT", "zone": "trailbook.toml"}


def test_lists_are_lists_in_the_file_and_separated_by_commas_in_the_environment(folder: Path) -> None:
    Path("trailbook.toml").write_text('trusted_proxies = ["10.0.0.0/8", "::1"]\n', "utf-8")
    settings = load_settings({"TRAILBOOK_MASK": "data.password, data.pin,"})
    assert settings.mask == ("data.password", "data.pin")
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1/128"))


def test_bytes_may_have_a_unit() -> None:
    assert load_settings({"TRAILBOOK_MAX_BODY_BYTES": "2 MiB"}).max_body_bytes == 2_097_152


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        (
            "PORT",
            "http",
            "Input should be a valid integer, unable to parse string as an integer. It is: ",
        ),
        ("PORT", "65536", "Input should be less than or equal to 65535. It is: The port that the server listens on; "),
        ("WORKERS", "0", "Input should be greater than or equal to 1. It is: Processes that answer requests."),
        ("URL", "audit.example.com", "write it as https://audit.example.com, without a path. It is: The address that "),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "10.0.0.1/8 has host bits set. It is: Networks of the proxies in front"),
        ("LOG_LEVEL", "loud", "Input should be 'debug', 'info', 'warning' or 'error'. It is: How much the server tell"),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_its_place(variable: str, value: str, message: str) -> None:
    with pytest.raises(BadFile) as told:
        load_settings({f"TRAILBOOK_{variable}": value})
    assert str(told.value).startswith(f"TRAILBOOK_{variable}: The setting `{variable.lower()}` does not fit: {message}")


def test_a_secret_is_never_shown() -> None:
    settings = load_settings({"TRAILBOOK_OPENID_SECRET": "hunter2"})
    assert "hunter2" not in repr(settings)
    assert settings.openid_secret.get_secret_value() == "hunter2"


def test_the_address_is_the_one_given_or_host_and_port() -> None:
    assert Settings(url="https://audit.example.com/").address == "https://audit.example.com"
    assert Settings(host="::1", port=81).address == "http://[::1]:81"


def test_what_only_the_service_needs_is_not_loaded_by_every_command() -> None:
    heavy = ("fastapi", "starlette", "uvicorn", "pydantic", "httpx", "authlib", "prometheus_client", "structlog")
    asked = f"import sys, trailbook.cli; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True).stdout == "[]\n"
