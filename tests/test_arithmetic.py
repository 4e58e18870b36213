"""What a run was computed with: recorded, compared, and never changed in silence."""

from __future__ import annotations

import json
import platform
import tomllib
from pathlib import Path

import pytest
import torch

from mt import cli, device
from mt.device import choose, instruction_set
from mt.errors import ConfigError
from mt.training.arithmetic import Arithmetic, current
from tests.toy import train_arguments

CPU = Arithmetic("cpu", "fp32", "2.13.0", "AVX2", 2)
CUDA = Arithmetic("cuda (H100)", "bf16", "2.13.0", "AVX2", 2)


@pytest.mark.parametrize(
    ("here", "before", "found"),
    [
        (CPU, CPU.as_dict(), []),
        (CPU, {}, []),
        (CPU, CPU.as_dict() | {"threads": 4}, ["threads 2 (was 4)"]),
        (
            CPU,
            CPU.as_dict() | {"torch": "2.6.0", "instructions": "AVX512 VNNI"},
            ["torch 2.13.0 (was 2.6.0)", "instructions AVX2 (was AVX512 VNNI)"],
        ),
        (CUDA, CUDA.as_dict() | {"threads": 4, "instructions": "AVX512"}, []),
        (CUDA, CPU.as_dict(), ["device cuda (H100) (was cpu)", "precision bf16 (was fp32)"]),
    ],
)
def test_what_was_otherwise_before(here: Arithmetic, before: dict[str, object], found: list[str]) -> None:
    assert here.differences(before) == found


def test_the_instruction_set_names_what_products_run_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    monkeypatch.setattr(device, "_cpu_capabilities", lambda: {"avx512_vnni": True, "avx512_bf16": False})
    assert instruction_set() == "AVX512 VNNI"
    monkeypatch.setattr(device, "_cpu_capabilities", dict)  # a torch that does not tell
    assert instruction_set() == "AVX512"
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert instruction_set() == "AVX512 (oneDNN up to AVX2)"


@pytest.mark.parametrize(
    ("flags", "found", "precision"),
    [
        ("flags\t\t: fpu avx2 avx512_vnni avx512_bf16 tsc\n", "AVX512 VNNI BF16", "bf16"),
        ("flags\t\t: fpu avx2 tsc\n", "AVX512", "fp32"),
        ("Features\t: fp asimd\n", "AVX512", "fp32"),  # of an ARM processor
        (None, "AVX512", "fp32"),
    ],
)
def test_where_torch_does_not_tell_what_the_processor_has_linux_does(
    flags: str | None, found: str, precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch tells since 2.11."""
    if flags is not None:
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{flags}processor\t: 1\n{flags}")
    for name in ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(device, "_CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    assert instruction_set() == found
    assert device.resolve_precision("auto", torch.device("cpu")) == precision


@pytest.mark.skipif(not hasattr(torch.cpu, "get_capabilities"), reason="torch before 2.11")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="of another processor torch tells other things")
def test_torch_knows_these_names() -> None:
    assert set(device._EXTENSIONS) <= set(torch.cpu.get_capabilities())


@pytest.mark.parametrize(("cuda", "chosen"), [(True, "cuda"), (False, "cpu")])
def test_auto_is_cuda_or_the_cpu_and_never_mps(
    cuda: bool, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose("auto").type == chosen
    assert choose("mps").type == "mps"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="--device mps is not available here"):
        choose("mps")


def command(folder: Path, *more: str) -> list[str]:
    fixed = ["--max-steps", "2", "--device", "cpu", "--out", str(folder / "run")]
    return [*train_arguments(folder, pairs=60), *fixed, *more]


def started(run: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line["kind"] == "start"]


def recorded(run: Path) -> dict[str, object]:
    return tomllib.loads((run / "config.toml").read_text())["run"]["arithmetic"]  # type: ignore[no-any-return]


def test_a_run_records_what_it_is_computed_with(tmp_path: Path) -> None:
    """In its settings, and in the log at each start that went on to learn something."""
    assert cli.main(command(tmp_path)) == 0
    here = current(torch.device("cpu"), str(recorded(tmp_path / "run")["precision"])).as_dict()
    assert recorded(tmp_path / "run") == here
    assert here["torch"] == torch.__version__
    assert (here["threads"], here["ranks"]) == (1, 1)
    for steps in ("2", "4"):
        assert cli.main(command(tmp_path, "--max-steps", steps)) == 0
    first, second = started(tmp_path / "run")
    assert first == {"kind": "start", "step": 0, **here}
    assert second == {"kind": "start", "step": 2, **here, "changed": {"training.max_steps": [2, 4]}}


def test_going_on_with_other_arithmetic_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(command(tmp_path)) == 0
    assert "other arithmetic" not in capsys.readouterr().err
    monkeypatch.setattr("mt.training.arithmetic.instruction_set", lambda: "AVX9")
    assert cli.main(command(tmp_path, "--max-steps", "3")) == 0
    error = capsys.readouterr().err
    assert "trained with other arithmetic: instructions AVX9 (was " in error
    assert "not bit for bit" in error
    assert [start["instructions"] for start in started(tmp_path / "run")][1:] == ["AVX9"]


@pytest.mark.parametrize("begun", ["fp32", "bf16"])
def test_a_run_goes_on_in_the_precision_it_was_begun_in(
    begun: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever `auto` would be on the machine where it goes on."""
    other = {"fp32": "bf16", "bf16": "fp32"}[begun]
    monkeypatch.setattr("mt.training.arithmetic.resolve_precision", lambda *_: begun)
    assert cli.main(command(tmp_path)) == 0
    monkeypatch.setattr("mt.training.arithmetic.resolve_precision", lambda *_: other)
    assert cli.main(command(tmp_path, "--max-steps", "3")) == 0
    assert f"began in {begun} and continues in it; on this device auto would choose {other}" in (
        capsys.readouterr().err
    )
    assert recorded(tmp_path / "run")["precision"] == begun
    assert {start["precision"] for start in started(tmp_path / "run")} == {begun}
