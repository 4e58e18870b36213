"""Recordings that sound otherwise each time: what is changed, by how much, and that it repeats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mt.config import Config, DataConfig, ModelConfig
from mt.config.speech import SpeechConfig
from mt.errors import CorpusError
from mt.model import build_model
from mt.speech.features import Features
from mt.speech.perturbing import Perturbation, make_perturber
from mt.speech.recordings import SoundCorpus, cut_texts, read_sounds
from mt.tokenizer import Tokenizer
from tests.tones import RATE, tone_samples, write_tones

BASE = SpeechConfig(sound=True, sample_rate=RATE, mel_bands=16)
SAMPLES = tone_samples("a b c a", seed=1)


def frames(seed: int = 1, **settings: Any) -> torch.Tensor:
    speech = BASE.model_copy(update=settings)
    return Perturbation(speech, Features(RATE, 16)).frames(SAMPLES, np.random.default_rng(seed))


def test_without_settings_nothing_changes() -> None:
    torch.testing.assert_close(frames(), Features(RATE, 16).frames(torch.from_numpy(SAMPLES / 32768).float()))


def test_speed_changes_the_number_of_frames_within_its_range() -> None:
    whole = len(frames())
    found = {len(frames(seed, speed=0.25)) / whole for seed in range(40)}
    assert 0.78 < min(found) < 0.88
    assert 1.15 < max(found) < 1.36


def test_pitch_moves_the_energy_to_other_bands() -> None:
    assert len({int(frames(seed, pitch=0.3)[8:12].mean(dim=0).argmax()) for seed in range(20)}) > 1
    assert {len(frames(seed, pitch=0.3)) for seed in range(20)} == {len(frames())}


def test_noise_is_as_loud_as_it_says() -> None:
    """Where the recording is still, its energies rise by much less with soft noise than with loud."""
    quiet = np.concatenate([SAMPLES, np.zeros(RATE, np.int16)])
    features = Features(RATE, 16)
    of_pause = []
    for loudest in (0.0, 39.9):
        speech = BASE.model_copy(update={"noise": loudest})
        drawn = Perturbation(speech, features).frames(quiet, np.random.default_rng(3))
        of_pause.append(float(drawn[-50:].mean() - drawn[:60].mean()))
    assert of_pause[0] > of_pause[1]


def test_masks_are_zeros_of_at_most_their_width() -> None:
    plain = frames()
    for seed in range(20):
        found = frames(seed, mask_bands=3, mask_frames=50)
        silent_bands = int((found == 0).all(dim=0).sum())
        silent_frames = int((found == 0).all(dim=1).sum())
        assert silent_bands <= 6
        assert silent_frames <= 2 * (len(plain) // 10)
    assert any((frames(seed, mask_frames=50) == 0).all(dim=1).any() for seed in range(9))
    assert any((frames(seed, mask_bands=3) == 0).all(dim=0).any() for seed in range(9))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> SoundCorpus:
    folder = tmp_path_factory.mktemp("tones")
    return read_sounds([str(write_tones(folder, "train", 12, seed=1))], DataConfig(), BASE, "train")


def test_a_batch_depends_on_its_seed_alone(corpus: SoundCorpus) -> None:
    tokenizer = Tokenizer.learn(iter(corpus.dataset["tgt"][:]), TOKENS, 8)
    speech = BASE.model_copy(update={"speed": 0.2, "noise": 10.0, "mask_bands": 4, "mask_frames": 9})
    pairs = cut_texts(corpus, tokenizer)
    perturber = make_perturber(speech, pairs, corpus.sounds)
    assert perturber is not None
    rows = np.array([3, 1, 7])
    first = perturber.batch(rows, 5)
    torch.manual_seed(99)
    np.random.default_rng(99)
    again, other = perturber.batch(rows, 5), perturber.batch(rows, 6)
    torch.testing.assert_close(again.src, first.src, atol=0, rtol=0)
    assert first.src.shape != other.src.shape or not torch.equal(first.src, other.src)
    assert torch.equal(first.tgt_out, other.tgt_out)
    assert make_perturber(BASE, pairs, corpus.sounds) is None


TOKENS = Config().tokenizer.model_copy(update={"algorithm": "char", "byte_fallback": False})


def test_every_setting_of_speech_changes_something(tmp_path: Path) -> None:
    """`sound` turns the others on; these are what a corpus, frames, a model or a batch shows."""
    table = write_tones(tmp_path, "train", 6, seed=1)

    def of_corpus(**settings: Any) -> Any:
        try:
            found = read_sounds([str(table)], DataConfig(), BASE.model_copy(update=settings), "train")
        except CorpusError as problem:
            return str(problem)
        return found.dataset["tgt"][:], found.sounds[0].tolist()

    changed = {
        "audio_column": "x",
        "text_column": "audio",
        "sample_rate": 2000,
        "mel_bands": 9,
        "max_seconds": 0.3,
    }
    for name, value in changed.items():
        assert of_corpus(**{name: value}) != of_corpus(), name

    def of_model(**settings: Any) -> Any:
        speech = SpeechConfig.model_validate({"sound": True, **settings})
        shape = ModelConfig(embedding=8, encoder_hidden=8, decoder_hidden=8)
        model = build_model(shape, src_vocab=9, tgt_vocab=9, shared=True, pad_id=0, speech=speech)
        return {name: weights.shape for name, weights in model.named_parameters()}

    assert of_model(ctc=0.5) != of_model()
    drawn = {"speed": 0.3, "pitch": 0.3, "noise": 5.0, "mask_bands": 5, "mask_frames": 30}
    for name, value in drawn.items():
        assert not torch.equal(frames(5, **{name: value}), frames(5)), name
    assert {"sound", "ctc", *changed, *drawn} == set(SpeechConfig.model_fields)
    with pytest.raises(ValueError, match="`ctc`: no effect on text"):
        SpeechConfig(ctc=0.3)
