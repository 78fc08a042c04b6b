"""What SECURITY.md says about files from strangers, and about secrets."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
import torch
from spacy.tokens import Doc, DocBin
from world import COMMANDS, contents, run

import vi_ner
from vi_ner.encoder import prepare_encoder
from vi_ner.errors import ViNerError
from vi_ner.settings import Connection

SECRET = "mật-khẩu-7f3a9c"


class Evil:
    """Unpickling it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return Path.mkdir, (self.folder,)


def test_unpickling_would_run_code(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Evil(tmp_path / "run")))
    assert (tmp_path / "run").exists()


def test_nothing_in_a_docbin_is_unpickled(tmp_path: Path) -> None:
    nlp = spacy.blank("xx")
    doc = Doc(nlp.vocab, words=["Huế"])
    doc.user_data["x"] = {"nd": True, "kind": b"O", "type": "O", "data": pickle.dumps(Evil(tmp_path / "run"))}
    for form in (doc.user_data["x"], {key.encode(): value for key, value in doc.user_data["x"].items()}):
        doc.user_data["x"] = form
        content = DocBin(docs=[doc], store_user_data=True).to_bytes()
        try:
            (read,) = DocBin().from_bytes(content).get_docs(nlp.vocab)
            assert read.text.strip() == "Huế"
        except (ValueError, TypeError) as error:
            assert "object" in str(error).lower()
    assert not (tmp_path / "run").exists()


def test_weights_that_are_a_program_are_refused(
    tiny_pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = spacy.load(tiny_pipeline)
    save = torch.save
    monkeypatch.setattr(torch, "save", lambda state, file: save(Evil(tmp_path / "run"), file))
    nlp.to_disk(tmp_path / "evil")
    with pytest.raises(ViNerError, match=r"Not a whole pipeline \(UnpicklingError"):
        vi_ner.load(tmp_path / "evil")
    assert not (tmp_path / "run").exists()


def test_an_encoder_that_is_a_program_is_refused(whole_world: Path, tmp_path: Path) -> None:
    pickled = Path(shutil.copytree(whole_world / "tiny", tmp_path / "pickled"))
    (pickled / "model.safetensors").unlink()
    torch.save(Evil(tmp_path / "run"), pickled / "pytorch_model.bin")
    coded = Path(shutil.copytree(whole_world / "tiny", tmp_path / "coded"))
    config = srsly.read_json(coded / "config.json")
    srsly.write_json(coded / "config.json", {**config, "model_type": "evil", "auto_map": {"AutoConfig": "evil.C"}})
    (coded / "evil.py").write_text(f"import os\nos.mkdir({str(tmp_path / 'run')!r})\n", encoding="utf8")
    for source in (pickled, coded):
        with pytest.raises(ViNerError, match="No encoder could be loaded"):
            prepare_encoder(source=str(source), output=tmp_path / "out")
    assert not (tmp_path / "run").exists() and not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["report", "package", "ingest"])
def test_secrets_stay_out_of_everything(name: str, world: Path) -> None:
    (command,) = (command for command in COMMANDS if command.name == name)
    (world / ".env").write_text(f"DOCCANO_PASSWORD={SECRET}\nDOCCANO_URL=http://127.0.0.1:9\n", encoding="utf8")
    ended = run(command.arguments, world, prepare=set_secret)
    assert ended.code == 0
    assert SECRET not in ended.printed
    assert all(SECRET.encode() not in content for content in contents(world / "out").values())


def set_secret() -> None:
    os.environ["DOCCANO_PASSWORD"] = SECRET


def test_a_connection_does_not_show_its_password() -> None:
    connection = Connection("http://127.0.0.1:9", "admin", SECRET)
    assert SECRET not in repr(connection) and SECRET in json.dumps(connection.environment(), ensure_ascii=False)
