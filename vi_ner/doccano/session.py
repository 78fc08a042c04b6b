"""A session with a Doccano server: the one module that imports `doccano_client`."""

from __future__ import annotations

import functools
import json
import tempfile
import time
import zipfile
from typing import Any

from ..errors import ViNerError
from .versions import Row

PAGE = 200  # documents in one answer
TIMEOUT = 120  # seconds for one answer
WORKER_WITHIN = 10  # seconds for the task worker to give a first sign of life
PATIENCE = 120  # seconds without one, once it had given it
LABEL_KEYS = ("text", "prefix_key", "suffix_key", "background_color", "text_color")
UNITS = {False: "utf16", True: "grapheme"}  # by the project's grapheme mode
RESERVED = {"id", "text", "label", "labels", "entities", "relations", "Comments", "data", "filename", "upload_name"}


class Session:
    """A logged-in client. Every answer is waited for a limited time, and pages are counted here, not followed."""

    def __init__(self, url: str, username: str, password: str) -> None:
        from doccano_client import DoccanoClient

        self.url = url
        self.client = DoccanoClient(url)
        self.base = self.client._base_repository
        # The client has no time limit of its own.
        self.base._session.request = functools.partial(self.base._session.request, timeout=TIMEOUT)
        try:
            self.client.login(username, password)
        except OSError as error:
            if getattr(getattr(error, "response", None), "status_code", None) in {400, 401, 403}:
                raise ViNerError(
                    f"Doccano does not accept the password of {username!r}.",
                    where=url,
                    fix="Check DOCCANO_USERNAME and DOCCANO_PASSWORD in the environment or in .env.",
                ) from error
            raise

    def get(self, resource: str, **params: Any) -> Any:
        """The JSON content of a resource under `/v1/`."""
        return self.base.get(resource, params=params).json()

    def pages(self, resource: str, **params: Any) -> list[Row]:
        """All items of a paged resource, each once.

        Pages are asked for by offset: the server's `next` link is wrong behind a proxy. Items that come or go
        meanwhile shift the pages; the listing is then read again, at last in one piece.
        """
        limit = PAGE
        for _ in range(3):
            items: dict[int, Row] = {}
            offset, count = 0, 1
            while offset < count:
                answer = self.get(resource, limit=limit, offset=offset, **params)
                count, offset = answer["count"], offset + limit
                items.update((item["id"], item) for item in answer["results"])
            if len(items) == count:
                return list(items.values())
            limit = count + PAGE
        raise ViNerError(
            "The documents on the server change faster than they can be read.", fix="Try again in a minute."
        )

    def worker_answers(self) -> bool:
        """Whether Doccano's task worker does; a server that cannot say so is believed to have one."""
        answer = self.base._session.get(f"{self.base.api_url}/health/", params={"format": "json"})
        try:
            states = [state for name, state in answer.json().items() if "celery" in name.lower()]
        except ValueError:
            return True
        return not states or str(states[0]).lower() in {"ok", "working"}

    def require_worker(self, within: float = WORKER_WITHIN) -> None:
        """RAISES (ViNerError): The task worker gives no sign of life."""
        deadline = time.monotonic() + within
        while not self.worker_answers():
            if time.monotonic() > deadline:
                raise ViNerError(
                    "Doccano's task worker does not answer, so nothing can be imported or exported.",
                    where=self.url,
                    fix="Start `doccano task` beside the web server (`spacy project run doccano` starts both), then "
                    "run this command again: what has arrived stays and is not sent twice. "
                    "If both run, see their logs: is the server's disk full?",
                )

    def wait(self, task: str) -> Any:
        """The result of a task. RAISES (ViNerError): It failed, or the worker has died."""
        pause, seen = 0.1, time.monotonic()
        while True:
            status = self.get(f"tasks/status/{task}")
            if status["ready"]:
                break
            time.sleep(pause)
            pause = min(1.0, pause * 1.3)
            if time.monotonic() - seen > 10:
                self.require_worker(PATIENCE)
                seen = time.monotonic()
        if status["error"]:
            raise ViNerError(
                f"A task failed on the server: {status['error']['text'][:300]}",
                where=self.url,
                fix="See the log of the task worker; then run this command again, it continues where it was.",
            )
        return status["result"]

    def labels(self, project: Row) -> dict[str, Any]:
        """The label types of a project by name."""
        return {label.text: label for label in self.client._span_type_repository.list(project["id"])}

    def set_label(self, project: Row, known: Any, label: Row) -> None:
        """Create a label type, or bring `known` up to date: name, colours, shortcut."""
        from doccano_client.models.label_type import LabelType

        repository = self.client._span_type_repository
        wanted = LabelType(**{key: label[key] for key in LABEL_KEYS if key in label})
        if known is None:
            repository.create(project["id"], wanted)
        elif known.dict(exclude={"id"}) != wanted.dict(exclude={"id"}):
            repository.update(project["id"], wanted.copy(update={"id": known.id}))

    def find_project(self, name: str) -> Row | None:
        """The project of that name among those the user belongs to."""
        found = [project for project in self.pages("projects", q=name) if project["name"] == name]
        if len(found) > 1:
            raise ViNerError(
                f"There are {len(found)} projects named {name!r}.", where=self.url, fix="Rename all but one."
            )
        if found and found[0]["project_type"] != "SequenceLabeling":
            raise ViNerError(
                f"The project is of type {found[0]['project_type']}, not SequenceLabeling.",
                where=name,
                fix="Give another --project.",
            )
        return found[0] if found else None

    def export(self, project: Row, *, only_confirmed: bool) -> dict[str, dict[int, Row]]:
        """For each annotator (`all` in a shared project) the exported rows by the server's id."""
        repository = self.client._data_export_repository
        option = repository.find_option_by_name(project["id"], "JSONL")
        task = repository.schedule_download(project["id"], option, only_confirmed)
        self.wait(task)
        rows: dict[str, dict[int, Row]] = {}
        with (
            tempfile.TemporaryDirectory() as folder,
            zipfile.ZipFile(repository.download(project["id"], task, folder)) as archive,
        ):
            for name in sorted(archive.namelist()):
                with archive.open(name) as stream:
                    lines = (json.loads(line) for line in stream if line.strip())
                    rows[name.removesuffix(".jsonl")] = {row["id"]: row for row in lines}
        return rows

    def examples(self, project: Row) -> list[Row]:
        """The documents on the server. RAISES (ViNerError): One has a metadata key that the export confuses."""
        examples = self.pages(f"projects/{project['id']}/examples")
        for example in examples:
            clash = sorted(RESERVED & example["meta"].keys())
            if clash:
                raise ViNerError(
                    f"The metadata key {clash[0]!r} overwrites Doccano's own in every export.",
                    where=f"project {project['name']}, document {example['id']}",
                    fix="Import the documents again with another key (`doc_uid` for an id).",
                )
        return examples

    def versions(self, project: Row, examples: list[Row]) -> list[Row]:
        """Every annotator's version of every document, touched or not, with who confirmed and approved it.

        The export has the spans and the API the rest; both are read again when somebody changed the documents
        between.
        """
        if not examples:
            return []
        self.require_worker()
        for _ in range(3):
            rows = self.export(project, only_confirmed=False)
            confirmed = self.export(project, only_confirmed=True)
            texts = {example["id"]: example["text"] for example in examples}
            if all({key: row["text"] for key, row in part.items()} == texts for part in rows.values()):
                break
            examples = self.examples(project)
        else:
            raise ViNerError("Documents change faster than they can be read.", where=project["name"], fix="Try again.")
        shared = project["collaborative_annotation"]
        members = {member["user"]: member for member in self.get(f"projects/{project['id']}/members")}
        versions = []
        for example in examples:
            for annotator, part in rows.items():
                version = {
                    "id": example["id"],
                    "text": example["text"],
                    "meta": example["meta"],
                    "annotator": annotator,
                    "label": _spans(part[example["id"]]),
                    "confirmed": example["id"] in confirmed.get(annotator, {}),
                    "approver": example["annotation_approver"],
                    "comments": example["comment_count"],
                }
                versions.append(self._confirmer(project, version, members) if shared else version)
        return versions

    def _confirmer(self, project: Row, version: Row, members: dict[int, Row]) -> Row:
        """In a shared project, the version with the one who confirmed it as its annotator, or as its approver."""
        if not version["confirmed"]:
            return version | {"annotator": ""}
        states = self.get(f"projects/{project['id']}/examples/{version['id']}/states", limit=PAGE)["results"]
        member = members.get(states[0]["confirmed_by"]) if states else None
        name = member["username"] if member else f"user {states[0]['confirmed_by']}" if states else ""
        approver = name if member and member["rolename"] == "annotation_approver" else version["approver"]
        return version | {"annotator": name, "approver": approver}


def _spans(row: Row) -> list[list[Any]]:
    if "entities" in row:  # a project with relations
        return [[span["start_offset"], span["end_offset"], span["label"]] for span in row["entities"]]
    return row.get("label") or []
