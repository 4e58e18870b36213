"""Where to compute: CUDA, the CPU or MPS, and in which precision."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, Literal

import torch

from mt.errors import ConfigError
from mt.text.counted import counted

_CPUINFO = Path("/proc/cpuinfo")

DeviceName = Literal["auto", "cpu", "cuda", "mps"]


def set_up(name: DeviceName, threads: int | None) -> torch.device:
    """`choose`, for a command, which has its process to itself: CPU threads and torch's caches are set too.

    Raises ConfigError if the device is not there.
    """
    # oneDNN and, on top of it, torch's own layer each keep 1,024 compiled products, one for each shape of
    # a batch: training in bf16 grew by MB a step. 16 cost no time. Both are read at the first product, so
    # after the import of torch is early enough.
    for cache in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
        os.environ.setdefault(cache, "16")
    if threads is not None:
        torch.set_num_threads(threads)
    return choose(name)


def choose(name: DeviceName) -> torch.device:
    """The device by that name; `auto` is CUDA where it is, else the CPU. Nothing of the process is changed.

    Nobody has run this on MPS yet, so it is taken by name only. CUDA_VISIBLE_DEVICES is respected, as torch
    does. Raises ConfigError if the device is not there.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = "cuda" if present["cuda"] else "cpu"
    elif not present[name]:
        there = ", ".join(device for device, here in present.items() if here)
        raise ConfigError(f"--device {name} is not available here; there is: {there}")
    return torch.device(name)


def at_once(count: int, device: torch.device) -> int:
    """Of texts that are handed to search together: so many on a CPU, 16 times as many on a GPU.

    A GPU searches up to 131,072 source tokens in a batch. More texts fill more such batches with sentences of
    like length, so that fewer steps are done.
    """
    return 16 * count if device.type == "cuda" else count


def free_memory(device: torch.device) -> int:
    """Bytes that are free on a GPU."""
    return torch.cuda.mem_get_info(device)[0]


def resolve_precision(
    precision: Literal["auto", "fp32", "bf16"], device: torch.device
) -> Literal["fp32", "bf16"]:
    """What `auto` means on a device: bf16 where its products run in hardware, else fp32."""
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    if device.type == "cpu":
        return "bf16" if _cpu_has_bf16() else "fp32"
    return "fp32"


def _cpu_has_bf16() -> bool:
    """AVX512-BF16 or AMX: measured 2 to 4 times faster products; without them bf16 is emulated, slowly."""
    capabilities = _cpu_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def _cpu_capabilities() -> dict[str, Any]:
    """What the processor has, by torch's names, which are Linux's too; empty where neither tells."""
    if hasattr(torch.cpu, "get_capabilities"):  # since torch 2.11
        return dict(torch.cpu.get_capabilities())
    with contextlib.suppress(OSError):
        for line in _CPUINFO.read_text().splitlines():
            if line.startswith("flags"):
                return dict.fromkeys(line.split(), True)
    return {}


_EXTENSIONS = {
    "avx512_vnni": "VNNI",
    "avx_vnni": "AVX-VNNI",
    "avx512_bf16": "BF16",
    "amx_int8": "AMX-INT8",
    "amx_bf16": "AMX-BF16",
}


def instruction_set() -> str:
    """What the CPU's products run on, as `AVX512 VNNI BF16`, with the limit that oneDNN was set, if any."""
    capabilities = _cpu_capabilities()
    found = [torch.backends.cpu.get_cpu_capability()]
    found += [name for key, name in _EXTENSIONS.items() if capabilities.get(key)]
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA")
    return " ".join(found) + (f" (oneDNN up to {limit})" if limit else "")


def describe(device: torch.device, precision: str) -> str:
    """One line for the log."""
    if device.type == "cuda":
        return f"device: cuda ({torch.cuda.get_device_name(device)}), {precision}"
    if device.type == "cpu":
        return f"device: cpu ({instruction_set()}), {counted(torch.get_num_threads(), 'thread')}, {precision}"
    return f"device: {device.type}, {precision}"


def autocast(device: torch.device, precision: str) -> contextlib.AbstractContextManager[None]:
    """The context in which the model's products are computed in `precision`."""
    if precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)
