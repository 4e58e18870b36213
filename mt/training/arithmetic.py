"""The arithmetic of a run (device, precision, torch, instruction set): it decides the last bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch

from mt.console import Console
from mt.device import describe, instruction_set, resolve_precision


@dataclass(frozen=True)
class Arithmetic:
    """Two runs with the same settings and the same of these are equal bit for bit.

    device: `cpu`, or `cuda` with the GPU's name. precision: fp32 or bf16. instructions: of the processor.
    ranks: processes that share a step.
    """

    device: str
    precision: str
    torch: str
    instructions: str
    threads: int
    ranks: int = 1

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)

    def differences(self, before: Mapping[str, object], label: str = "was") -> list[str]:
        """What decides the last bits and was otherwise before: `torch 2.13.0 (was 2.12.0)`.

        On a GPU the processor decides none. What was not recorded is taken to have been the same.
        """
        ours = self.as_dict()
        if not self.device.startswith("cpu"):
            del ours["instructions"], ours["threads"]
        return [
            f"{name} {value} ({label} {before[name]})"
            for name, value in ours.items()
            if before.get(name, value) != value
        ]


def current(device: torch.device, precision: str, ranks: int = 1) -> Arithmetic:
    """That of this process on a device, one of so many."""
    gpu = f" ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else ""
    return Arithmetic(
        device=device.type + gpu,
        precision=precision,
        torch=torch.__version__,
        instructions=instruction_set(),
        threads=torch.get_num_threads(),
        ranks=ranks,
    )


def settle(
    precision: Literal["auto", "fp32", "bf16"],
    device: torch.device,
    before: Mapping[str, Any],
    console: Console,
    ranks: int = 1,
) -> Arithmetic:
    """What is computed with from now on; where it was otherwise before, a line says so.

    before: what a run that goes on was computed with. It keeps its precision where the settings say `auto`.
    """
    here = resolve_precision(precision, device)
    if (kept := before.get("precision", here)) != here:
        console.warn(f"the run began in {kept} and continues in it; on this device auto would choose {here}")
    console.note(describe(device, kept))
    found = current(device, kept, ranks)
    if others := found.differences(before):
        console.warn(
            f"the run was trained with other arithmetic: {', '.join(others)}; it goes on, "
            "but not bit for bit as it would have there"
        )
    return found
