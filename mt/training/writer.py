"""Who writes the files of a run: training itself, or a thread while training goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from torch import Tensor

WAITING = 2  # files, of weights and of the state: more copies of them are not kept


class Writer:
    """Writes at once."""

    def take(self, tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Tensors as they are now, for `do`."""
        return tensors

    def do(self, write: Callable[[], object]) -> None:
        """Call `write`; raises what it, or one before it, raises."""
        write()

    def finish(self) -> None:
        """Return when everything is written; raises what writing has raised."""


class Background(Writer):
    """Copies, and writes in a thread, in order: other ranks need not wait for the disk of rank 0."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._waiting: list[Future[object]] = []

    def take(self, tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {name: tensor.detach().clone() for name, tensor in tensors.items()}

    def do(self, write: Callable[[], object]) -> None:
        while self._waiting and (len(self._waiting) >= WAITING or self._waiting[0].done()):
            self._waiting.pop(0).result()
        self._waiting.append(self._thread.submit(write))

    def finish(self) -> None:
        while self._waiting:
            self._waiting.pop(0).result()
