"""Whether this process is one of several that torchrun has started, and who says what goes wrong in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from mt.errors import ConfigError, Interrupted, MTError, TrainingError
from mt.text.counted import counted
from mt.training.ranks import AlreadyTold, Ranks, RanksError


def is_follower() -> bool:
    """Whether this is another rank than the first one."""
    return "TORCHELASTIC_RUN_ID" in os.environ and os.environ["RANK"] != "0"


def check_gpus(device: torch.device) -> None:
    """Raises ConfigError where ranks on this machine would have to share a GPU, which NCCL cannot."""
    ranks = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if device.type == "cuda" and ranks > (gpus := torch.cuda.device_count()):
        raise ConfigError(
            f"{ranks} ranks for {counted(gpus, 'GPU')} on this machine; give torchrun --nproc-per-node {gpus}"
        )


@contextmanager
def joined(timeout: float) -> Iterator[Ranks]:
    """The ranks that torchrun has started, this one among them; `Ranks()` where there is no torchrun.

    timeout: seconds after which a rank that does not answer in training is given up.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ or os.environ["WORLD_SIZE"] == "1":
        yield Ranks()
        return
    from mt.training.collectives import join

    with join(timeout) as ranks:
        try:
            yield ranks
        except MTError as problem:
            ranks.fail()
            if ranks.first or isinstance(problem, (AlreadyTold, RanksError)):
                raise
            if isinstance(problem, (Interrupted, TrainingError)):  # which all ranks meet at the same step
                raise AlreadyTold(problem.exit_code) from None
            problem.args = (f"rank {ranks.rank}: {problem}",)
            raise
