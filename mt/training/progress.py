"""The counters of a run, which are saved with its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from mt.config import TrainingConfig
from mt.data.plan import PLAN
from mt.text.counted import counted
from mt.training.validation import Validation


@dataclass
class Progress:
    """Every counter of a run. No times: they differ from run to run, see `Clock`."""

    step: int = 0
    epoch: int = 1
    position: int = 0  # batches of this epoch that are done
    plan: int = PLAN  # the version of the plan in which they are counted
    tokens: int = 0  # of the target, learned from
    scale: float = 1.0  # of the learning rate; plateau decay halves it
    best: float | None = None  # of the weights that are kept
    best_step: int = 0
    best_checksum: str = ""  # of the file with these weights
    peak: float | None = None  # of the validations that were due: patience and decay go by it
    since_best: int = 0  # validations
    since_halving: int = 0
    validated: int = -1  # step of the last validation
    reported: int = 0  # step of the last report
    window_nll: float = 0.0  # since that report, in nats
    window_tokens: int = 0
    nonfinite: int = 0  # steps skipped
    nonfinite_row: int = 0
    finished: str = ""

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> Self:
        """What was saved, of an older version too; a run that goes on is not finished."""
        names = {field.name for field in fields(cls)} - {"finished"}
        known = {name: value for name, value in saved.items() if name in names}
        return cls(**({"reported": saved["step"], "plan": 1} | known))

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, for `of`."""
        return asdict(self)

    def begin_window(self) -> None:
        """Begin to sum up for the next report."""
        self.reported, self.window_nll, self.window_tokens = self.step, 0.0, 0

    def why_stop(self, training: TrainingConfig) -> str:
        """The limit that is reached, in words; empty while there is none."""
        if self.since_best >= training.patience:
            return f"no better validation in {training.patience}"
        if self.epoch > training.max_epochs:
            return f"{counted(training.max_epochs, 'epoch')} done"
        if training.max_steps is not None and self.step >= training.max_steps:
            return f"{counted(training.max_steps, 'step')} done"
        return ""

    def validation_due(self, training: TrainingConfig) -> bool:
        """Whether `validate_every` asks for a validation now."""
        every = training.validate_every
        return bool(every and self.step and self.step % every == 0 and self.validated != self.step)

    def count_validation(self, validation: Validation, training: TrainingConfig) -> None:
        """What a validation means for patience and the learning rate."""
        if validation.better_than(self.peak, training.validation_metric):
            self.peak = validation.value(training.validation_metric)
            self.since_best = self.since_halving = 0
            return
        self.since_best += 1
        self.since_halving += 1
        if training.decay == "plateau" and self.since_halving >= training.plateau_patience:
            self.scale, self.since_halving = self.scale / 2, 0
