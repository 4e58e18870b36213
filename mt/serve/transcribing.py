"""`POST /transcribe`: a recording in a form -> its text, and how it was heard."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from mt.decoding.pausing import Pause
from mt.errors import SoundError
from mt.inspection.hearing import hear
from mt.serve.models import Served
from mt.serve.refusal import Refusal
from mt.speech.listening import Recording
from mt.speech.sound import read_sound

MOST_BYTES = 10 * 2**20
"""Of a recording with the other fields of its form."""


@dataclass(frozen=True)
class TranscribeCall:
    """What `POST /transcribe` asks."""

    sound: bytes
    source: str
    target: str
    heard: bool


def transcribe(served: Served, call: TranscribeCall, seconds: float, pause: Pause) -> dict[str, Any]:
    """What is answered. pause: called between two pieces of work. Raises Refusal."""
    translator = served.translator
    assert translator.features is not None
    rate = translator.features.rate
    try:
        samples = read_sound(io.BytesIO(call.sound), rate, name="the recording", span=(0.0, seconds + 1))
    except SoundError as problem:
        raise Refusal(str(problem)) from None
    if len(samples) > seconds * rate:
        raise Refusal(f"the recording lasts more than {seconds:g} seconds", status=413)
    recording = Recording("the recording", samples)
    pause()
    (found,) = translator.transcribe([recording], pause=pause)
    parts = [
        {"start": part.start, "end": part.end, "text": part.text, "score": part.score} for part in found.heard
    ]
    answer: dict[str, Any] = {
        "text": found.text,
        "source": served.direction.src,
        "target": served.direction.tgt,
        "seconds": round(len(samples) / rate, 3),
        "parts": parts,
    }
    if call.heard and parts:
        pause()
        answer["heard"] = hear(translator, recording, pause).as_dict()
    return answer
