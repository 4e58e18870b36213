"""Skip the update of a step whose loss or gradient is not finite."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer


def step_unless(optimizer: Optimizer, skipped: Tensor) -> None:
    """`optimizer.step()`, or nothing where `skipped`, a boolean on the weights' device, is true.

    torch's fused updates read `found_inf`, which its GradScaler sets, on the device: a GPU need not be waited
    for. That is no public API. Where an update does not read it, the host looks at `skipped` first.
    """
    if reads_found_inf(skipped.device):
        optimizer.found_inf = skipped.float()  # type: ignore[attr-defined]
        optimizer.step()
    elif not bool(skipped):
        optimizer.step()


@cache
def reads_found_inf(device: torch.device) -> bool:
    """Whether a fused update on this device leaves a weight as it is where `found_inf` is 1."""
    weight = nn.Parameter(torch.ones(1, device=device))
    weight.grad = torch.ones_like(weight)
    optimizer = AdamW([weight], fused=True)
    optimizer.found_inf = torch.ones((), device=device)  # type: ignore[attr-defined]
    optimizer.step()
    return weight.item() == 1.0
