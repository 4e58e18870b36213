"""The numbers of metrics.jsonl for TensorBoard, in the folder `tensorboard` of a run."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mt.errors import MissingExtraError

FOLDER = "tensorboard"


class Events:
    """An event file that is being written; see `open_events`."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def add(self, kind: str, step: int, numbers: Mapping[str, object]) -> None:
        """What is a number becomes a scalar `kind/name`; a table of numbers one `kind/name/key` each."""
        for name, value in numbers.items():
            rows = value.items() if isinstance(value, Mapping) else [("", value)]
            for key, number in rows:
                if isinstance(number, (int, float)) and not isinstance(number, bool):
                    tag = "/".join(filter(None, (kind, name, str(key))))
                    self._writer.add_scalar(tag, number, step)
        self._writer.flush()


def check_tensorboard() -> None:
    """Raises MissingExtraError if the extra is not installed, before any work is done."""
    if importlib.util.find_spec("tensorboardX") is None:
        raise MissingExtraError("--tensorboard needs tensorboardX", "tensorboard")


@contextmanager
def open_events(run_dir: Path, step: int) -> Iterator[Events]:
    """Events of a run that goes on from a step: what older files say of later steps is shown no more."""
    from tensorboardX import SummaryWriter

    # The name of an event file has whole seconds only: the step tells those of one second apart.
    writer = SummaryWriter(str(run_dir / FOLDER), purge_step=step + 1, filename_suffix=f".step-{step}")
    try:
        yield Events(writer)
    finally:
        writer.close()
