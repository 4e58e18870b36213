"""Long work that gives way: it calls a function between its steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from mt.layers.recurrence import State

Pause = Callable[[], None]
"""Called between two steps: others may use the processor then, and an exception ends the work."""


def no_pause() -> None:
    """The pause of work that has the processor to itself."""


class PausingModel:
    """A `mt.search.Model` that pauses before each of its steps."""

    def __init__(self, model: Any, pause: Pause) -> None:
        self._model, self._pause = model, pause
        self.start, self.prepare = model.start, model.prepare
        self.train = model.train

    @property
    def training(self) -> bool:
        """Whether the model has dropout on."""
        return bool(self._model.training)

    def encode(self, src: Tensor, src_lengths: Tensor) -> Any:
        """Read the sources, after a pause."""
        self._pause()
        return self._model.encode(src, src_lengths)

    def step(self, previous_ids: Tensor, state: State, prepared: Any) -> tuple[Tensor, State]:
        """Do one step, after a pause."""
        self._pause()
        found: tuple[Tensor, State] = self._model.step(previous_ids, state, prepared)
        return found
