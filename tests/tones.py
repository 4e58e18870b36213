"""A spoken toy language for tests: each letter is a tone; recordings of one to four of them."""

from __future__ import annotations

import random
import shlex
import wave
from pathlib import Path

import numpy as np

RATE = 4000
TONES = {"a": 350.0, "b": 800.0, "c": 1500.0}

SETTINGS = shlex.split(
    f"--preset speech --src en --tgt en --sample-rate {RATE} --mel-bands 16 --embedding 32 "
    "--encoder-hidden 32 "
    "--encoder-layers 1 --decoder-hidden 32 --batch-tokens 1500 --learning-rate 1e-2 --warmup-steps 10 "
    "--average-decay 0.9 --threads 1"
)


def tone_samples(text: str, seed: int) -> np.ndarray:
    """The letters of a text as tones between pauses, of drawn loudness and length, over noise: int16 (N,)."""
    generator = np.random.default_rng(seed)
    parts = [np.zeros(int(0.05 * RATE))]
    for letter in text.split():
        moments = np.arange(int(generator.uniform(0.08, 0.14) * RATE)) / RATE
        parts += [np.sin(2 * np.pi * TONES[letter] * moments), np.zeros(int(0.04 * RATE))]
    sound = np.concatenate(parts)
    sound = sound * generator.uniform(0.1, 0.8) + 0.003 * generator.standard_normal(len(sound))
    return (sound * 20000).astype(np.int16)


def write_wav(path: Path, samples: np.ndarray, rate: int = RATE, channels: int = 1) -> Path:
    """16-bit samples as a WAV file, without soundfile."""
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, len(samples) // channels, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def tone_texts(count: int, seed: int, longest: int = 4) -> list[str]:
    """Seeded texts such as "a c c"."""
    generator = random.Random(seed)
    return [" ".join(generator.choices(list(TONES), k=generator.randint(1, longest))) for _ in range(count)]


def write_tones(folder: Path, name: str, count: int, seed: int, longest: int = 4) -> Path:
    """`count` recordings, and the table that lists them."""
    (folder / name).mkdir(parents=True)
    lines = ["audio\ttext"]
    for number, text in enumerate(tone_texts(count, seed, longest)):
        write_wav(folder / name / f"{number}.wav", tone_samples(text, seed * 1000 + number))
        lines.append(f"{name}/{number}.wav\t{text}")
    table = folder / f"{name}.tsv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


def train_arguments(folder: Path, *, recordings: int, longest: int = 4) -> list[str]:
    """`mt train` on freshly written recordings, still without --out."""
    train = write_tones(folder, "train", recordings, 1, longest)
    validation = write_tones(folder, "validation", 20, 2, longest)
    return ["train", *SETTINGS, "--train", str(train), "--validation", str(validation)]
