from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
from conftest import vi_ner

from vi_ner.shards import check_complete, make_plan, set_aside_file
from vi_ner.tag import load_pipeline, read_texts, tag

DOCUMENTS = 60


def test_a_killed_job_goes_on_and_equals_the_single_process(model: Path, tmp_path: Path) -> None:
    """Killed after the first part, run again: every document once, and what one process finds."""
    source, output = tmp_path / "in.jsonl", tmp_path / "out"
    rows = [json.dumps({"doc_id": f"d{i}", "text": "Về Huế. " * (i % 5), "n": i}) for i in range(DOCUMENTS)]
    source.write_text("\n".join([*rows, "{"]), encoding="utf8")
    parts = make_plan([str(source)], output, model=str(model.resolve()), part_bytes=500)
    assert len(parts) > 5
    command = [sys.executable, "-m", "vi_ner", "tag", str(model), str(source), "-o", str(output)]
    command += ["--engine", "ray", "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as job:
        while not list(output.glob("parts/*.parquet")):
            assert job.poll() is None
            time.sleep(0.01)
        os.killpg(job.pid, signal.SIGKILL)
    before = {path: path.stat().st_mtime_ns for path in output.glob("parts/*.parquet")}
    assert 0 < len(before) < len(parts)
    again = vi_ner("tag", model, source, "-o", output, "--engine", "ray", "--workers", 1)
    assert again.returncode == 0, again.stderr
    assert f"{DOCUMENTS} documents tagged" in again.stdout and "1 rows set aside" in again.stdout
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert check_complete(parts, output) == (DOCUMENTS, 1)
    assert "JSONDecodeError" in set_aside_file(parts[-1], output).read_text(encoding="utf8")
    found = [row for file in sorted((output / "parts").iterdir()) for row in pq.read_table(file).to_pylist()]
    good = tmp_path / "good.jsonl"
    good.write_text("\n".join(rows), encoding="utf8")
    single = list(tag(load_pipeline(model), read_texts([str(good)])))
    assert [row | json.loads(row.pop("meta")) for row in found] == single
