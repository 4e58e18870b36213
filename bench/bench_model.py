"""The model that is measured, its corpus, and how its steps are timed and its work is counted."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np
import torch

from bench.bench_base import Numbers, Settings
from mt import checkpoint, device
from mt.config import Config
from mt.config.files import load_file, load_preset
from mt.console import Console
from mt.data.batches import Batch, IntArray
from mt.data.encoded import PiecePairs, cut
from mt.model import Seq2Seq
from mt.tokenizer import Tokenizer
from mt.training.corpora import TextReader
from mt.training.loader import BatchLoader
from mt.training.outcome import Copied
from mt.training.schedule import learning_rate
from mt.training.updater import Updater

SETTINGS = Path(__file__).with_name("peer_model.toml")
PER_SOURCE = ("encoder.forwards", "encoder.backwards", "decoder.attention.keys", "decoder.attention.values")
PER_SENTENCE = ("encoder.projection", "decoder.bridge", "decoder.readout_vector")
FLOP = 6  # of a matrix weight and a token: a product forwards, two backwards, each a multiplication and a sum


def settings_of(settings: Settings) -> Config:
    """The peers' settings, on Multi30k, or on the built-in corpus with the vocabulary that suits that."""
    config = load_file(SETTINGS, base=load_preset("tiny"))
    folder = settings.multi30k
    if folder is None:
        own = {"data": config.data.settled(), "tokenizer": load_preset("phrasebook").tokenizer}
        return config.model_copy(update=own)
    values = {
        "train": (f"{folder}/train.en.gz,{folder}/train.de.gz",),
        "validation": (f"{folder}/val.en.gz,{folder}/val.de.gz",),
        "src": "en",
        "tgt": "de",
    }
    return config.model_copy(update={"data": config.data.model_copy(update=values)})


def choose(settings: Settings) -> torch.device:
    """The device and its threads."""
    return device.set_up(cast(Literal["auto", "cpu", "cuda"], settings.device), settings.threads)


def usual_precision(settings: Settings, where: torch.device) -> str:
    """The arithmetic asked for, or the device's best."""
    return device.resolve_precision(cast(Literal["auto", "fp32", "bf16"], settings.precision), where)


def prepared_pairs(settings: Settings) -> tuple[Config, Tokenizer, Tokenizer, PiecePairs]:
    """The training pairs in pieces, by the run that `bench_setup` began."""
    config, metadata = checkpoint.read_config(settings.run)
    src, tgt = checkpoint.read_tokenizers(settings.run, config, metadata)
    corpora = TextReader(config.data, config.training.seed).read(Console())
    return config, src, tgt, cut(corpora.train, src, tgt)


class BareTrainer:
    """Makes batches and updates a model by them; it validates nothing and writes nothing."""

    def __init__(
        self, config: Config, model: Seq2Seq, pairs: PiecePairs, device: torch.device, precision: str
    ) -> None:
        self.training, self.model, self.pairs, self.device = config.training, model, pairs, device
        self.loader = BatchLoader(pairs, config.training, pin=device.type == "cuda")
        self.updater = Updater(model.to(device), config.training, device, precision)
        self.steps = 0
        self.unsettled: deque[Copied] = deque()

    def plan(self, epoch: int) -> Sequence[IntArray]:
        """The batches of an epoch, as row numbers."""
        return self.loader.plan(epoch)

    def make(self, groups: Sequence[IntArray]) -> list[Batch]:
        """Row numbers -> batches."""
        return self.loader.load(groups)

    def step(self, batches: Sequence[Batch]) -> None:
        """One update; the numbers of the one before are asked for, as `mt train` does."""
        self.steps += 1
        rate = learning_rate(self.training, step=self.steps, last_step=self.steps, scale=1.0)
        outcome = self.updater.update(batches, step=self.steps, learning_rate=rate)
        self.unsettled.append(outcome.begin_copy())
        if len(self.unsettled) > (self.device.type != "cpu"):
            self.unsettled.popleft().wait()


@dataclass(frozen=True)
class Step:
    """An update: seconds that its batch took to make and it took to learn from; what was in it, with eos."""

    made: float
    learned: float
    sentences: int
    source: int
    target: int

    @property
    def seconds(self) -> float:
        """Both, as if one waited for the other; in `mt train` a second thread makes the batches."""
        return self.made + self.learned


def timed_steps(trainer: BareTrainer, plan: Sequence[IntArray], warm_up: int) -> list[Step]:
    """Learn from the batches of a plan; the steps after the first `warm_up` ones."""
    return list(_timed(trainer, plan, warm_up))[warm_up:]


def _timed(trainer: BareTrainer, plan: Sequence[IntArray], warm_up: int) -> Iterator[Step]:
    pairs = trainer.pairs
    for number, rows in enumerate(plan):
        if number == warm_up:
            synchronize(trainer.device)
        began = time.perf_counter()
        batches = trainer.make([rows])
        made = time.perf_counter()
        trainer.step(batches)
        if number == len(plan) - 1:  # a GPU may be a step behind, here it catches up
            synchronize(trainer.device)
        ended = time.perf_counter()
        source, target = (int(side.lengths[rows].sum()) + len(rows) for side in (pairs.src, pairs.tgt))
        yield Step(made - began, ended - made, len(rows), source, target)


def synchronize(where: torch.device) -> None:
    """Wait for a GPU to be done."""
    if where.type == "cuda":
        torch.cuda.synchronize(where)


def speeds(steps: Sequence[Step], model: Seq2Seq) -> Numbers:
    """How fast they were: medians, and how widely they were spread."""
    rates = [step.target / step.seconds for step in steps]
    both = [(step.source + step.target) / step.seconds for step in steps]
    work = [flops(model, step) / step.seconds for step in steps]
    tenths = statistics.quantiles(rates, n=10, method="inclusive")
    return {
        "target tokens/s": statistics.median(rates),
        "lowest tenth, target tokens/s": tenths[0],
        "highest tenth, target tokens/s": tenths[-1],
        "source and target tokens/s": statistics.median(both),
        "achieved, GFLOP/s": statistics.median(work) / 1e9,
        "target tokens a step": statistics.mean(step.target for step in steps),
        "making a batch, % of learning from it": 100
        * sum(step.made for step in steps)
        / sum(step.learned for step in steps),
    }


def matrix_weights(model: Seq2Seq) -> tuple[int, int, int]:
    """Weights that are multiplied once for each source token, each target token, and each sentence.

    Tied weights count where they multiply. Looking up an embedding is no product.
    """
    source = target = sentence = 0
    for name, weight in model.named_parameters(remove_duplicate=False):
        if weight.dim() != 2 or name.endswith("embedding.weight"):
            continue
        if name.startswith(PER_SOURCE):
            source += weight.numel()
        elif name.startswith(PER_SENTENCE):
            sentence += weight.numel()
        else:
            target += weight.numel()
    return source, target, sentence


def flops(model: Seq2Seq, step: Step) -> int:
    """What an update costs in products with weights, counting no padding. Attention's products of states with
    states, a few per cent of all, are left out."""
    source, target, sentence = matrix_weights(model)
    return FLOP * (source * step.source + target * step.target + sentence * step.sentences)


def real_share(pairs: PiecePairs, plan: Sequence[IntArray]) -> Numbers:
    """How many of the positions that a whole epoch computes hold a piece, in per cent."""
    real, computed = np.zeros(2), np.zeros(2)
    for rows in plan:
        for side, lengths in enumerate((pairs.src.lengths, pairs.tgt.lengths)):
            real[side] += (lengths[rows] + 1).sum()
            computed[side] += len(rows) * (lengths[rows].max() + 1)
    return {
        "real source positions, %": float(100 * real[0] / computed[0]),
        "real target positions, %": float(100 * real[1] / computed[1]),
        "real positions of both, %": float(100 * real.sum() / computed.sum()),
    }
