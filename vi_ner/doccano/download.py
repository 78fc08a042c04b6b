"""Every version of every document of a project, as the server has it."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import ViNerError
from .session import UNITS, Session
from .versions import Row


def pull(session: Session, request: Row, folder: Path) -> Row:
    """Write every version of every document of a project to `versions.jsonl`; the project's settings as result."""
    project = session.find_project(request["project"])
    if project is None:
        raise ViNerError(
            f"There is no project {request['project']!r} that the user belongs to.",
            where=session.url,
            fix="Check --project, or run `doccano-push` first.",
        )
    examples = session.examples(project)
    with (folder / "versions.jsonl").open("w", encoding="ascii") as stream:
        for version in session.versions(project, examples):
            stream.write(json.dumps(version) + "\n")
    members = {member["username"] for member in session.get(f"projects/{project['id']}/members")}
    progress = session.get(f"projects/{project['id']}/metrics/member-progress")["progress"] if examples else []
    return {
        "offset_unit": UNITS[project["grapheme_mode"]],
        "shared": project["collaborative_annotation"],
        "documents": len(examples),
        "left": sorted({str(entry["user"]) for entry in progress if entry["user"] not in members}),
        "address": f"{session.url}/projects/{project['id']}",
    }
