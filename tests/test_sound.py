"""Reading recordings: every form, any rate, and one line for what cannot be read."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mt.errors import SoundError
from mt.speech import sound
from mt.speech.sound import read_sound
from tests.tones import write_wav

RATE = 16000


def tone(rate: int, seconds: float = 0.5) -> np.ndarray:
    return (12000 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)).astype(np.int16)


FORMS: list[tuple[str, str | None]] = [("wav", "PCM_16"), ("wav", "FLOAT"), ("flac", "PCM_16"), ("mp3", None)]
FORMS += [("ogg", "VORBIS"), ("ogg", "OPUS")]


@pytest.mark.parametrize(("suffix", "form"), FORMS)
def test_each_form_is_read(tmp_path: Path, suffix: str, form: str | None) -> None:
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, tone(RATE) / 32768, RATE, subtype=form)
    samples = read_sound(path, RATE)
    assert samples.dtype == np.int16
    assert len(samples) == pytest.approx(RATE / 2, abs=RATE * 0.08)  # MP3 pads
    spectrum = np.abs(np.fft.rfft(samples[:7000].astype(float)))
    assert np.argmax(spectrum) * RATE / 7000 == pytest.approx(440, abs=4)


@pytest.mark.parametrize("rate", [8000, 11025, 44100, 48000])
def test_other_rates_are_converted(tmp_path: Path, rate: int) -> None:
    samples = read_sound(write_wav(tmp_path / "a.wav", tone(rate), rate), RATE)
    assert len(samples) == pytest.approx(RATE / 2, abs=2)
    np.testing.assert_allclose(samples[800:-800], tone(RATE)[800 : len(samples) - 800], atol=150)


def test_channels_are_averaged(tmp_path: Path) -> None:
    both = np.stack([tone(RATE), np.zeros(RATE // 2, np.int16)], axis=1).reshape(-1)
    samples = read_sound(write_wav(tmp_path / "two.wav", both, channels=2, rate=RATE), RATE)
    np.testing.assert_allclose(samples, tone(RATE) / 2, atol=1)


def test_blocks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_wav(tmp_path / "a.wav", tone(11025, 2.0), 11025)
    whole = read_sound(path, RATE)
    monkeypatch.setattr(sound, "BLOCK", 1000)
    np.testing.assert_array_equal(read_sound(path, RATE), whole)


def test_a_span_is_a_part(tmp_path: Path) -> None:
    samples = np.arange(RATE, dtype=np.int16)
    path = write_wav(tmp_path / "a.wav", samples, RATE)
    np.testing.assert_array_equal(read_sound(path, RATE, span=(0.25, 0.5)), samples[4000:8000])
    np.testing.assert_array_equal(read_sound(io.BytesIO(path.read_bytes()), RATE, name="x"), samples)
    with pytest.raises(SoundError, match="holds no sound"):
        read_sound(path, RATE, span=(2.0, 3.0))


def test_a_header_without_a_length(tmp_path: Path) -> None:
    """As programs write it into a pipe, who do not know yet how long the sound will be."""
    wav = bytearray(write_wav(tmp_path / "a.wav", tone(RATE), RATE).read_bytes())
    wav[40:44] = b"\xff" * 4
    np.testing.assert_array_equal(read_sound(io.BytesIO(wav), RATE, name="stream"), tone(RATE))
    soundfile.write(tmp_path / "a.flac", tone(RATE), RATE)
    flac = bytearray((tmp_path / "a.flac").read_bytes())
    flac[22:26] = bytes(4)  # of the 36 bits that count samples the lowest 32
    with pytest.raises(SoundError, match="stream: its header does not say how long it is"):
        read_sound(io.BytesIO(flac), RATE, name="stream")


def test_what_cannot_be_read_is_one_line_with_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = write_wav(tmp_path / "good.wav", tone(RATE), RATE)
    (tmp_path / "nothing.wav").write_bytes(b"")
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "half.wav").write_bytes(good.read_bytes()[: RATE // 2])
    soundfile.write(tmp_path / "whole.mp3", tone(RATE), RATE)
    whole = (tmp_path / "whole.mp3").read_bytes()
    (tmp_path / "half.mp3").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.mp3").write_bytes(b"this is no sound at all\n" * 40)
    (tmp_path / "cut.flac").write_bytes(b"fLaC" + bytes(60))
    write_wav(tmp_path / "empty.wav", np.zeros(0, np.int16))
    write_wav(tmp_path / "silent.wav", np.zeros(3000, np.int16))
    soundfile.write(tmp_path / "nan.wav", np.full(800, np.nan), RATE, subtype="FLOAT")
    monkeypatch.setattr(sound, "SECONDS", 1)
    write_wav(tmp_path / "long.wav", tone(RATE, 1.1), RATE)
    causes = {
        "missing.wav": "No such file",
        "nothing.wav": "is empty",
        "folder.wav": "is a folder",
        "half.wav": r"is cut off after 0\.2 of 0\.5 seconds",
        "half.mp3": r"is cut off after 0\.\d of 0\.\d seconds",
        "text.mp3": "cannot be decoded|holds no sound",
        "cut.flac": "cannot be decoded|holds no sound",
        "empty.wav": "holds no sound",
        "silent.wav": "is silent",
        "nan.wav": "not numbers",
        "long.wav": "more than 0 hours",
    }
    for name, cause in causes.items():
        with pytest.raises(SoundError, match=cause) as caught:
            read_sound(tmp_path / name, RATE)
        assert str(caught.value).startswith(str(tmp_path / name))
        assert "\n" not in str(caught.value)
    assert len(read_sound(good, RATE)) == RATE // 2
