"""Training at the size of GNMT v2 (Wu et al. 2016, as NVIDIA trains it), on random ids as long as WMT's.

Speed alone: nothing can be learned here. In fp32 cuDNN's layers round to TF32 on a GPU that has it, the plain
products that the peak is found with do not. On a CPU everything is an eighth as wide, to try that it works.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from bench.bench_base import Columns, Settings, answer, peak_mb
from bench.bench_model import BareTrainer, choose, matrix_weights, real_share, speeds, timed_steps
from mt.config import Config, ModelConfig, TrainingConfig
from mt.data.encoded import PiecePairs
from mt.data.ragged import Ragged
from mt.model import build_model
from mt.tokenizer import Tokenizer

WARM_UP, STEPS, SEED = 10, 50, 1
MEAN, SPREAD, LONGEST = 27.0, 0.6, 120  # pieces a sentence; standard deviation of its logarithm
PUBLISHED = 140_909.0
"""Source and target tokens/s that NVIDIA publishes for GNMT v2 on one A100, mixed precision"""


def main(settings: Settings, words: Sequence[str]) -> Columns:
    """words: the arithmetic."""
    (precision,) = words
    where = choose(settings)
    small = where.type == "cpu"
    batch_tokens = min(settings.batch_tokens, 1024) if small else settings.batch_tokens
    warm_up, count = (3, 8) if settings.quick else (WARM_UP, STEPS)
    vocabulary = 32_000 // (8 if small else 1)
    config = configured(8 if small else 1, batch_tokens)
    pairs = random_pairs(int((warm_up + count + 10) * batch_tokens / MEAN), vocabulary)
    torch.manual_seed(SEED)
    model = build_model(
        config.model, src_vocab=vocabulary, tgt_vocab=vocabulary, shared=True, pad_id=Tokenizer.pad_id
    )
    trainer = BareTrainer(config, model, pairs, where, precision)
    plan = trainer.plan(1)
    found = speeds(timed_steps(trainer, plan[: warm_up + count], warm_up), model) | real_share(pairs, plan)
    source, target, sentence = matrix_weights(model)
    found |= {
        "weights": sum(weights.numel() for weights in model.parameters()),
        "of those multiplied": source + target + sentence,
        "peak memory, MB": torch.cuda.max_memory_allocated() / 2**20 if where.type == "cuda" else peak_mb(),
    }
    if where.type == "cuda":
        found["times NVIDIA's, one A100, mixed precision"] = found["source and target tokens/s"] / PUBLISHED
    return {precision: found}


def configured(narrower: int, batch_tokens: int) -> Config:
    """Four layers each way of 1,024, attention of the first decoder layer for those above.

    Unlike GNMT's, all the encoder's layers read both ways, half as wide each.
    """
    width = 1024 // narrower
    model = ModelConfig(
        cell="lstm",
        embedding=width,
        encoder_hidden=width // 2,
        encoder_layers=4,
        bidirectional=True,
        decoder_hidden=width,
        decoder_layers=4,
        attention="general",
        attention_position="between",
        feed_start=False,
        feed_steps=False,
        feed_readout=False,
        readout=False,
        tied=False,
        residual=True,
    )
    return Config(model=model, training=TrainingConfig(seed=SEED, batch_tokens=batch_tokens))


def random_pairs(count: int, vocabulary: int) -> PiecePairs:
    """Lengths are log-normal, a target's near its source's."""
    generator = np.random.default_rng(SEED)
    source = generator.normal(np.log(MEAN) - SPREAD**2 / 2, SPREAD, count)
    target = source + generator.normal(0, 0.15, count)
    src, tgt = (_ids(generator, np.exp(side), vocabulary) for side in (source, target))
    return PiecePairs(src, tgt)


def _ids(generator: np.random.Generator, lengths: NDArray[np.float64], vocabulary: int) -> Ragged:
    sizes = np.clip(np.rint(lengths), 1, LONGEST).astype(np.int32)
    ends = np.cumsum(sizes)
    values = generator.integers(Tokenizer.eos_id + 1, vocabulary, int(ends[-1]), dtype=np.int32)
    return Ragged(values, sizes, ends - sizes)


if __name__ == "__main__":
    answer(main)
