"""The training loop: steps, validations, saves, and when to stop.

Everything random in a step is drawn from (seed, step) and the batches from (seed, epoch), so a resumed
run is the run that was not stopped, bit for bit.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from mt import checkpoint
from mt.config import Config
from mt.console import Console, duration
from mt.data.batches import Batch, IntArray, plan
from mt.data.encoded import PiecePairs
from mt.data.sampling import Sampler
from mt.device import autocast, keep_memory
from mt.errors import Interrupted, TrainingError
from mt.layers.loss import Targets, bag_of_words, cross_entropy
from mt.model import Seq2Seq
from mt.tokenizer import Tokenizer
from mt.training.averaging import MovingAverage
from mt.training.logs import cut_logs, log_metrics, log_samples
from mt.training.schedule import learning_rate
from mt.training.validation import Validation, Validator, unigram_entropy

REPORT_STEPS = 50
PATIENT_STEPS = 500  # before it is said that nothing is learned
AHEAD = 2  # groups of batches made before they are needed


@dataclass
class Progress:
    """Every counter of a run; saved with the weights."""

    step: int = 0
    epoch: int = 1
    position: int = 0  # batches of this epoch that are done
    tokens: int = 0  # target pieces learned from
    seconds: float = 0.0
    scale: float = 1.0  # of the learning rate; plateau decay halves it
    best: float | None = None  # of the weights that are kept
    best_step: int = 0
    peak: float | None = None  # of the validations that were due: patience and decay go by it
    since_best: int = 0  # validations
    since_halving: int = 0
    validated: int = -1  # step of the last validation
    nonfinite: int = 0  # steps skipped
    nonfinite_row: int = 0
    finished: str = ""


@dataclass
class Window:
    """Sums since the last report."""

    nll: float = 0.0
    tokens: int = 0
    seconds: float = 0.0


class Outcome(NamedTuple):
    """What a step came to, on the device until it is asked for."""

    step: int
    tokens: int
    nll: Tensor
    skipped: Tensor


class Trainer:
    """Teaches a model; `fit` decides when, the other methods what."""

    def __init__(
        self,
        config: Config,
        run_dir: Path,
        model: Seq2Seq,
        pairs: PiecePairs,
        sampler: Sampler | None,
        validator: Validator,
        device: torch.device,
        console: Console,
    ) -> None:
        keep_memory()
        self.config, self.training = config, config.training
        self.run_dir, self.console, self.device = run_dir, console, device
        self.model, self.pairs, self.sampler, self.validator = model, pairs, sampler, validator
        self.precision = validator.precision
        self.progress = Progress()
        self.window = Window()
        self.loss_floor = unigram_entropy(pairs, model.decoder.embedding.num_embeddings)
        self.optimizer = torch.optim.AdamW(
            _parameter_groups(model, self.training.weight_decay),
            lr=self.training.learning_rate,
            betas=(0.9, 0.98),
            fused=True,
        )
        decay = self.training.average_decay
        self.average = MovingAverage(model, decay) if decay else None
        self.last_step = self._limit_in_steps()
        self.unsettled: deque[Outcome] = deque()
        self.saved = time.monotonic()
        self.stop_signal: int | None = None

    def resume(self) -> None:
        """Go on from the state in the run directory, if there is one. Raises RunError if it does not fit."""
        if checkpoint.has_state(self.run_dir):
            self.progress = Progress(**checkpoint.load_state(self.run_dir, self._models(), self.optimizer))
            self.progress.finished = ""
            self.console.note(f"going on from step {self.progress.step:,}")
        cut_logs(self.run_dir, self.progress.step)

    def _models(self) -> dict[str, Seq2Seq]:
        """The weights that resuming needs, by name."""
        return {"model": self.model} | ({"average": self.best_model()} if self.average else {})

    def best_model(self) -> Seq2Seq:
        """What is validated and kept: the model, or its moving average."""
        return self.model if self.average is None else self.average.model

    def fit(self, time_budget: float | None) -> Progress:
        """Train until a limit is reached; the best weights are in the run directory then.

        time_budget: seconds of training, all resumptions together.
        Raises Interrupted after Ctrl-C or SIGTERM, with everything saved; TrainingError if the loss stays
        non-finite.
        """
        progress = self.progress
        with self._signals():
            while not (reason := self._why_stop(time_budget)):
                self._epoch(time_budget)
            if progress.validated != progress.step:
                self._validate(due=False)
            progress.finished = reason
            self._save()
        self.console.settle()
        return progress

    def _epoch(self, time_budget: float | None) -> None:
        """The rest of the current epoch, or as much of it as the limits permit."""
        progress, training = self.progress, self.training
        batches = self.plan(progress.epoch)
        if self._validation_due():  # the run was stopped just before it
            self._validate()
            if self._why_stop(time_budget):
                return
        starts = range(progress.position, len(batches), training.accumulate)
        for group in self._made_ahead(batches, starts):
            self.step(group)
            progress.position += training.accumulate
            self._after_step(len(batches), time_budget)
            if self._validation_due():
                self._validate()
            if progress.position < len(batches) and self._why_stop(time_budget):
                return
        progress.epoch, progress.position = progress.epoch + 1, 0
        if training.validate_every is None:
            self._validate()

    def _validation_due(self) -> bool:
        every, step = self.training.validate_every, self.progress.step
        return bool(every and step and step % every == 0 and self.progress.validated != step)

    def plan(self, epoch: int) -> list[IntArray]:
        """The batches of an epoch, as row numbers."""
        return plan(
            self.pairs.src.lengths + 1,
            self.pairs.tgt.lengths + 1,
            batch_tokens=self.training.batch_tokens,
            seed=self.training.seed,
            epoch=epoch,
        )

    def _why_stop(self, time_budget: float | None) -> str:
        """The limit that is reached, in words; empty while there is none."""
        progress, training = self.progress, self.training
        if progress.since_best >= training.patience:
            return f"no better validation in {training.patience}"
        if progress.epoch > training.max_epochs:
            return f"{training.max_epochs} epochs done"
        if training.max_steps is not None and progress.step >= training.max_steps:
            return f"{training.max_steps} steps done"
        if time_budget is not None and progress.seconds >= time_budget:
            return "the time budget is spent"
        return ""

    def _learning_rate(self) -> float:
        progress = self.progress
        return learning_rate(
            self.training, step=progress.step, last_step=self.last_step, scale=progress.scale
        )

    def _limit_in_steps(self) -> int:
        """The step at which the limits end the run at the latest; epochs differ by a batch or two."""
        by_epochs = self.training.max_epochs * -(-len(self.plan(1)) // self.training.accumulate)
        return min(by_epochs, self.training.max_steps or by_epochs)

    def _made_ahead(self, plan: Sequence[IntArray], starts: Sequence[int]) -> Iterator[list[Batch]]:
        """The batches of each step of an epoch, made by a second thread while the first one computes."""
        with ThreadPoolExecutor(max_workers=1) as thread:
            ahead: deque[Future[list[Batch]]] = deque()
            for at in starts:
                group = plan[at : at + self.training.accumulate]
                ahead.append(thread.submit(self.make, group, at))
                if len(ahead) > AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    def make(self, groups: Sequence[IntArray], position: int = 0) -> list[Batch]:
        """Rows -> batches, ready to be copied to the device; `position` is the first one's in the epoch."""
        batches = [self._cut(rows, position + place) for place, rows in enumerate(groups)]
        return [batch.pin() for batch in batches] if self.device.type == "cuda" else batches

    def _cut(self, rows: IntArray, position: int) -> Batch:
        if self.sampler is None:
            return self.pairs.batch(rows)
        origin = [self.training.seed, self.progress.epoch, position]
        return self.sampler.batch(rows, int(np.random.SeedSequence(origin).generate_state(1)[0]))

    def step(self, batches: Sequence[Batch]) -> None:
        """One update from the gradients of one or more batches; skipped if they are not finite."""
        began = time.monotonic()
        progress = self.progress
        progress.step += 1
        state = np.random.SeedSequence([self.training.seed, progress.step]).generate_state(1, np.uint64)
        torch.manual_seed(int(state[0] >> np.uint64(1)))
        tokens = sum(int((batch.tgt_out != Tokenizer.pad_id).sum()) for batch in batches)
        self.optimizer.zero_grad()
        nll = sum((self._backward(batch, tokens) for batch in batches), torch.zeros((), device=self.device))
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.training.clip_norm)
        skipped = ~torch.isfinite(norm + nll)
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        # The fused update leaves everything as it is where this is 1, without asking the host.
        self.optimizer.found_inf = skipped.float()  # type: ignore[attr-defined]
        self.optimizer.step()
        if self.average is not None:
            self.average.update(progress.step)
        self.unsettled.append(Outcome(progress.step, tokens, nll, skipped))
        elapsed = time.monotonic() - began
        self.window.seconds += elapsed
        progress.seconds += elapsed
        self._settle(0 if self.device.type == "cpu" else 1)

    def _backward(self, batch: Batch, tokens: int) -> Tensor:
        """Add a batch's share of the step's gradient; returns its negative log-likelihood."""
        batch, training, decoder = batch.to(self.device), self.training, self.model.decoder
        with autocast(self.device, self.precision):
            encoded = self.model.encode(batch.src, batch.src_lengths)
            readouts = self.model.readouts(batch.tgt_in, encoded)
            targets = Targets(
                batch.tgt_out, Tokenizer.pad_id, training.label_smoothing, batch.expected, training.teaching
            )
            loss, nll = cross_entropy(decoder.output, readouts, targets)
            if training.bag_of_words:
                counted = (batch.tgt_out != Tokenizer.pad_id) & (batch.tgt_out != Tokenizer.eos_id)
                bag = bag_of_words(decoder.output, decoder.gist(encoded), batch.tgt_out, counted)
                loss = loss + training.bag_of_words * bag
        (loss / tokens).backward()  # type: ignore[no-untyped-call]
        return nll

    def _settle(self, left: int) -> None:
        """Count what the steps came to, but for the last `left`, whose numbers a GPU may still be at."""
        progress = self.progress
        while len(self.unsettled) > left:
            outcome = self.unsettled.popleft()
            if bool(outcome.skipped):
                self._count_nonfinite(outcome.step)
                continue
            progress.nonfinite_row = 0
            progress.tokens += outcome.tokens
            self.window.tokens += outcome.tokens
            self.window.nll += float(outcome.nll)

    def _count_nonfinite(self, step: int) -> None:
        progress = self.progress
        progress.nonfinite += 1
        progress.nonfinite_row += 1
        self.console.warn(
            f"step {step}: the loss or its gradient is not finite; the step is skipped "
            f"({progress.nonfinite} so far); a lower --learning-rate or --clip-norm helps"
        )
        if progress.nonfinite_row >= self.training.nonfinite_limit:
            self._save()
            raise TrainingError(
                f"stopped at step {step}: {progress.nonfinite_row} steps in a row were not finite; "
                f"the last good weights are in {self.run_dir}; lower --learning-rate and use another --out"
            )

    def _after_step(self, batches: int, time_budget: float | None) -> None:
        """Report, save when it is due, obey signals."""
        self.console.progress(self._status(batches, time_budget))
        if self.progress.step % REPORT_STEPS == 0:
            self._report()
        if self.stop_signal is not None:
            self._save()
            name = signal.Signals(self.stop_signal).name
            raise Interrupted(
                f"stopped by {name} at step {self.progress.step}; everything is saved in {self.run_dir}, "
                "the same command goes on from there",
                self.stop_signal,
            )
        if time.monotonic() - self.saved >= 60 * self.training.save_minutes:
            self._save()

    def _status(self, batches: int, time_budget: float | None) -> str:
        progress, window = self.progress, self.window
        loss = f"loss {window.nll / window.tokens:.2f}, " if window.tokens else ""
        speed = f"{window.tokens / window.seconds:,.0f} tokens/s, " if window.tokens else ""
        return (
            f"epoch {progress.epoch}/{self.training.max_epochs} "
            f"({100 * min(1.0, progress.position / batches):.0f} %), step {progress.step:,}, "
            f"{loss}{speed}{duration(self._time_left(time_budget))} left at most"
        )

    def _time_left(self, time_budget: float | None) -> float:
        """Seconds until a limit other than patience ends the run, at the pace so far."""
        progress = self.progress
        left = progress.seconds / progress.step * max(0, self.last_step - progress.step)
        return left if time_budget is None else min(left, max(0.0, time_budget - progress.seconds))

    def _report(self) -> None:
        """A line of metrics.jsonl, and a word if nothing has been learned by now."""
        self._settle(0)
        window, progress = self.window, self.progress
        if window.tokens:
            nll = window.nll / window.tokens
            log_metrics(
                self.run_dir,
                {
                    "kind": "training",
                    "step": progress.step,
                    "epoch": progress.epoch,
                    "loss": round(nll, 4),
                    "learning_rate": self._learning_rate(),
                    "tokens_per_second": round(window.tokens / window.seconds),
                    "seconds": round(progress.seconds, 1),
                },
            )
            if progress.step == PATIENT_STEPS and nll >= self.loss_floor:
                self.console.warn(
                    f"nothing is learned after {progress.step} steps: the loss {nll:.2f} is no better than "
                    f"guessing pieces by frequency ({self.loss_floor:.2f}); try another --learning-rate, and "
                    "look whether the two sides really are translations of each other"
                )
        self.window = Window()

    def _validate(self, *, due: bool = True) -> None:
        """Measure, keep the best, halve the learning rate on a plateau, show samples, save.

        One that is not due, as a limit ended the run between two, may find the best weights, but a run that
        goes on from there must be the run that was not stopped: it does not count.
        """
        self._settle(0)
        began = time.monotonic()
        progress, metric = self.progress, self.training.validation_metric
        validation = self.validator.validate(self.best_model(), self.device)
        better = validation.better_than(progress.best, metric)
        notes = {"step": progress.step, "bleu": validation.bleu, "perplexity": validation.perplexity}
        if better:
            progress.best, progress.best_step = validation.value(metric), progress.step
            checkpoint.save_model(self.run_dir, self.best_model(), self.config, notes)
        if due:
            self._count(validation)
        progress.validated = progress.step
        progress.seconds += time.monotonic() - began
        self._announce(validation, better)
        self._save()

    def _count(self, validation: Validation) -> None:
        """What a validation means for patience and the learning rate."""
        progress, training = self.progress, self.training
        if validation.better_than(progress.peak, training.validation_metric):
            progress.peak = validation.value(training.validation_metric)
            progress.since_best = progress.since_halving = 0
            return
        progress.since_best += 1
        progress.since_halving += 1
        if training.decay == "plateau" and progress.since_halving >= training.plateau_patience:
            progress.scale, progress.since_halving = progress.scale / 2, 0

    def _announce(self, validation: Validation, better: bool) -> None:
        progress = self.progress
        log_metrics(
            self.run_dir,
            {
                "kind": "validation",
                "step": progress.step,
                "epoch": progress.epoch,
                "perplexity": round(validation.perplexity, 4),
                "bleu": round(validation.bleu, 4),
                "by_language": validation.scored.by_language,
                "signature": validation.scored.signature,
                "best": better,
                "seconds": round(progress.seconds, 1),
            },
        )
        each = ", ".join(f"{code} {bleu:.2f}" for code, bleu in validation.scored.by_language.items())
        bleu = f"BLEU {validation.bleu:.2f}{f' ({each})' if each else ''}"
        scores = f"perplexity {validation.perplexity:.2f}, {bleu}"
        marked = f"{scores}{' (best)' if better else ''}, {duration(progress.seconds)} of training"
        self.console.note(f"step {progress.step:,}: {marked}")
        samples = self.validator.samples(validation)
        for text in samples[:3]:
            self.console.note(text)
        log_samples(self.run_dir, progress.step, scores, samples)
        if progress.step >= PATIENT_STEPS:
            for symptom in self.validator.symptoms(validation):
                self.console.warn(symptom)

    def _save(self) -> None:
        self._settle(0)
        checkpoint.save_state(self.run_dir, self._models(), self.optimizer, asdict(self.progress))
        self.saved = time.monotonic()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Let the step in hand end on Ctrl-C and SIGTERM; a second Ctrl-C stops at once."""

        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread may listen
            return

        def remember(number: int, _: FrameType | None) -> None:
            self.stop_signal = number
            signal.signal(signal.SIGINT, signal.default_int_handler)

        before = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _parameter_groups(model: Seq2Seq, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices, which decay, and vectors (biases, attention's v), which do not."""
    matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() == 1]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]
