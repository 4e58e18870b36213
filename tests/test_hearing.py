"""A recording from inside: what depends on which moment; files that are written of it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mt import cli, load
from mt.decoding.pausing import no_pause
from mt.inspection.hearing import hear
from mt.inspection.moments import MOST, Moments, blank_moments
from mt.inspection.picture.sound_figure import compose_sound
from mt.inspection.picture.theme import LIGHT
from mt.model import Seq2Seq
from mt.search import BOS
from mt.speech.listening import Recording
from tests.test_speech import small
from tests.tones import tone_samples, write_wav

IDS = [4, 5, 6]


def embedded(model: Seq2Seq, steps: int) -> torch.Tensor:
    """What the encoder reads of random frames, in its order."""
    frames = torch.randn(1, 4 * steps, 16, generator=torch.Generator().manual_seed(1))
    found, _ = model.encoder.embedding(frames, torch.tensor([4 * steps]))
    return found.flip(1) if model.encoder.reverse_source else found  # type: ignore[no-any-return]


def moments(model: Seq2Seq, steps: int) -> Moments:
    with torch.inference_mode():
        return blank_moments(model.eval(), embedded(model, steps), IDS, no_pause)


@pytest.mark.parametrize("reverse", [False, True])
def test_the_vector_depends_on_what_its_last_state_depends_on(reverse: bool) -> None:
    """Of one direction, where the vector is the last state; what is read later has no proportion."""
    _, model, _ = small(bidirectional=False, pooling=("last",), reverse_source=reverse)
    found = moments(model, 9)
    ((direction, rows),) = found.states.items()
    assert direction == ("right-to-left" if reverse else "left-to-right")
    np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=1e-5)
    later = np.tril(rows, -1) if reverse else np.triu(rows, 1)
    assert not later.any()
    np.testing.assert_allclose(found.vector, rows[0 if reverse else -1], rtol=1e-4)


def test_a_moment_left_blank_by_hand() -> None:
    """The same numbers by whole encodings of the recording with steps of 0."""
    _, model, _ = small()
    found = moments(model, 7)
    source, length = embedded(model, 7), torch.tensor([7])
    moved, lost = [], []
    with torch.inference_mode():
        for moment in range(-1, 7):
            blanked = source.clone()
            if moment >= 0:
                blanked[:, moment] = 0
            encoded = model.encoder.pool_states(blanked, model.encoder.read(blanked, length), length)
            log_probs = model.decode(torch.tensor([[BOS, *IDS]]), encoded)[0, :3].log_softmax(dim=1)
            moved.append(encoded.sentence_vector[0])
            lost.append(log_probs[range(3), IDS])
    changes = torch.stack([(vector - moved[0]).norm() for vector in moved[1:]])
    np.testing.assert_allclose(found.vector, changes / changes.sum(), rtol=1e-3)
    drops = torch.stack([(lost[0] - one).clamp(min=0) for one in lost[1:]], dim=1)
    np.testing.assert_allclose(found.pieces, drops, atol=1e-5)


def test_a_long_recording_has_as_many_moments_as_a_picture_can_show() -> None:
    _, model, _ = small()
    found = moments(model, 3 * MOST + 20)
    assert len(found.vector) == MOST
    assert (found.bounds[0], found.bounds[-1]) == (0, 3 * MOST + 20)
    spread = found.in_steps(found.vector[None])[0]
    assert len(spread) == 3 * MOST + 20
    sums = np.add.reduceat(spread, found.bounds[:-1])
    np.testing.assert_allclose(sums, found.vector, rtol=1e-4)


def test_a_picture_shows_each_word_over_time(spoken_run: Path) -> None:
    found = hear(load(spoken_run), Recording("a", tone_samples("a b", seed=5)))
    rows = np.eye(2, len(found.movement), dtype=np.float32)
    two = dataclasses.replace(found, pieces=("▁a", "▁bc"), dependence=rows, attention=rows[::-1])
    figure = compose_sound(two, LIGHT)
    named = [axes for axes in figure.axes if axes.get_yticklabels()]
    assert [[label.get_text() for label in axes.get_yticklabels()] for axes in named] == [["a", "bc"]] * 2
    for axes, shown in zip(named, (rows[::-1], rows), strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), shown)
    for axes in figure.axes:
        assert axes.get_xlim() == pytest.approx((0, found.seconds))


def test_files_of_a_recording(spoken_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wavs = [str(write_wav(tmp_path / f"{text}.wav", tone_samples(text, seed=5))) for text in ("a b", "c")]
    asked = ["inspect", "-m", str(spoken_run), "--threads", "1", "--json", "--npz", str(tmp_path / "n.npz")]
    capsys.readouterr()
    assert cli.main([*asked, *wavs]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    arrays = np.load(tmp_path / "n.npz")
    for number, row in enumerate(rows):
        assert str(arrays[f"{number}/source"]) == row["source"] == wavs[number]
        np.testing.assert_allclose(arrays[f"{number}/vector_dependence"], row["moments"]["vector"], rtol=1e-5)
        np.testing.assert_allclose(arrays[f"{number}/movement"], row["movement"], rtol=1e-5)
    for suffix in ("png", "svg", "html"):
        picture = tmp_path / f"p.{suffix}"
        assert cli.main([*asked[:5], wavs[0], "--picture", str(picture)]) == 0
        assert picture.stat().st_size > 10_000
    assert cli.main([*asked[:5], *wavs, "--picture", str(tmp_path / "q.png")]) == 2
    assert not (tmp_path / "q.png").exists()
