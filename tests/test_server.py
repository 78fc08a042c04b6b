"""The local Doccano server: safe settings, one at a time, stopped cleanly, and there again with the same data."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from conftest import ROOT
from doccano_site import Site, User, free_port
from dotenv import dotenv_values

from vi_ner.errors import ViNerError
from vi_ner.server import running_server
from vi_ner.venvs import environment


def test_it_is_reachable_from_here_alone_and_keeps_its_secrets(doccano: Site) -> None:
    secrets = doccano.root / ".doccano" / "secrets.env"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    known = {str(value) for key, value in dotenv_values(secrets).items() if key.endswith(("PASSWORD", "KEY"))}
    assert doccano.server is not None
    for process in doccano.server.processes.values():
        line = Path(f"/proc/{process.pid}/cmdline").read_text(encoding="utf8")
        assert not any(secret in line for secret in known)
    for log in secrets.parent.glob("*.log"):
        assert not any(secret in log.read_text(encoding="utf8") for secret in known)
    listening = Path("/proc/net/tcp").read_text(encoding="utf8")
    assert f"0100007F:{doccano.port:04X} 00000000:0000 0A" in listening  # 127.0.0.1, and below: not 0.0.0.0
    assert f"00000000:{doccano.port:04X}" not in listening
    answer = requests.get(f"{doccano.url}/v1/me", headers={"Host": "somewhere.example"}, timeout=30)
    assert answer.status_code == 400
    assert "DEBUG" not in answer.text


def test_a_second_server_on_the_same_data_is_refused(doccano: Site) -> None:
    python = environment("doccano", root=ROOT)
    data = doccano.root / ".doccano"
    with (
        pytest.raises(ViNerError, match=r"already running with these data.*kill [0-9]+ [0-9]+"),
        running_server(python, data=data, port=free_port(), settings={}),
    ):
        pass


def test_a_taken_port_is_named(doccano: Site, tmp_path: Path) -> None:
    python = environment("doccano", root=ROOT)
    with (
        pytest.raises(ViNerError, match=f"Port {doccano.port} is taken"),
        running_server(python, data=tmp_path, port=doccano.port, settings={}),
    ):
        pass


def test_the_command_starts_it_says_where_it_is_and_stops_it(doccano: Site, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / ".venv-doccano").symlink_to(ROOT / ".venv-doccano")
    command = [sys.executable, "-m", "vi_ner", "doccano", "--port", str(port)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, encoding="utf8") as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(3)]
        assert f"http://127.0.0.1:{port}" in said[1]
        assert ".doccano/secrets.env" in said[2]
        known = dotenv_values(tmp_path / ".doccano" / "secrets.env")
        User(f"http://127.0.0.1:{port}", "admin", str(known["DOCCANO_PASSWORD"]))
        numbers = (tmp_path / ".doccano" / "processes").read_text(encoding="utf8").split()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert len(numbers) == 2
    assert not any(Path(f"/proc/{number}").exists() for number in numbers)
