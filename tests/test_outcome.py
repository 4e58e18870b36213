"""What an update came to is copied when it is done, and read when a GPU is at the next one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from mt.training.outcome import Outcome


def test_numbers_are_those_of_the_step() -> None:
    """Several ranks sum the loss into one tensor, which the next step overwrites."""
    nll, skipped = torch.tensor(2.5), torch.tensor(True)
    copied = Outcome(3, 7, nll, skipped).begin_copy()
    nll.zero_()
    skipped.logical_not_()
    assert (copied.step, copied.tokens, *copied.wait()) == (3, 7, 2.5, True)


def test_a_gpu_is_waited_for_no_longer_than_for_the_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []

    class Event:
        def record(self) -> None:
            events.append("record")

        def synchronize(self) -> None:
            events.append("synchronize")

    class OnGpu:
        device = torch.device("cuda")

        def to(self, device: str, *, non_blocking: bool) -> SimpleNamespace:
            events.append(f"copy to {device}, {non_blocking}")
            return SimpleNamespace(tolist=lambda: [events.append("read"), [2.5, 0.0]][1])  # type: ignore[func-returns-value]

    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch, "stack", lambda _: OnGpu())
    copied = Outcome(1, 7, torch.tensor(0.0), torch.tensor(False)).begin_copy()
    assert events == ["copy to cpu, True", "record"]
    assert copied.wait() == (2.5, False)
    assert events[2:] == ["synchronize", "read"]
