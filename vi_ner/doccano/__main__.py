"""`python -m vi_ner.doccano push|pull FOLDER`, in the environment of doccano-client.

Reads `request.json` (and `rows.jsonl`) in FOLDER, writes `result.json` (and `versions.jsonl`), and on a failure
`error.json` with what, where and fix. Server, user and password come as JSON on standard input.
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

from ..errors import ViNerError
from .download import pull
from .session import Session
from .upload import push


def main(command: str, folder: Path) -> int:
    """Run a command; 1 after a failure, which `error.json` then tells."""
    settings = json.load(sys.stdin)
    url, username, password = (settings[f"DOCCANO_{key}"] for key in ("URL", "USERNAME", "PASSWORD"))
    try:
        session = Session(url.rstrip("/"), username, password)
        request = json.loads((folder / "request.json").read_text(encoding="utf8"))
        result = {"push": push, "pull": pull}[command](session, request, folder)
    except (ViNerError, OSError, ValueError, zipfile.BadZipFile) as error:
        told = error if isinstance(error, ViNerError) else _explain(error, url)
        content = {"what": told.what, "where": told.where, "fix": told.fix}
        (folder / "error.json").write_text(json.dumps(content), encoding="ascii")
        return 1
    (folder / "result.json").write_text(json.dumps(result), encoding="ascii")
    return 0


def _explain(error: Exception, url: str) -> ViNerError:
    """What went wrong between us and the server, in the user's terms."""
    again = "Then run this command again: what has arrived stays, and nothing is sent twice."
    start_page = "Is DOCCANO_URL the address of Doccano's start page?"
    response = getattr(error, "response", None)
    if response is not None and response.status_code == 404:
        return ViNerError(
            f"Doccano no longer finds {response.url}.",
            where=url,
            fix=f"Was the project deleted meanwhile? {start_page} {again}",
        )
    if response is not None and response.status_code == 403:
        return ViNerError(
            "Doccano does not allow this to the user.",
            where=url,
            fix="It must be an administrator of the project, and staff to create projects and users.",
        )
    if response is not None:
        return ViNerError(f"Doccano answered with an error: {str(error)[:300]}", where=url, fix=f"See its log. {again}")
    if isinstance(error, ValueError):
        return ViNerError(f"Found no answer of Doccano's ({str(error)[:100]}).", where=url, fix=start_page)
    if type(error).__module__.startswith("requests") or isinstance(error, zipfile.BadZipFile):
        fix = f"Start it (on this machine: `spacy project run doccano`), or check DOCCANO_URL. {again}"
        return ViNerError("Doccano cannot be reached.", where=url, fix=fix)
    return ViNerError(f"Cannot be read or written: {error}.", fix=f"Make room or give permission. {again}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
