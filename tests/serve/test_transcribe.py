"""`POST /transcribe`: what a recording is answered with, and which are refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

import mt
from mt.options import ServeOptions
from mt.serve.app import create_app
from mt.serve.detection import Detector
from mt.serve.models import Models, Served
from mt.serve.service import Service
from mt.text.languages import Direction
from tests.serve.setup import Guess
from tests.tones import RATE, tone_samples, write_wav


@pytest.fixture(scope="module")
def client(spoken_run: Path) -> Iterator[TestClient]:
    """A server of a run of sound alone."""
    listener = Served(Direction("en", "en"), mt.load(spoken_run, beam=2), None)
    models = Models((), (listener,))
    service = Service(models, Detector(models.codes, Guess()), ServeOptions(seconds_limit=2.0))
    with TestClient(create_app(service)) as client:
        yield client


@pytest.fixture
def wav(tmp_path: Path) -> bytes:
    return write_wav(tmp_path / "a.wav", tone_samples("a b c", seed=4)).read_bytes()


def test_the_text_of_a_recording_and_how_it_was_heard(client: TestClient, wav: bytes) -> None:
    answer = client.post(
        "/transcribe", files={"file": ("a.wav", wav)}, data={"heard": "true", "source": "en"}
    )
    assert answer.status_code == 200
    found = answer.json()
    assert (found["source"], found["target"]) == ("en", "en")
    assert found["seconds"] == pytest.approx(len(tone_samples("a b c", seed=4)) / RATE, abs=1e-3)
    assert found["parts"][0]["text"] == found["text"]
    heard = found["heard"]
    steps = len(heard["movement"])
    assert heard["step"] == pytest.approx(0.04)
    assert np.array(heard["spectrogram"]).shape == (steps, 16)
    assert max(heard["movement"]) == 1.0
    assert len(heard["pieces"]) == len(heard["attention"]) == len(heard["times"])
    assert all(sum(row) == pytest.approx(1.0, abs=1e-3) for row in heard["attention"])
    assert all(0 <= start < end <= found["seconds"] + 0.08 for start, end in heard["times"])
    plain = client.post("/transcribe", files={"file": ("a.wav", wav)})
    assert plain.json()["text"] == found["text"]
    assert "heard" not in plain.json()


def test_the_openapi_tells_of_it_where_a_run_hears(client: TestClient) -> None:
    told = client.get("/openapi.json").json()["paths"]["/transcribe"]["post"]
    fields = told["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert set(fields) == {"file", "source", "target", "heard", "api_key"}
    assert "413" in told["responses"]


def test_what_is_refused(client: TestClient, wav: bytes, tmp_path: Path) -> None:
    long = write_wav(tmp_path / "long.wav", np.tile(tone_samples("a", seed=1), 40)).read_bytes()
    silent = write_wav(tmp_path / "silent.wav", np.zeros(RATE, np.int16)).read_bytes()
    cases: list[tuple[bytes, dict[str, str], int, str]] = [
        (b"no sound", {}, 400, "the recording: cannot be decoded"),
        (silent, {}, 400, "the recording: is silent"),
        (long, {}, 413, "lasts more than 2 seconds"),
        (bytes(11 * 2**20), {}, 413, "longer than"),
        (wav, {"source": "zh"}, 400, "no run that is served here hears"),
        (wav, {"heard": "perhaps"}, 400, "heard parameter is not true or false"),
    ]
    for sound, data, status, problem in cases:
        answer = client.post("/transcribe", files={"file": ("a.wav", sound)}, data=data)
        assert (answer.status_code, problem in answer.json()["error"]) == (status, True), answer.text
    missing = client.post("/transcribe", data={"source": "en"})
    assert (missing.status_code, missing.json()) == (
        400,
        {"error": "Invalid request: missing file parameter"},
    )


def test_the_page_is_told_who_hears(client: TestClient) -> None:
    settings = client.get("/frontend/settings").json()
    assert settings["transcribe"] == {
        "languages": [{"source": "en", "target": "en"}],
        "seconds_limit": 2.0,
        "bytes_limit": 10 * 2**20,
    }
    assert client.get("/languages").json() == []
