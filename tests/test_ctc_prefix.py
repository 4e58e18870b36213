"""Search by the decoder and by CTC together."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mt import load
from mt.config import DataConfig
from mt.decoding.ctc_prefix import JointModel, continuations, extend, start_prefixes
from mt.errors import ConfigError
from mt.search import search
from mt.speech.ctc import BLANK
from mt.speech.frames import frames_of
from mt.speech.recordings import cut_texts, read_sounds
from mt.tokenizer import Tokenizer
from mt.training.ranks import Ranks
from mt.training.validation import GREEDY, Validator
from tests.test_speech import small
from tests.tones import tone_samples, write_tones, write_wav

A, B = 4, 5
EOS = Tokenizer.eos_id


def drawn(steps: int, *, seed: int = 1) -> Tensor:
    """Log-probabilities (1, S, 6) of the pieces at each step."""
    scores = torch.randn(1, steps, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return torch.log_softmax(2 * scores, dim=2)


def scores_after(pieces: tuple[int, ...], of_steps: Tensor) -> tuple[Tensor, Tensor]:
    """The log-probabilities of prefixes (B,), and of each piece behind them (B, V)."""
    paths, last = start_prefixes(of_steps)
    for piece in (Tokenizer.bos_id, *pieces):
        following = torch.full_like(last, piece)
        paths, before = extend(paths, last, following, of_steps)
        last = following
    return before, continuations(paths, last, of_steps)


def enumerated(of_steps: Tensor, prefix: tuple[int, ...], *, whole: bool = False) -> float:
    """The probability of all paths whose text begins with the prefix, or is it: each path is looked at."""
    total = 0.0
    for path in itertools.product(range(of_steps.shape[2]), repeat=of_steps.shape[1]):
        text = tuple(piece for piece, _ in itertools.groupby(path) if piece != BLANK)
        if text == prefix or (not whole and text[: len(prefix)] == prefix):
            total += math.exp(sum(of_steps[0, step, piece].item() for step, piece in enumerate(path)))
    return total


@pytest.mark.parametrize("prefix", [(), (A,), (A, A), (A, B), (B, A, B), (A, A, A)])
def test_scores_are_sums_over_all_paths(prefix: tuple[int, ...]) -> None:
    of_steps = drawn(4)
    before, after = scores_after(prefix, of_steps)
    assert before.exp().item() == pytest.approx(enumerated(of_steps, prefix), abs=1e-12)
    for piece in (A, B):
        assert after[0, piece].exp().item() == pytest.approx(
            enumerated(of_steps, (*prefix, piece)), abs=1e-12
        )
    assert after[0, EOS].exp().item() == pytest.approx(enumerated(of_steps, prefix, whole=True), abs=1e-12)


def test_a_whole_text_has_the_probability_that_training_gives_it() -> None:
    of_steps = drawn(40)
    text = (A, B, B, A, A, A, B)
    _, after = scores_after(text, of_steps)
    lengths = torch.tensor([40]), torch.tensor([len(text)])
    loss = torch.nn.functional.ctc_loss(of_steps.transpose(0, 1), torch.tensor([text]), *lengths, blank=BLANK)
    assert -after[0, EOS].item() == pytest.approx(loss.item() * len(text))


def test_neither_padding_nor_neighbours_change_scores() -> None:
    short, long = drawn(5, seed=2), drawn(9, seed=3)
    padding = torch.full((1, 4, 6), -1e30, dtype=torch.float64)
    padding[:, :, BLANK] = 0.0
    together = torch.cat([torch.cat([short, padding], dim=1), long])
    for prefix in ((), (A,), (A, B)):
        _, of_all = scores_after(prefix, together)
        for row, alone in enumerate((short, long)):
            by_itself = scores_after(prefix, alone)[1]
            torch.testing.assert_close(of_all[row, EOS:], by_itself[0, EOS:])


def test_search_by_ctc_alone_scores_by_ctc(spoken_run: Path, tmp_path: Path) -> None:
    """Two recordings in one batch; each hypothesis has the log-likelihood of its text."""
    translator = load(spoken_run, beam=3, ctc_weight=1.0)
    model, features = translator.run.model, translator.features
    assert features is not None
    assert model.ctc is not None
    waves = [write_wav(tmp_path / f"{text}.wav", tone_samples(text, seed=5)) for text in ("a b", "c a b c")]
    frames = [frames_of(translator.read(str(wav)).samples, features) for wav in waves]
    found = search(translator.searched, frames, translator.config, torch.device("cpu"))
    for one, hypotheses in zip(frames, found, strict=True):
        with torch.inference_mode():
            encoded = model.encode(torch.from_numpy(one).unsqueeze(0), torch.tensor([len(one)]))
            assert encoded.memory is not None
            of_steps = torch.log_softmax(model.ctc(encoded.memory).double(), dim=2)
        assert len(hypotheses) == 3
        for hypothesis in hypotheses:
            of_text = scores_after(hypothesis.ids, of_steps)[1][0, EOS].item()
            assert hypothesis.log_prob == pytest.approx(of_text, rel=1e-4)


def test_validation_searches_by_both_too(tmp_path: Path) -> None:
    config, model, tokenizer = small()
    corpus = read_sounds(
        [str(write_tones(tmp_path, "v", 6, seed=3))], DataConfig(), config.speech, "validation"
    )
    pairs = cut_texts(corpus, tokenizer)
    texts, sources = corpus.dataset["tgt"][:], [pairs.src[row] for row in range(6)]
    validator = Validator(texts, texts, pairs, tokenizer, ["en"] * 6, 2000, "fp32", "words")
    found = validator.validate(model, torch.device("cpu"), Ranks())
    assert found is not None
    searches = [search(one, sources, GREEDY, torch.device("cpu")) for one in (JointModel(model, 0.3), model)]
    both, alone = (tokenizer.decode([rows[0].ids for rows in one]) for one in searches)
    assert found.hypotheses == both
    assert both != alone


def test_what_ctc_weighs_is_said(spoken_run: Path, toy_run: Path) -> None:
    assert load(spoken_run).searched is not load(spoken_run).model
    assert (alone := load(spoken_run, ctc_weight=0.0)).searched is alone.model
    with pytest.raises(ConfigError, match="--ctc-weight is for runs that read sound"):
        load(toy_run, ctc_weight=0.3)
