"""Training tells TensorBoard what metrics.jsonl has."""

from __future__ import annotations

import importlib.util
import json
import struct
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event, SessionLog

from mt import cli
from tests.toy import train_arguments


def events(run: Path) -> list[Event]:
    """All events, in the order of writing: records of a length, its checksum, the event, its checksum."""
    found = []
    for path in sorted((run / "tensorboard").iterdir(), key=lambda path: int(path.name.split("-")[-1])):
        data, at = path.read_bytes(), 0
        while at < len(data):
            (size,) = struct.unpack_from("<Q", data, at)
            found.append(Event.FromString(data[at + 12 : at + 12 + size]))
            at += size + 16
    return found


def test_events_are_the_numbers_of_metrics_jsonl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mt.training.trainer.REPORT_STEPS", 2)
    run = tmp_path / "run"
    arguments = [*train_arguments(tmp_path, pairs=100), "--tensorboard", "--out", str(run)]
    assert cli.main([*arguments, "--max-epochs", "1"]) == 0
    assert cli.main([*arguments, "--max-epochs", "2"]) == 0
    written = {
        (value.tag, event.step): value.simple_value for event in events(run) for value in event.summary.value
    }
    entries = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    logged = {
        (f"{entry['kind']}/{name}", entry["step"]): number
        for entry in entries
        if entry["kind"] != "start"
        for name, number in entry.items()
        if isinstance(number, (int, float)) and not isinstance(number, bool) and name != "step"
    }
    assert {"training/loss", "training/learning_rate", "validation/bleu"} <= {tag for tag, _ in logged}
    assert written.keys() == logged.keys()
    for name, number in logged.items():
        assert written[name] == pytest.approx(number, rel=1e-6)
    starts = [event.step for event in events(run) if event.session_log.status == SessionLog.START]
    begun = [entry["step"] for entry in entries if entry["kind"] == "start"]
    assert begun[1] > begun[0] == 0
    assert starts == [step + 1 for step in begun]  # TensorBoard drops what older files say of later steps


def test_without_the_extra_one_line_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name, *rest: None if name == "tensorboardX" else found(name, *rest)
    )
    assert cli.main(["train", "--tensorboard", "--out", str(tmp_path / "run")]) == 1
    error = capsys.readouterr().err
    assert error == "mt: --tensorboard needs tensorboardX: pip install 'seq2seq-mt[tensorboard]'\n"
    assert not (tmp_path / "run").exists()
