"""One step of search as a CUDA graph: the GPU gets its kernels in one call instead of a hundred.

A graph repeats the kernels of the step that was recorded, on the tensors of that step. So each graph has
tensors of its own for what a step reads, and a step is copied into them. They have room for more sentences
and longer sources than most batches, which makes a few sizes enough.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any
from weakref import ref

import torch
from torch import Tensor

from mt.attention import Memory
from mt.decoder import Prepared
from mt.decoding.ensemble import Ensemble, JointlyPrepared
from mt.errors import out_of_memory
from mt.layers.recurrence import State
from mt.model import Seq2Seq

ROWS = (1, 4, 16, 64, 256, 1024, 4096)
"""Sentences that a graph has room for. With more the kernels take longer than their launches."""
LENGTHS = (32, 64, 128)
"""Source positions that a graph has room for."""
WARM_UP = 3  # steps before a recording: libraries reserve memory in the first ones
WORTHWHILE = 50  # steps of a size, after which it is recorded: a recording takes as long as so many
MOST = 32  # recordings: each holds memory
log = logging.getLogger(__name__)

Size = tuple[int, int, int]
"""Sentences, source positions, and hypotheses of a sentence."""
Step = Callable[[], tuple[Tensor, State]]
Record = Callable[[Step], tuple[tuple[Tensor, State], Callable[[], None]]]
"""Takes a step; returns its results, and what computes them anew in the same tensors."""


class CudaRecorder:
    """Records steps as CUDA graphs, all in one memory: they run one after the other, and what one finds is
    copied before the next one runs.
    """

    one_at_a_time = Lock()
    """In a process: torch permits no two captures at once, not even of two models."""

    def __init__(self) -> None:
        self._aside: Any = None  # the stream and the pool of memory of the captures
        self._pool: Any = None

    def __call__(self, step: Step) -> tuple[tuple[Tensor, State], Callable[[], None]]:
        """Record a step. Raises RuntimeError for what a graph cannot hold."""
        # What autocast has cached of the weights is freed after a search; the graph would go on reading it.
        cuda = "cuda"
        on, dtype = torch.is_autocast_enabled(cuda), torch.get_autocast_dtype(cuda)
        with self.one_at_a_time, torch.autocast(cuda, dtype=dtype, enabled=on, cache_enabled=False):
            if self._aside is None:
                self._aside, self._pool = torch.cuda.Stream(), torch.cuda.graph_pool_handle()  # type: ignore[no-untyped-call]
            caller = torch.cuda.current_stream()
            self._aside.wait_stream(caller)
            graph = torch.cuda.CUDAGraph()
            how = {"pool": self._pool, "stream": self._aside, "capture_error_mode": "thread_local"}
            with torch.cuda.stream(self._aside):  # `torch.cuda.graph` does not leave it when a capture fails
                for _ in range(WARM_UP):
                    step()
                with torch.cuda.graph(graph, **how):
                    found = step()
            caller.wait_stream(self._aside)
        return found, graph.replay


@dataclass
class Recording:
    """A step of one size. previous (N,), state and prepared are what it reads, found what it computes."""

    previous: Tensor
    state: State
    prepared: list[Prepared]
    found: tuple[Tensor, State]
    replay: Callable[[], None]
    loaded: Callable[[], object] = lambda: None
    """Gives what was copied to `prepared` last, as long as that is in use."""


class GraphedModel:
    """A `mt.search.Model` on a GPU, whose steps of the usual sizes are graphs; others run as they are.

    A size is recorded when it has come up often enough to pay for that. If a recording fails, a warning says
    so once and all steps run as they are; where there is no memory for it, those of its size do.
    """

    def __init__(self, model: Seq2Seq | Ensemble, record: Record | None = None) -> None:
        """record: how; tests without a GPU have a way of their own."""
        self.model, self._record = model, record or CudaRecorder()
        self.encode, self.start, self.prepare = model.encode, model.start, model.prepare
        self.train = model.train
        self.recordings: dict[Size, Recording] = {}
        self._asked: Counter[Size] = Counter()
        self._failed = False
        self._too_large: set[Size] = set()
        self._lock = Lock()  # for searches in several threads

    @property
    def training(self) -> bool:
        """Whether the model has dropout on."""
        return self.model.training

    def step(self, previous_ids: Tensor, state: State, prepared: Any) -> tuple[Tensor, State]:
        """As `Seq2Seq.step`."""
        usual = not self.training and _in_usual_stream(previous_ids)
        size = _size(previous_ids, _parts(prepared)) if usual else None
        if size is not None:
            with self._lock:
                recording = self.recordings.get(size) or self._recorded(size, previous_ids, state, prepared)
                if recording is not None:
                    return _replayed(recording, previous_ids, state, prepared)
        return self.model.step(previous_ids, state, prepared)

    def _recorded(self, size: Size, previous_ids: Tensor, state: State, prepared: Any) -> Recording | None:
        """A recording of this size, made now; None if it does not pay yet, or fails."""
        self._asked[size] += 1
        if self._failed or self._asked[size] <= WORTHWHILE or len(self.recordings) == MOST:
            return None
        if size in self._too_large:
            return None
        try:
            with torch.cuda.device_of(previous_ids):  # type: ignore[no-untyped-call]
                recording = self._make(size, previous_ids, state, prepared)
        except RuntimeError as problem:
            if out_of_memory(problem):
                self._too_large.add(size)
                return None
            self._failed = True
            log.warning("steps of search cannot be recorded as CUDA graphs and run without: %s", problem)
            return None
        return self.recordings.setdefault(size, recording)

    def _make(self, size: Size, previous_ids: Tensor, state: State, prepared: Any) -> Recording:
        rows, length, beams = size
        _, following = self.model.step(previous_ids, state, prepared)  # of the types that states have
        previous = previous_ids.new_zeros(rows * beams)
        states = tuple(part.new_zeros(rows * beams, *part.shape[1:]) for part in following)
        own = [_room(part, rows, length) for part in _parts(prepared)]
        joint: Any = JointlyPrepared(tuple(own)) if isinstance(prepared, JointlyPrepared) else own[0]
        found, replay = self._record(lambda: self.model.step(previous, states, joint))
        return Recording(previous, states, own, found, replay)


def _in_usual_stream(tensor: Tensor) -> bool:
    """Whether work for its device goes into the device's default stream: only there do steps of several
    threads wait for each other, and a recording has one set of tensors for all of them."""
    if tensor.device.type != "cuda":
        return True
    return torch.cuda.current_stream(tensor.device) == torch.cuda.default_stream(tensor.device)


def _parts(prepared: Prepared | JointlyPrepared) -> list[Prepared]:
    return list(prepared.parts) if isinstance(prepared, JointlyPrepared) else [prepared]


def _size(previous_ids: Tensor, prepared: list[Prepared]) -> Size | None:
    """What a graph for this step has room for; None where no graph has so much."""
    tensors = [tensor for part in prepared for tensor in _tensors(part)]
    sentences = len(tensors[0]) if tensors else len(previous_ids)
    lengths = [part.memory.bias.shape[1] for part in prepared if part.memory is not None]
    rows = next((size for size in ROWS if size >= sentences), None)
    length = next((size for size in LENGTHS if size >= max(lengths, default=1)), None)
    if rows is None or length is None:
        return None
    return rows, length, len(previous_ids) // sentences


def _tensors(prepared: Prepared) -> list[Tensor]:
    memory = prepared.memory
    found = [prepared.gates, prepared.readout]
    found += [] if memory is None else [memory.keys, memory.values, memory.bias]
    return [tensor for tensor in found if tensor is not None]


def _room(prepared: Prepared, rows: int, length: int) -> Prepared:
    """The same tensors with room for so many sentences and source positions, all zeros."""
    gates, readout, memory = prepared.gates, prepared.readout, prepared.memory
    return Prepared(
        None if gates is None else gates.new_zeros(rows, gates.shape[1]),
        None if readout is None else readout.new_zeros(rows, readout.shape[1]),
        None
        if memory is None
        else Memory(
            memory.keys.new_zeros(rows, length, memory.keys.shape[2]),
            memory.values.new_zeros(rows, length, memory.values.shape[2]),
            memory.bias.new_zeros(rows, length),
        ),
    )


def _load(room: Prepared, prepared: Prepared) -> None:
    """Copy what is prepared to where a recording reads it. What is behind it gets no attention."""
    if room.memory is not None:
        room.memory.bias.fill_(float("-inf"))
    for target, source in zip(_tensors(room), _tensors(prepared), strict=True):
        target[tuple(slice(size) for size in source.shape)].copy_(source)


def _replayed(
    recording: Recording, previous_ids: Tensor, state: State, prepared: Any
) -> tuple[Tensor, State]:
    """The step's results, in tensors of their own."""
    count = len(previous_ids)
    if recording.loaded() is not prepared:
        for room, part in zip(recording.prepared, _parts(prepared), strict=True):
            _load(room, part)
        recording.loaded = ref(prepared)
    recording.previous[:count].copy_(previous_ids)
    for target, source in zip(recording.state, state, strict=True):
        target[:count].copy_(source)
    recording.replay()
    log_probs, following = recording.found
    return log_probs[:count].clone(), tuple(part[:count].clone() for part in following)
