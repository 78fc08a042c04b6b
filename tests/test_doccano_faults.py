"""What goes wrong around a real Doccano server: nothing is lost, nothing doubled, and the message says what to do."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from conftest import LABELS, ROOT
from doccano_site import Proxy, Row, Site, User

from vi_ner.errors import ViNerError
from vi_ner.pull import pull_annotations
from vi_ner.push import push_articles

TEXT = "Ông Lò Văn Pản đưa đoàn khách lên đỉnh Tà Chì Nhù."


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """Three chunks of articles."""
    return write_articles(tmp_path / "articles.jsonl", 250)


def write_articles(path: Path, count: int) -> Path:
    rows = [{"doc_id": f"t{number:03}", "text": f"{number}. {TEXT}"} for number in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return path


def push(site: Site, articles: Path, project: str, **options: Any) -> Any:
    guidelines = ROOT / "annotations" / "guidelines.md"
    return push_articles(articles, project=project, labels=LABELS, guidelines=guidelines, root=site.root, **options)


def through(proxy: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send everything from now on through a proxy."""
    admin = site.admin_account()
    for key, value in {"URL": proxy, "USERNAME": admin[0], "PASSWORD": admin[1]}.items():
        monkeypatch.setenv(f"DOCCANO_{key}", value)


def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("URL", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"DOCCANO_{key}")


def at_request(number: int, part: str, act: Callable[[], None]) -> Callable[[str, str], None]:
    """Call `act` before the given request among those whose path holds `part`."""
    seen = []

    def before(method: str, path: str) -> None:
        if part in path:
            seen.append(path)
            if len(seen) == number:
                act()

    return before


def test_without_its_worker_the_server_is_not_waited_for(doccano: Site, articles: Path) -> None:
    doccano.kill("task")
    began = time.monotonic()
    with pytest.raises(ViNerError, match=r"task worker does not answer.*Start `doccano task`"):
        push(doccano, articles, "Không thợ")
    assert time.monotonic() - began < 30


def test_a_server_killed_in_the_middle_of_a_push(
    doccano: Site, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The second chunk has been handed over, and may or may not be imported when the server comes back.
    with Proxy(doccano.url, before=at_request(2, "tasks/status", doccano.kill)) as address:
        through(address, doccano, monkeypatch)
        with pytest.raises(ViNerError, match=r"cannot be reached.*nothing is sent twice"):
            push(doccano, articles, "Giết khi gửi")
    direct(monkeypatch)
    doccano.start()
    assert push(doccano, articles, "Giết khi gửi").documents == 250
    admin = doccano.admin()
    project = admin.project("Giết khi gửi")
    assert (len(admin.documents(project)), admin.count(project)) == (250, 250)


def test_a_server_killed_in_the_middle_of_a_pull(
    doccano: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(doccano, write_articles(tmp_path / "a.jsonl", 3), "Giết khi lấy", annotators=["hoa"])
    project, documents = look(doccano.admin(), "Giết khi lấy")
    doccano.annotator("hoa").confirm(project, documents["t000"])
    pull_annotations("Giết khi lấy", tmp_path / "pulled.jsonl", root=doccano.root)
    earlier = (tmp_path / "pulled.jsonl").read_bytes()
    doccano.annotator("hoa").confirm(project, documents["t001"])

    with Proxy(doccano.url, before=at_request(2, "download?", doccano.kill)) as address:
        through(address, doccano, monkeypatch)
        with pytest.raises(ViNerError, match="cannot be reached"):
            pull_annotations("Giết khi lấy", tmp_path / "pulled.jsonl", root=doccano.root)
    assert (tmp_path / "pulled.jsonl").read_bytes() == earlier
    direct(monkeypatch)
    doccano.start()
    pulled = pull_annotations("Giết khi lấy", tmp_path / "pulled.jsonl", root=doccano.root)
    # A confirmed document without a span is gold: somebody said that it holds no entity.
    assert pulled.rows == 2
    assert pulled.kept is not None
    assert pulled.kept.read_bytes() == earlier


def look(user: User, name: str) -> tuple[Row, dict[str, Row]]:
    project = user.project(name)
    return project, user.documents(project)


def test_a_wrong_password_is_named_and_not_shown(
    doccano: Site, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    through(doccano.url, doccano, monkeypatch)
    monkeypatch.setenv("DOCCANO_PASSWORD", "sai-bét")
    with pytest.raises(ViNerError, match=r"does not accept the password of 'admin'.*DOCCANO_PASSWORD") as caught:
        push(doccano, articles, "Sai mật khẩu")
    assert "sai-bét" not in str(caught.value)


def test_no_process_and_no_file_shows_a_password(
    doccano: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: dict[str, bytes] = {}

    def look(method: str, path: str) -> None:
        for name in ("cmdline", "environ"):
            for file in Path("/proc").glob(f"[0-9]*/{name}"):
                with contextlib.suppress(OSError):  # ended since
                    shown[str(file)] = file.read_bytes()

    files = [write_articles(tmp_path / "a.jsonl", 3), tmp_path / "pulled.jsonl"]
    with Proxy(doccano.url, before=look) as address:
        through(address, doccano, monkeypatch)
        push(doccano, files[0], "Kín", annotators=["mai"])
        pull_annotations("Kín", files[1], root=doccano.root)
    assert any(b"vi_ner.doccano" in content for content in shown.values())
    private = set((doccano.root / ".doccano").glob("*.env"))
    shown |= {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    shown |= {str(path): path.read_bytes() for path in (doccano.root / ".doccano").glob("*") if path.is_file()}
    for secret in (doccano.admin_account()[1], doccano.password("mai")):
        found = {path for path, content in shown.items() if secret.encode() in content}
        assert found and found <= {str(path) for path in private}


def test_a_project_deleted_meanwhile(doccano: Site, articles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def delete() -> None:
        admin = doccano.admin()
        admin.ask("DELETE", f"projects/{admin.project('Bị xóa')['id']}")

    with Proxy(doccano.url, before=at_request(3, "/examples", delete)) as address:
        through(address, doccano, monkeypatch)
        with pytest.raises(ViNerError, match="Was the project deleted meanwhile"):
            push(doccano, articles, "Bị xóa")
    direct(monkeypatch)
    with pytest.raises(ViNerError, match="There is no project 'Bị xóa'"):
        pull_annotations("Bị xóa", articles.with_name("p.jsonl"), root=doccano.root)


def test_a_label_missing_on_the_server_is_put_back(doccano: Site, tmp_path: Path) -> None:
    small = write_articles(tmp_path / "a.jsonl", 2)
    push(doccano, small, "Mất nhãn")
    admin = doccano.admin()
    project = admin.project("Mất nhãn")
    before = admin.labels(project)
    admin.ask("DELETE", f"projects/{project['id']}/span-types/{before['LOC']['id']}")
    changed = {**before["PER"], "background_color": "#000000"}
    admin.ask("PUT", f"projects/{project['id']}/span-types/{changed['id']}", changed)
    push(doccano, small, "Mất nhãn")
    keys = ("text", "suffix_key", "background_color", "text_color")
    now = {tuple(label[key] for key in keys) for label in admin.labels(project).values()}
    assert now == {tuple(label[key] for key in keys) for label in json.loads(LABELS.read_text(encoding="utf8"))}


def test_rows_refused_by_the_server_are_named(doccano: Site, tmp_path: Path) -> None:
    path = write_articles(tmp_path / "a.jsonl", 5)
    with path.open("a", encoding="utf8") as stream:
        stream.write('{"doc_id": "trống", "text": ""}\n')
    with pytest.raises(ViNerError, match=r"1 documents were refused by the server: trống \(.+\)"):
        push(doccano, path, "Từ chối")
    admin = doccano.admin()
    assert admin.count(admin.project("Từ chối")) == 5


def test_copies_left_by_a_retried_import(doccano: Site, tmp_path: Path) -> None:
    small = write_articles(tmp_path / "a.jsonl", 3)
    push(doccano, small, "Trùng", annotators=["hoa"])
    admin, hoa = doccano.admin(), doccano.annotator("hoa")
    project, documents = look(admin, "Trùng")
    worked = documents["t001"]
    hoa.mark(project, worked, 3, 10, hoa.labels(project)["PER"])
    for document in documents.values():
        copy = {"text": document["text"], "meta": document["meta"]}
        admin.ask("POST", f"projects/{project['id']}/examples", copy)
    again = push(doccano, small, "Trùng")
    assert (again.sent, again.removed, again.documents) == (0, 3, 3)
    assert admin.documents(project)["t001"]["id"] == worked["id"]

    admin.ask("POST", f"projects/{project['id']}/examples", {"text": worked["text"], "meta": worked["meta"]})
    copy = admin.documents(project)["t001"]
    assert copy["id"] != worked["id"]
    hoa.confirm(project, copy)
    for act in (
        lambda: push(doccano, small, "Trùng"),
        lambda: pull_annotations("Trùng", tmp_path / "p.jsonl", root=doccano.root),
    ):
        with pytest.raises(ViNerError, match=f"t001 is there 2 times.*{worked['id']}, {copy['id']}"):
            act()
    assert admin.count(project) == 4


def test_a_disk_that_fills_leaves_the_earlier_pull(doccano: Site, tmp_path: Path) -> None:
    push(doccano, write_articles(tmp_path / "a.jsonl", 100), "Đĩa đầy", annotators=["hoa"])
    project, documents = look(doccano.admin(), "Đĩa đầy")
    hoa = doccano.annotator("hoa")
    hoa.confirm(project, documents["t000"])
    pull_annotations("Đĩa đầy", tmp_path / "pulled.jsonl", root=doccano.root)
    earlier = (tmp_path / "pulled.jsonl").read_bytes()
    for document in list(documents.values())[1:40]:
        hoa.confirm(project, document)

    def limit() -> None:  # the kernel lets no file grow beyond this, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    command = [
        sys.executable,
        "-m",
        "vi_ner",
        "doccano-pull",
        "--project",
        "Đĩa đầy",
        "-o",
        str(tmp_path / "pulled.jsonl"),
    ]
    result = subprocess.run(
        command, cwd=doccano.root, preexec_fn=limit, capture_output=True, text=True, encoding="utf8", check=False
    )
    assert result.returncode == 1
    assert "Make room" in result.stdout + result.stderr
    assert (tmp_path / "pulled.jsonl").read_bytes() == earlier
    assert [path.name for path in tmp_path.glob("*pulled*")] == ["pulled.jsonl"]


def test_a_proxy_with_tls_and_a_path_before_doccano(
    doccano: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with Proxy(doccano.url, prefix="/gan-nhan").with_tls(context) as address:
        through(address, doccano, monkeypatch)
        assert push(doccano, write_articles(tmp_path / "a.jsonl", 450), "Sau proxy").documents == 450
        assert pull_annotations("Sau proxy", tmp_path / "p.jsonl", root=doccano.root).untouched == 450


def start_push(site: Site, articles: Path, name: str) -> subprocess.Popen[bytes]:
    """A push in a process group of its own, which can be killed with all that it has started."""
    command = [sys.executable, "-m", "vi_ner", "doccano-push", str(articles), "--project", name]
    for option, path in {"--labels": LABELS, "--guidelines": ROOT / "annotations" / "guidelines.md"}.items():
        command += [option, str(path)]
    return subprocess.Popen(command, cwd=site.root, start_new_session=True)


def test_a_push_killed_in_the_middle_is_finished_by_the_next(
    doccano: Site, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running: list[subprocess.Popen[bytes]] = []
    # The first chunk has just been handed to the server, and nobody waits for it any more.
    with Proxy(doccano.url, before=at_request(1, "tasks/status", lambda: kill_group(running[0]))) as address:
        through(address, doccano, monkeypatch)
        running.append(start_push(doccano, articles, "Giết lệnh"))
        assert running[0].wait(120) == -signal.SIGKILL
    direct(monkeypatch)
    assert push(doccano, articles, "Giết lệnh").documents == 250
    admin = doccano.admin()
    project = admin.project("Giết lệnh")
    assert (len(admin.documents(project)), admin.count(project)) == (250, 250)


def test_copies_of_an_import_that_arrives_late(doccano: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = write_articles(tmp_path / "a.jsonl", 40)
    running: list[subprocess.Popen[bytes]] = []
    late = threading.Event()

    def kill_and_delay() -> None:
        kill_group(running[0])
        late.wait(120)

    # A push is killed when its import is on the way; the next finds nothing there, sends all, and both are done.
    with (
        Proxy(doccano.url, before=at_request(1, "/upload", kill_and_delay)) as slow,
        Proxy(doccano.url, before=at_request(1, "tasks/status", late.set)) as address,
    ):
        through(slow, doccano, monkeypatch)
        running.append(start_push(doccano, small, "Gửi hai lần"))
        assert running[0].wait(120) == -signal.SIGKILL
        through(address, doccano, monkeypatch)
        again = push(doccano, small, "Gửi hai lần")
        direct(monkeypatch)
        admin = doccano.admin()
        project = admin.project("Gửi hai lần")
        deadline = time.monotonic() + 60
        while admin.count(project) + again.removed < 80 and time.monotonic() < deadline:
            time.sleep(0.1)
    final = push(doccano, small, "Gửi hai lần")
    assert (again.sent, again.removed + final.removed, final.documents) == (40, 40, 40)
    assert (len(admin.documents(project)), admin.count(project)) == (40, 40)


def test_a_disk_that_fills_on_the_server(doccano: Site, articles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Proxy(doccano.url, before=at_request(2, "/upload", doccano.fill_disk)) as address:
        through(address, doccano, monkeypatch)
        with pytest.raises(ViNerError, match=r"See its log|is the server's disk full"):
            push(doccano, articles, "Máy chủ đầy")
    direct(monkeypatch)
    doccano.fill_disk(full=False)
    assert push(doccano, articles, "Máy chủ đầy").documents == 250
    admin = doccano.admin()
    project = admin.project("Máy chủ đầy")
    assert (len(admin.documents(project)), admin.count(project)) == (250, 250)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
