from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from vi_ner.errors import ViNerError
from vi_ner.settings import KEYS, read_connection


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in KEYS:
        monkeypatch.delenv(key, raising=False)


def write(path: Path, **values: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{key}={value}\n" for key, value in values.items()), encoding="utf8")


def test_the_local_server_is_meant_where_nothing_is_set(tmp_path: Path) -> None:
    secrets = {"DOCCANO_URL": "http://127.0.0.1:8000", "DOCCANO_USERNAME": "admin", "DOCCANO_PASSWORD": "bí-mật"}
    write(tmp_path / ".doccano" / "secrets.env", **secrets)
    connection = read_connection(tmp_path)
    assert connection.environment() == secrets
    assert "bí-mật" not in repr(connection)


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / ".env", DOCCANO_URL="https://a.example", DOCCANO_USERNAME="an", DOCCANO_PASSWORD="một")
    monkeypatch.setenv("DOCCANO_PASSWORD", "hai")
    connection = read_connection(tmp_path)
    assert (connection.url, connection.username, connection.password) == ("https://a.example", "an", "hai")


def test_the_local_password_goes_to_no_other_server(tmp_path: Path) -> None:
    write(tmp_path / ".doccano" / "secrets.env", DOCCANO_USERNAME="admin", DOCCANO_PASSWORD="bí-mật")
    write(tmp_path / ".env", DOCCANO_URL="https://a.example")
    with pytest.raises(ViNerError, match="DOCCANO_USERNAME, DOCCANO_PASSWORD not set"):
        read_connection(tmp_path)


def test_a_file_that_git_tracks_is_refused(tmp_path: Path) -> None:
    write(tmp_path / ".env", DOCCANO_PASSWORD="một")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", ".env"], cwd=tmp_path, check=True)
    with pytest.raises(ViNerError, match="git rm --cached"):
        read_connection(tmp_path)
