"""A real Doccano on this machine: web server and task worker, reachable from here alone, with its own secrets."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .errors import ViNerError
from .settings import KEYS, SECRETS, read_env, write_secrets
from .venvs import FILES

PROCESSES = "processes"  # file with their numbers
READY_WITHIN = 120  # seconds for the first answer of web server and worker
STOP_WITHIN = 20  # seconds for running requests and tasks to end


@dataclass(frozen=True)
class Server:
    """A running Doccano: its address and its two processes."""

    url: str
    processes: dict[str, subprocess.Popen[bytes]]
    data: Path

    def check(self) -> None:
        """RAISES (ViNerError): One of the processes has ended."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise ViNerError(
                    f"Doccano's {name} ended with code {process.returncode}.",
                    where=str(self.data / f"{name}.log"),
                    fix="Its last lines say why. Run the command again: the data are kept.",
                )


@contextlib.contextmanager
def running_server(python: Path, *, data: Path, port: int, settings: Mapping[str, str]) -> Iterator[Server]:
    """Doccano at `http://127.0.0.1:<port>` until the block ends; both processes are then stopped cleanly.

    python: That of the environment `doccano`. data: Folder for everything that the server keeps, and for
    `secrets.env` with the administrator's password. settings: `DOCCANO_DATABASE_URL` for PostgreSQL instead of
    SQLite, `DOCCANO_ALLOWED_HOSTS` for a proxy with another name.
    RAISES (ViNerError): The port is taken, the data are in use, or a process does not come up.
    """
    data = data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    url = f"http://127.0.0.1:{port}"
    with _lock(data) as lock:
        _refuse_taken(port)
        known = _secrets(data, url)
        environment = _environment(python, data, settings, known["DOCCANO_SECRET_KEY"])
        _run_setup(python, data, environment | {key: known[key] for key in ("DOCCANO_USERNAME", "DOCCANO_PASSWORD")})
        server = Server(url, {}, data)
        try:
            for name, command in _commands(python, port).items():
                with (data / f"{name}.log").open("ab") as log:
                    server.processes[name] = _start(command, environment, data, log, lock)
            (data / PROCESSES).write_text(
                " ".join(str(process.pid) for process in server.processes.values()), encoding="utf8"
            )
            _wait_until_ready(server)
            yield server
        finally:
            _stop(server.processes)


def worker_answers(url: str) -> bool:
    """Whether the web server at `url` answers, and its task worker too (it is given three seconds)."""
    request = urllib.request.Request(f"{url}/v1/health/?format=json", headers={"Accept": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            content = json.load(response)
    except urllib.error.HTTPError as error:  # 500: something of it does not work
        content = json.load(error)
    except OSError:
        return False
    return any("celery" in name.lower() and str(state).lower() in {"ok", "working"} for name, state in content.items())


def _commands(python: Path, port: int) -> dict[str, list[str]]:
    start = [str(python), "-m"]
    web = ["gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    task = ["celery", "--app", "config", "worker", "--loglevel", "info", "--concurrency", "2", *quiet]
    return {"webserver": [*start, *web, "--timeout", "300"], "task": [*start, *task]}


def _start(
    command: list[str], environment: Mapping[str, str], data: Path, log: IO[bytes], lock: int
) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C must reach us alone, who then stop both in order.
    return subprocess.Popen(
        command, env=environment, cwd=data, stdout=log, stderr=log, pass_fds=[lock], start_new_session=True
    )


def _secrets(data: Path, url: str) -> dict[str, str]:
    """The server's secrets, made on the first start and kept in a file that its owner alone can read."""
    file = data / SECRETS
    content = {
        "DOCCANO_USERNAME": "admin",
        "DOCCANO_PASSWORD": secrets.token_urlsafe(16),
        "DOCCANO_SECRET_KEY": secrets.token_urlsafe(48),
        **read_env(file),
        "DOCCANO_URL": url,
    }
    write_secrets(file, content)
    return content


def _environment(python: Path, data: Path, settings: Mapping[str, str], key: str) -> dict[str, str]:
    find = "import importlib.util as u; print(u.find_spec('backend').submodule_search_locations[0])"
    backend = subprocess.run([python, "-c", find], capture_output=True, text=True, check=True).stdout.strip()
    return {
        **{
            name: value
            for name, value in os.environ.items()
            if name not in {"DEBUG", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", *KEYS}
        },
        "PYTHONPATH": os.pathsep.join([str(FILES), backend]),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
        "DJANGO_SETTINGS_MODULE": "doccano_settings",
        "STANDALONE": "True",  # Doccano's own switch: serve media and icons
        "DEBUG": "False",
        "SECRET_KEY": key,
        "DATABASE_URL": settings.get("DOCCANO_DATABASE_URL") or f"sqlite:///{data / 'db.sqlite3'}",
        "MEDIA_ROOT": str(data / "media"),
        "DOCCANO_DATA": str(data),
        "DOCCANO_ALLOWED_HOSTS": settings.get("DOCCANO_ALLOWED_HOSTS", "127.0.0.1,localhost"),
    }


def _run_setup(python: Path, data: Path, environment: Mapping[str, str]) -> None:
    with (data / "setup.log").open("wb") as log:
        command = [python, FILES / "doccano_setup.py"]
        result = subprocess.run(command, env=environment, cwd=data, stdout=log, stderr=log, check=False)
    if result.returncode:
        raise ViNerError(
            "Doccano's database could not be set up.",
            where=str(data / "setup.log"),
            fix="Its last lines say why; with DOCCANO_DATABASE_URL, check address, user and password of the database.",
        )


def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not worker_answers(server.url):
        server.check()
        if time.monotonic() > deadline:
            raise ViNerError(
                f"Doccano did not answer within {READY_WITHIN} seconds.", where=str(server.data), fix="See its logs."
            )
        time.sleep(0.2)


def _stop(processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
    for process in processes.values():
        process.terminate()
    for process in processes.values():
        try:
            process.wait(timeout=STOP_WITHIN)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ViNerError(
                f"Port {port} is taken ({error.strerror}).", fix="Stop what uses it, or give another with --port."
            ) from error


@contextlib.contextmanager
def _lock(data: Path) -> Iterator[int]:
    """A lock that also lasts while a process of a killed start is still alive, because they inherit it."""
    with (data / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            running = (data / PROCESSES).read_text(encoding="utf8") if (data / PROCESSES).is_file() else ""
            raise ViNerError(
                "A Doccano server is already running with these data.",
                where=str(data),
                fix=f"Use it, or stop it first (Ctrl-C in its window, or `kill {running}`).",
            ) from error
        yield file.fileno()
