"""The training loop: when a model is updated, validated and saved, and when training ends.

Everything random in a step is drawn from (seed, step, position of a batch in it) and the batches from (seed,
epoch), so a resumed run is the run that was not stopped, bit for bit. Several ranks run this loop side by
side: they divide each step and each validation, and all decide by the clock of the first.
"""

from __future__ import annotations

import time
from collections import deque
from signal import Signals

from mt.data.plan import PLAN
from mt.errors import FileError, Interrupted, MemoryRunsOut, TrainingError, out_of_memory
from mt.text.counted import counted
from mt.training.agreement import Agreement
from mt.training.clock import SAVING, TRAINING, VALIDATING
from mt.training.loader import BatchLoader, Part
from mt.training.outcome import Copied
from mt.training.progress import Progress
from mt.training.reporter import Reporter
from mt.training.schedule import learning_rate
from mt.training.state import RunFiles, put_back, state_tensors
from mt.training.updater import Updater
from mt.training.validation import Validation, Validator

REPORT_STEPS = 50
NONFINITE_LIMIT = 10  # steps in a row without a finite loss and gradient, after which training stops


class Trainer:
    """Trains a run until a limit is reached."""

    def __init__(
        self,
        files: RunFiles,
        updater: Updater,
        loader: BatchLoader,
        validator: Validator,
        reporter: Reporter,
        agreed: Agreement,
    ) -> None:
        self.files, self.updater, self.loader = files, updater, loader
        self.validator, self.reporter = validator, reporter
        self._agreed = agreed
        self.clock, self.ranks = agreed.clock, agreed.ranks
        self.training = files.config.training
        self.progress = Progress()
        self.last_step = min(self.training.max_epochs * loader.steps(), self.training.max_steps or 2**63)
        self._unsettled: deque[Copied] = deque()
        self._saved = time.monotonic()
        self._measure_at = -1.0

    def resume(self) -> None:
        """Go on from the run's state. Raises RunError if it does not fit."""
        self.progress = progress = self.files.load_state(self.updater, self.clock)
        if progress.plan != PLAN and progress.position:
            self.reporter.console.warn(
                f"{self.files.path} was saved by an mt that puts other pairs into a batch, so epoch "
                f"{progress.epoch} begins anew: some of its pairs are learned from twice"
            )
            progress.position = 0
        progress.plan = PLAN

    def synchronize(self) -> None:
        """Let all ranks begin where the first does: with its weights, its optimiser and its counters."""
        tensors = self.ranks.broadcast(state_tensors(self.updater), self.updater.device)
        if not self.ranks.first:
            put_back(self.updater, tensors, self.files.path)
        self._broadcast_progress()

    def _broadcast_progress(self) -> None:
        known = self.ranks.from_first(self.progress.as_dict())
        if not self.ranks.first:  # whose writer may just have noted a checksum
            for name, value in known.items():
                setattr(self.progress, name, value)

    def replace_best(self) -> None:
        """Take the weights as they are for the best so far, as the file that had the best is gone."""
        self.progress.best = None
        if validation := self._measure():
            self._keep_if_best(validation)
        self._broadcast_progress()

    def fit(self) -> Progress:
        """Train until a limit is reached; the best weights are in the run directory then.

        Raises Interrupted after Ctrl-C or SIGTERM, with everything saved; TrainingError if the loss stays
        non-finite or there is no time for a single step; MemoryRunsOut.
        """
        self._agreed.renew()
        self._measure_at = self._agreed.seconds_left / 2
        try:
            with self._agreed.signal.listening():
                while not (reason := self._why_stop()):
                    self._epoch()
                self._end(reason)
        except (RuntimeError, MemoryError) as problem:
            if not out_of_memory(problem):
                raise
        else:
            return self.progress
        finally:
            self.files.writer.finish()
        raise self._out_of_memory()  # here, where what the failed step held is free again

    def _end(self, reason: str) -> None:
        progress = self.progress
        if progress.step == 0:
            raise TrainingError(f"{reason} before the first step: {self.clock}; give more time")
        if progress.validated != progress.step:
            self._validate(due=False)
        progress.finished = reason
        self._save(wait=True)
        self.reporter.console.settle()

    def _out_of_memory(self) -> MemoryRunsOut:
        """What to say, after the last step that is whole was saved."""
        progress, path = self.progress, self.files.path
        kept = "nothing was learned yet"
        if progress.step:
            try:
                self.updater.optimizer.zero_grad()
                self._save(wait=True)
                kept = f"all steps before it are saved in {path}"
            except (RuntimeError, MemoryError, FileError):
                kept = f"what was saved before it is in {path}"
        return MemoryRunsOut(
            f"out of memory at step {progress.step + 1}; {kept}; a lower --batch-tokens "
            f"(it is {self.training.batch_tokens}) needs less, with another --out"
        )

    def _why_stop(self) -> str:
        """The limit that is reached, in words; empty while there is none."""
        if reason := self.progress.why_stop(self.training):
            return reason
        return "the time budget is spent" if self._agreed.time_is_spent else ""

    def _epoch(self) -> None:
        """The rest of the current epoch, or as much of it as the limits permit."""
        progress, training = self.progress, self.training
        plan = self.loader.plan(progress.epoch)
        if progress.validation_due(training):  # the run was stopped just before it
            self._validate()
            if self._why_stop():
                return
        for part in self.loader.parts(plan, progress.epoch, progress.position):
            self.step(part)
            self._after_step(len(plan))
            if progress.validation_due(training):
                self._validate()
            elif self._agreed.seconds_left < self._measure_at and self._agreed.last_validation < 0:
                self._validate(due=False)  # so that it is known how long the last one will take
            if progress.position < len(plan) and self._why_stop():
                return
        progress.epoch, progress.position = progress.epoch + 1, 0
        if training.validate_every is None:
            self._validate()

    def step(self, part: Part) -> None:
        """One update from the gradients of a step's batches, of which this rank has a part."""
        progress = self.progress
        tokens = self._agreed.renew(part.tokens)
        outcome = self.updater.update(
            part.batches,
            step=progress.step + 1,
            learning_rate=self._learning_rate(progress.step + 1),
            positions=part.positions,
            tokens=tokens,
        )
        progress.step += 1
        progress.position += part.count
        self._unsettled.append(outcome.begin_copy())
        self._settle(0 if self.updater.device.type == "cpu" else 1)

    def _learning_rate(self, step: int) -> float:
        scale = self.progress.scale
        return learning_rate(self.training, step=step, last_step=self.last_step, scale=scale)

    def _settle(self, left: int = 0) -> None:
        """Count the time, and what the steps came to but for the last `left`, at which a GPU may still be."""
        progress = self.progress
        while len(self._unsettled) > left:
            outcome = self._unsettled.popleft()
            nll, skipped = outcome.wait()
            if skipped:
                progress.nonfinite += 1
                progress.nonfinite_row += 1
                self.reporter.skipped(outcome.step, progress)
                continue
            progress.nonfinite_row = 0
            progress.tokens += outcome.tokens
            progress.window_tokens += outcome.tokens
            progress.window_nll += nll
        self.clock.lap(TRAINING)

    def _after_step(self, batches: int) -> None:
        """Report, save when it is due, obey signals, give up where nothing is finite."""
        progress = self.progress
        if self.ranks.count == 1:
            self._agreed.renew()  # with nobody to wait for; others do it once a step
        self.reporter.show_progress(progress, batches, self.time_left())
        if progress.step % REPORT_STEPS == 0:
            self._settle()
            self.reporter.report(progress, self._learning_rate(progress.step))
            progress.begin_window()
            self.clock.since_report = 0.0
        if progress.nonfinite_row >= NONFINITE_LIMIT:
            self._save(wait=True)
            raise TrainingError(
                f"stopped at step {progress.step}, after {counted(progress.nonfinite_row, 'step')} "
                "without a finite loss and gradient; "
                f"the last good weights are in {self.files.path}; lower --learning-rate and use another --out"
            )
        if number := self._agreed.stop:
            self._save(wait=True)
            raise Interrupted(
                f"stopped by {Signals(number).name} at step {progress.step}; everything is saved in "
                f"{self.files.path}, the same command goes on from there",
                number,
            )
        if time.monotonic() - self._saved >= 60 * self.training.save_minutes:
            self._save()

    def time_left(self) -> float | None:
        """Seconds until a limit other than patience ends the run; None before there is a pace.

        The pace is of the steps whose numbers are there, which on a GPU is not the last one yet.
        """
        settled = self.progress.step - len(self._unsettled)
        if not settled:
            return None
        steps = max(0, self.last_step - self.progress.step)
        return max(0.0, min(self.clock.learning / settled * steps, self.clock.left))

    def _validate(self, *, due: bool = True) -> None:
        """Measure, keep the best, halve the learning rate on a plateau, show samples, save.

        One that is not due, as a limit ended the run between two, may find the best weights, but a run that
        goes on from there must be the run that was not stopped: it does not count.
        """
        self._settle()
        validation = self._measure()
        progress = self.progress
        if validation:
            better = self._keep_if_best(validation)
            if due:
                progress.count_validation(validation, self.training)
            progress.validated = progress.step
            self.reporter.announce(progress, validation, better)
        self._broadcast_progress()
        self._agreed.renew()
        self._save()

    def _measure(self) -> Validation | None:
        """What rank 0 finds, with the help of the others."""
        model, device = self.updater.best_model, self.updater.device
        validation = self.validator.validate(model, device, self.ranks)
        self.clock.lap(VALIDATING)
        return validation

    def _keep_if_best(self, validation: Validation) -> bool:
        progress, metric = self.progress, self.training.validation_metric
        if not validation.better_than(progress.best, metric):
            return False
        scores = {"step": progress.step, "bleu": validation.bleu, "perplexity": validation.perplexity}
        if validation.error_rate is not None:
            scores["error_rate"] = validation.error_rate
        progress.best, progress.best_step = validation.value(metric), progress.step
        self.files.save_model(self.updater.best_model, progress, scores)
        return True

    def _save(self, *, wait: bool = False) -> None:
        """What resuming needs, by rank 0; `wait` until it is written."""
        self._settle()
        if self.ranks.first:
            self.files.save_state(self.updater, self.progress, self.clock)
            if wait:
                self.files.writer.finish()
        self.clock.lap(SAVING)
        self._saved = time.monotonic()
