"""The reports of a training: on the terminal, in metrics.jsonl, in samples.txt and for TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mt.console import Console, duration
from mt.training.clock import Clock
from mt.training.logs import TRAINING, VALIDATION, log_metrics, log_samples
from mt.training.progress import Progress
from mt.training.state import RunFiles
from mt.training.tensorboard import Events
from mt.training.validation import Validation

PATIENT_STEPS = 500  # before it is said that nothing is learned


@dataclass(frozen=True)
class Reporter:
    """Writes the reports of a run.

    speaks: whether anything is written; of several ranks by the first alone.
    loss_floor: nats a target token costs without having learned anything, see `unigram_entropy`.
    events: the numbers go there too.
    """

    files: RunFiles
    console: Console
    clock: Clock
    loss_floor: float
    events: Events | None = None
    speaks: bool = True

    def show_progress(self, progress: Progress, batches: int, seconds_left: float | None) -> None:
        """How far the epoch of so many batches is, how fast it goes, and how long it may last."""
        parts = [
            f"epoch {progress.epoch}/{self.files.config.training.max_epochs} "
            f"({100 * min(1.0, progress.position / batches):.0f} %)",
            f"step {progress.step:,}",
        ]
        if progress.window_tokens:
            parts.append(f"loss {progress.window_nll / progress.window_tokens:.2f}")
            parts.append(f"{self._tokens_per_second(progress):,.0f} tokens/s")
        if seconds_left is not None:
            parts.append(f"{duration(seconds_left)} left at most")
        self.console.progress(", ".join(parts))

    def _tokens_per_second(self, progress: Progress) -> float:
        return progress.window_tokens / max(self.clock.since_report, 1e-9)

    def _log(self, kind: str, step: int, numbers: Mapping[str, object]) -> None:
        if not self.speaks:
            return
        log_metrics(self.files.path, kind, step, numbers)
        if self.events is not None:
            self.events.add(kind, step, numbers)

    def report(self, progress: Progress, learning_rate: float) -> None:
        """A line of metrics.jsonl on the steps since the last one; a warning if nothing is learned."""
        if progress.window_tokens:
            nll = progress.window_nll / progress.window_tokens
            numbers = {
                "epoch": progress.epoch,
                "loss": round(nll, 4),
                "learning_rate": learning_rate,
                "tokens_per_second": round(self._tokens_per_second(progress)),
                "seconds": round(self.clock.learning, 1),
            }
            self._log(TRAINING, progress.step, numbers)
            if progress.step == PATIENT_STEPS and nll >= self.loss_floor:
                self.console.warn(
                    f"nothing is learned after {progress.step} steps: the loss {nll:.2f} is no better than "
                    f"guessing tokens by frequency ({self.loss_floor:.2f}); try another --learning-rate, and "
                    "look whether the two sides really are translations of each other"
                )

    def announce(self, progress: Progress, validation: Validation, better: bool) -> None:
        """A validation's scores, samples and symptoms."""
        numbers = {
            "epoch": progress.epoch,
            "perplexity": round(validation.perplexity, 4),
            "bleu": round(validation.bleu, 4),
            **({} if validation.error_rate is None else {"error_rate": round(validation.error_rate, 4)}),
            "by_language": validation.scored.by_language,
            "signature": validation.scored.signature,
            "best": better,
            "seconds": round(self.clock.learning, 1),
        }
        self._log(VALIDATION, progress.step, numbers)
        log_samples(self.files.path, progress.step, validation.scores, validation.samples)
        best = " (best)" if better else ""
        self.console.note(
            f"step {progress.step:,}: {validation.scores}{best}, {duration(self.clock.learning)} of training"
        )
        for text in validation.samples[:3]:
            self.console.note(text)
        if progress.step >= PATIENT_STEPS:
            for symptom in validation.symptoms:
                self.console.warn(symptom)

    def skipped(self, step: int, progress: Progress) -> None:
        """A step whose loss or gradient was not finite."""
        self.console.warn(
            f"step {step}: the loss or its gradient is not finite; the step is skipped "
            f"({progress.nonfinite} so far); a lower --learning-rate or --clip-norm helps"
        )
