"""What a training works with, whatever its settings are."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from mt.console import Console
from mt.training.clock import Clock
from mt.training.ranks import Ranks


@dataclass(frozen=True)
class Session:
    """Where a command trains a run, and with what.

    device: where the model is. workers: processes that read and encode a corpus.
    """

    device: torch.device
    clock: Clock
    console: Console
    ranks: Ranks
    workers: int = 1
