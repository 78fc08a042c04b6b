"""Documents onto the server, each once."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from pathlib import Path

from ..errors import ViNerError
from .session import Session
from .versions import Row, is_untouched, text_hash

CHUNK = 100  # documents in one import: a failure costs little, a worker is done in a second or two


def push(session: Session, request: Row, folder: Path) -> Row:
    """Bring the documents of `rows.jsonl` onto the server, each once; see `push.push_articles`."""
    rows = {row["doc_uid"]: row for row in _read_jsonl(folder / "rows.jsonl")}
    session.require_worker()
    project, created = _open_project(session, request)
    members = _add_members(session, project, request["members"])
    known = session.labels(project)
    for label in request["labels"]:
        session.set_label(project, known.get(label["text"]), label)
    present = _by_uid(session.examples(project))
    _refuse_changed(project, rows, present)
    removed = _remove_copies(session, project, present)
    missing = [row for uid, row in rows.items() if uid not in present]
    refused: list[str] = []
    for at in range(0, len(missing), CHUNK):
        refused += _upload(session, project, missing[at : at + CHUNK])
    if missing:
        present = _by_uid(session.examples(project))
        removed += _remove_copies(session, project, present)
        _refuse_changed(project, rows, present)
    if refused:
        raise ViNerError(
            f"{len(refused)} documents were refused by the server: {'; '.join(refused[:5])}.",
            where=f"project {project['name']}",
            fix="All others are there. Mend these (an empty text?) and run this command again.",
        )
    lost = [uid for uid in rows if uid not in present]
    if lost:
        raise ViNerError(
            f"{len(lost)} documents have not arrived: {', '.join(lost[:5])}.",
            where=f"project {project['name']}",
            fix="Run this command again: it sends what is missing.",
        )
    return {
        "created": created,
        "members": members,
        "sent": len(missing),
        "removed": removed,
        "documents": sum(map(len, present.values())),
        "address": f"{session.url}/projects/{project['id']}",
        **_suggestions(session, project, {row["doc_uid"] for row in missing if row["label"]}),
    }


def _open_project(session: Session, request: Row) -> tuple[Row, bool]:
    project = session.find_project(request["project"])
    wanted = {
        "collaborative_annotation": request["shared"],
        "allow_overlapping": request["overlap"],
        "grapheme_mode": False,
        "use_relation": False,
    }
    if project is None:
        session.client.create_project(
            request["project"],
            "SequenceLabeling",
            request["description"],
            guideline=request["guideline"],
            **wanted,
        )
        return session.find_project(request["project"]) or {}, True
    differing = [f"{key} is {project[key]}" for key, value in wanted.items() if project[key] != value]
    if differing:
        raise ViNerError(
            f"The project exists with other settings: {', '.join(differing)}.",
            where=request["project"],
            fix="Change them in Doccano (they change what offsets and versions mean), or give another --project.",
        )
    if project["guideline"] != request["guideline"]:
        session.client.update_project(project["id"], guideline=request["guideline"])
    return project, False


def _add_members(session: Session, project: Row, members: dict[str, str]) -> list[str]:
    """Make the users members; those who did not exist are created with the given password, and returned."""
    present = {member["username"] for member in session.get(f"projects/{project['id']}/members")}
    created = []
    for name, password in members.items():
        if not any(user["username"] == name for user in session.get("users", q=name)):
            session.client.create_user(name, password)
            created.append(name)
        if name not in present:
            session.client.add_member(project["id"], name, "annotator")
    return created


def _by_uid(examples: list[Row]) -> dict[str, list[Row]]:
    """The documents that a push has brought, by their id; documents of others are left alone."""
    present = defaultdict(list)
    for example in examples:
        if example["meta"].get("doc_uid"):
            present[str(example["meta"]["doc_uid"])].append(example)
    return dict(present)


def _refuse_changed(project: Row, rows: dict[str, Row], present: dict[str, list[Row]]) -> None:
    pairs = [(uid, example) for uid in rows for example in present.get(uid, [])]
    changed = [uid for uid, example in pairs if text_hash(example["text"]) != rows[uid]["text_sha256"]]
    if changed:
        raise ViNerError(
            f"{len(changed)} documents have another text on the server: {', '.join(changed[:5])}.",
            where=f"project {project['name']}",
            fix="A changed article needs a new id, because its annotations belong to the old text.",
        )


def _remove_copies(session: Session, project: Row, present: dict[str, list[Row]]) -> int:
    """Remove further copies of a document, as a retried import leaves them; work is never removed.

    RAISES (ViNerError): People have worked on more than one copy.
    """
    copies = [example for group in present.values() if len(group) > 1 for example in group]
    if not copies:
        return 0
    versions = defaultdict(list)
    for version in session.versions(project, session.examples(project)):
        versions[version["id"]].append(version)
    surplus = []
    for uid, group in present.items():
        if len(group) == 1:
            continue
        worked = [e for e in group if not all(is_untouched(v) and not v["comments"] for v in versions[e["id"]])]
        if len(worked) > 1:
            raise ViNerError(
                f"Document {uid} is there {len(group)} times, and {len(worked)} copies hold work "
                f"(numbers {', '.join(str(e['id']) for e in worked)}).",
                where=f"project {project['name']}",
                fix="Bring the work together in one copy, delete the others in Doccano, and run this command again.",
            )
        group.sort(key=lambda e: (e not in worked, -max(len(v["label"]) for v in versions[e["id"]]), e["id"]))
        surplus += group[1:]
        del group[1:]
    session.client.bulk_delete_examples(project["id"], [example["id"] for example in surplus])
    return len(surplus)


def _upload(session: Session, project: Row, rows: list[Row]) -> list[str]:
    """Import a chunk; the documents that the server refused, with its reasons."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "articles.jsonl"
        # Escapes and a named encoding: Doccano otherwise guesses one, and Vietnamese comes out garbled.
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="ascii")
        upload = session.client._data_import_repository.upload(str(path))
    task = session.client._data_import_repository.ingest(
        project["id"], [upload], "SequenceLabeling", "JSONL", column_data="text", column_label="label", encoding="utf_8"
    )
    result = session.wait(task) or {}
    errors = result.get("error") or []
    return [f"{rows[error['line'] - 1]['doc_uid']} ({error['message']})" for error in errors]


def _suggestions(session: Session, project: Row, sent: set[str]) -> Row:
    """How many of the documents just sent with spans have come without them."""
    if not sent:
        return {"without_suggestions": []}
    versions = session.versions(project, session.examples(project))
    arrived = {str(v["meta"].get("doc_uid")) for v in versions if v["label"]}
    return {"without_suggestions": sorted(sent - arrived)}


def _read_jsonl(path: Path) -> list[Row]:
    with path.open(encoding="utf8") as stream:
        return [json.loads(line) for line in stream]
