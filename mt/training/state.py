"""What resuming needs: the last weights, the optimiser and the counters in one file, and the time beside it.

state/last.safetensors   so that its parts can never disagree
state/clock.json         in a file of its own: times differ between runs that are otherwise equal
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from mt import checkpoint
from mt.config import Config
from mt.errors import RunError, reason
from mt.model import Seq2Seq
from mt.storage.atomic import write_bytes
from mt.storage.tensors import read_tensors, write_tensors
from mt.training.clock import Clock
from mt.training.progress import Progress
from mt.training.updater import Updater
from mt.training.writer import Writer

STATE, CLOCK = "state/last.safetensors", "state/clock.json"


@dataclass(frozen=True)
class RunFiles:
    """What training writes into a run directory, each file marked with the run's identity.

    identity: empty for a run that an mt before 0.2 began, and where nothing is written.
    """

    path: Path
    config: Config
    identity: str = ""
    writer: Writer = field(default_factory=Writer)

    def save_model(self, model: Seq2Seq, progress: Progress, metadata: Mapping[str, Any]) -> None:
        """Write the best weights so far; the counters get the checksum of the file."""
        weights = self.writer.take(dict(model.named_parameters()))

        def write() -> None:
            described = {"run": self.identity, **metadata}
            progress.best_checksum = checkpoint.save_model(self.path, weights, self.config, described)

        self.writer.do(write)

    def save_state(self, updater: Updater, progress: Progress, clock: Clock) -> None:
        """Write all that resuming needs."""
        tensors = self.writer.take(state_tensors(updater))
        settings = self.config.model_dump(mode="json")
        metadata = {"run": self.identity, "settings": settings, **progress.as_dict()}
        spent = json.dumps(clock.as_dict()).encode()

        def write() -> None:
            # The weights before it are written by now.
            write_tensors(self.path / STATE, tensors, metadata | {"best_checksum": progress.best_checksum})
            write_bytes(self.path / CLOCK, spent)

        self.writer.do(write)

    def load_state(self, updater: Updater, clock: Clock) -> Progress:
        """Put weights, the optimiser's moments and the time back. Raises RunError."""
        tensors, metadata = read_tensors(self.path / STATE)
        put_back(updater, tensors, self.path / STATE)
        clock.go_on(self._read_clock(metadata))
        return Progress.of(metadata)

    def _read_clock(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """The time spent; mt 0.1 kept that of training beside the counters."""
        nothing = {"spent": {}, "latest": {}, "since_report": 0.0}
        file = self.path / CLOCK
        try:
            found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            return {key: found[key] for key in nothing}
        except FileNotFoundError:
            return nothing | {"spent": {"training": metadata["seconds"]} if "seconds" in metadata else {}}
        except OSError as problem:
            raise RunError(f"cannot read {file}: {reason(problem)}") from None
        except (ValueError, KeyError, TypeError):
            raise RunError(f"{file} is damaged; delete it, and time is counted from 0 again") from None


def state_tensors(updater: Updater) -> dict[str, Tensor]:
    """All weights, and the optimiser's moments, by name."""
    tensors: dict[str, Tensor] = {
        f"{key}/{name}": parameter
        for key, model in updater.models.items()
        for name, parameter in model.named_parameters()
    }
    for name, parameter in updater.model.named_parameters():
        for key, value in updater.optimizer.state[parameter].items():
            tensors[f"optimizer/{name}/{key}"] = value
    return tensors


def put_back(updater: Updater, tensors: Mapping[str, Tensor], source: Path) -> None:
    """What `state_tensors` gave. Raises RunError that names the source if they are of another model."""
    for key, model in updater.models.items():
        prefix = f"{key}/"
        weights = {name[len(prefix) :]: rows for name, rows in tensors.items() if name.startswith(prefix)}
        checkpoint.assign(model, weights, source)
    for name, parameter in updater.model.named_parameters():
        prefix = f"optimizer/{name}/"
        for key, tensor in tensors.items():
            if key.startswith(prefix):
                # the count of steps too: a fused optimiser wants it there
                updater.optimizer.state[parameter][key[len(prefix) :]] = tensor.to(parameter.device)
