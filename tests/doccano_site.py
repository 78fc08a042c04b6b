"""A real Doccano server for tests: started, stopped and killed, its users, and a proxy to stand in front of it."""

from __future__ import annotations

import http.client
import os
import resource
import signal
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from dotenv import dotenv_values

from vi_ner.server import Server, running_server
from vi_ner.venvs import environment

Row = dict[str, Any]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class User:
    """Somebody who works with Doccano, through its API."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.api = f"{url}/v1"
        self.session = requests.Session()
        self.session.post(
            f"{self.api}/auth/login/", json={"username": username, "password": password}
        ).raise_for_status()
        self.session.headers["X-CSRFToken"] = str(self.session.cookies["csrftoken"])

    def ask(self, method: str, path: str, content: Any = None, **params: Any) -> Any:
        answer = self.session.request(method, f"{self.api}/{path}", json=content, params=params)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.content else None

    def project(self, name: str) -> Row:
        found = self.ask("GET", "projects", q=name, limit=1000)["results"]
        return next(project for project in found if project["name"] == name)

    def documents(self, project: Row) -> dict[str, Row]:
        """The documents of a project by `doc_uid`, of copies the last."""
        found = self.ask("GET", f"projects/{project['id']}/examples", limit=10000)["results"]
        return {example["meta"]["doc_uid"]: example for example in found}

    def count(self, project: Row) -> int:
        return int(self.ask("GET", f"projects/{project['id']}/examples", limit=1)["count"])

    def labels(self, project: Row) -> dict[str, Row]:
        return {label["text"]: label for label in self.ask("GET", f"projects/{project['id']}/span-types")}

    def mark(self, project: Row, document: Row, start: int, end: int, label: Row) -> None:
        content = {"start_offset": start, "end_offset": end, "label": label["id"]}
        self.ask("POST", f"projects/{project['id']}/examples/{document['id']}/spans", content)

    def confirm(self, project: Row, document: Row) -> None:
        self.ask("POST", f"projects/{project['id']}/examples/{document['id']}/states")


def _group(number: int) -> int:
    try:
        return os.getpgid(number)
    except ProcessLookupError:
        return 0


class Site:
    """A project folder with a Doccano server of its own."""

    def __init__(self, root: Path, environments: Path) -> None:
        self.root, self.environments = root, environments
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.stack = ExitStack()
        self.server: Server | None = None
        python = environment("annotation", root=environments)
        (root / ".venv-annotation").symlink_to(python.parents[1])

    def start(self) -> None:
        """Start the server, unless it runs."""
        if self.server and all(process.poll() is None for process in self.server.processes.values()):
            return
        self.stack.close()
        python = environment("doccano", root=self.environments)
        running = running_server(python, data=self.root / ".doccano", port=self.port, settings={})
        self.server = self.stack.enter_context(running)

    def kill(self, *names: str) -> None:
        """End the server's processes (`webserver`, `task`; both if none is named) with no chance to clean up."""
        assert self.server is not None
        for name in names or self.server.processes:
            os.killpg(self.server.processes[name].pid, signal.SIGKILL)
            self.server.processes[name].wait()

    def _members(self) -> list[int]:
        """The server's processes, and those that they have started."""
        assert self.server is not None
        groups = {process.pid for process in self.server.processes.values()}
        numbers = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
        return [number for number in numbers if _group(number) in groups]

    def peak_memory(self) -> float:
        """The most memory that each process has had so far, added up, in MB; shared pages count in each."""
        statuses = [Path(f"/proc/{number}/status").read_text(encoding="utf8") for number in self._members()]
        lines = [line for status in statuses for line in status.splitlines() if line.startswith("VmHWM")]
        return sum(int(line.split()[1]) for line in lines) / 1024

    def fill_disk(self, *, full: bool = True) -> None:
        """Let the kernel refuse whatever the server writes to files, as a full disk does, or write again."""
        for number in self._members():
            soft = 0 if full else resource.RLIM_INFINITY
            resource.prlimit(number, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))

    def admin_account(self) -> tuple[str, str]:
        """Name and password of the administrator."""
        known = dotenv_values(self.root / ".doccano" / "secrets.env")
        return str(known["DOCCANO_USERNAME"]), str(known["DOCCANO_PASSWORD"])

    def admin(self) -> User:
        return User(self.url, *self.admin_account())

    def annotator(self, name: str) -> User:
        return User(self.url, name, self.password(name))

    def password(self, annotator: str) -> str:
        return str(dotenv_values(self.root / ".doccano" / "annotators.env")[annotator])


class Proxy:
    """Stands before a server, under a path prefix, with TLS if told so; `before` sees every request first."""

    def __init__(self, target: str, *, prefix: str = "", before: Callable[[str, str], None] | None = None) -> None:
        self.host, self.prefix, self.tls, self.seen = target.removeprefix("http://"), prefix, False, 0
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self) -> None:
                proxy.seen += 1
                # Whole, before anything is done to whoever sends it.
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if before:
                    before(self.command, self.path)
                headers = dict(self.headers) | ({"X-Forwarded-Proto": "https"} if proxy.tls else {})
                connection = http.client.HTTPConnection(proxy.host, timeout=60)
                try:
                    connection.request(self.command, self.path.removeprefix(proxy.prefix), body, headers)
                    answer = connection.getresponse()
                    content = answer.read()
                except OSError:  # the server is gone: so are we
                    self.close_connection = True
                    return
                finally:
                    connection.close()
                self.send_response(answer.status)
                for key, value in answer.getheaders():
                    if key.lower() not in {"transfer-encoding", "content-length", "connection", "server", "date"}:
                        self.send_header(key, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = forward  # noqa: N815

            def log_message(self, *args: Any) -> None:
                pass

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True

    def __enter__(self) -> str:
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.httpd.server_address[1]}{self.prefix}"

    def __exit__(self, *args: object) -> None:
        self.httpd.shutdown()
        self.httpd.server_close()

    def with_tls(self, context: ssl.SSLContext) -> Proxy:
        self.httpd.socket = context.wrap_socket(self.httpd.socket, server_side=True)
        self.tls = True
        return self
