"""How ranks talk to each other: torch.distributed, with gloo between processors and NCCL between GPUs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed import PrefixStore, Store  # type: ignore[attr-defined]
from torch.distributed.rendezvous import rendezvous

from mt.errors import out_of_memory
from mt.training.ranks import AlreadyTold, Ranks, RanksError

T = TypeVar("T")

POLL = 0.1  # seconds
ROLL_CALL = 3.0  # seconds in which whoever still answers does so, after somebody does not
_STORE_GONE = RanksError(
    "rank 0, or torchrun on its machine, is gone; the same command goes on from the last save, as "
    "torchrun --max-restarts does by itself"
)


class Joined(Ranks):
    """A rank of several. Raises RanksError, in one rank, if another is gone or does not answer in time."""

    def __init__(self, store: Store, rank: int, count: int, timeout: float) -> None:
        self.store, self.rank, self.count, self.timeout = store, rank, count, timeout
        self.leader = rank - int(os.environ["LOCAL_RANK"])  # the first rank on this machine

    def in_turn(self, lead: Callable[[], T], tell: Callable[[T], Any], follow: Callable[[Any], T]) -> T:
        if self.first:
            result, told = (found := lead()), json.dumps(tell(found))
        else:
            self._wait_for({0, self.leader} - {self.rank})
            result, told = follow(json.loads(self.store.get("ready/0"))), ""
        self.store.set(f"ready/{self.rank}", told)
        self._wait_for(range(self.count))
        return result

    def fail(self) -> None:
        """Let the ranks that wait for this one know that they wait in vain."""
        with suppress(RuntimeError):
            self.store.set("failed", str(self.rank))

    def _wait_for(self, ranks: Iterable[int]) -> None:
        """By asking again and again: inside a call of the store no signal would be obeyed."""
        keys = [f"ready/{rank}" for rank in ranks]
        try:
            while not self.store.check(keys):
                if self.store.check(["failed"]):
                    raise AlreadyTold
                time.sleep(POLL)
        except RuntimeError:
            raise _STORE_GONE from None

    def exchange(self, numbers: Sequence[float]) -> list[list[float]]:
        mine = torch.tensor(numbers, dtype=torch.float64)
        found = [torch.empty_like(mine) for _ in range(self.count)]
        with self._answering():
            dist.all_gather(found, mine)
        return [row.tolist() for row in found]

    def from_first(self, value: T) -> T:
        data = _bytes(value)
        size = torch.tensor(len(data))
        with self._answering():
            dist.broadcast(size, 0)
            data = data if self.first else torch.empty(int(size), dtype=torch.uint8)
            dist.broadcast(data, 0)
        return value if self.first else json.loads(data.numpy().tobytes())

    def to_first(self, value: T) -> list[T]:
        data = _bytes(value)
        sizes = [int(row[0]) for row in self.exchange([len(data)])]
        longest = max(sizes)
        found = [torch.empty(longest, dtype=torch.uint8) for _ in sizes] if self.first else None
        padded = torch.nn.functional.pad(data, (0, longest - len(data)))
        with self._answering():
            dist.gather(padded, found, 0)
        return [
            json.loads(part[:size].numpy().tobytes()) for part, size in zip(found or (), sizes, strict=False)
        ]

    def broadcast(self, tensors: Mapping[str, Tensor], device: torch.device) -> Mapping[str, Tensor]:
        listed = {name: [str(part.dtype), *part.shape] for name, part in tensors.items()}
        found = {}
        for name, (dtype, *shape) in self.from_first(listed).items():
            part = tensors[name].detach() if self.first else None
            if part is None:
                part = torch.empty(shape, dtype=getattr(torch, dtype.removeprefix("torch.")), device=device)
            with self._answering():
                dist.broadcast(part, 0)
            found[name] = part
        return found

    def add(self, tensor: Tensor) -> Callable[[], None]:
        with self._answering():
            work = dist.all_reduce(tensor, async_op=True)

        def wait() -> None:
            with self._answering():
                work.wait()

        return wait

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """torch and gloo raise a RuntimeError whose text is for their developers."""
        try:
            yield
        except RuntimeError as problem:
            if out_of_memory(problem):
                raise
            raise self._missing() from None

    def _missing(self) -> RanksError | AlreadyTold:
        """Who does not answer: all that have noticed something call the roll, and the first of them tells."""
        began = time.monotonic()
        try:
            self.store.set(f"here/{self.rank}", "")
            everybody = range(self.count)
            while time.monotonic() - began < ROLL_CALL:
                time.sleep(POLL)
            here = [rank for rank in everybody if self.store.check([f"here/{rank}"])]
        except RuntimeError:
            return _STORE_GONE
        if self.rank != here[0]:
            return AlreadyTold()
        gone = ", ".join(str(rank) for rank in everybody if rank not in here)
        if not gone:
            return RanksError(
                f"the connection between the {self.count} ranks broke, or one was slower than --timeout "
                f"({self.timeout:.0f} s); the same command goes on from the last save"
            )
        return RanksError(
            f"rank {gone} of {self.count} is gone, or was slower than --timeout ({self.timeout:.0f} s); "
            "the same command goes on from the last save, as torchrun --max-restarts does by itself"
        )


def _bytes(value: Any) -> Tensor:
    return torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8)


@contextmanager
def join(timeout: float) -> Iterator[Joined]:
    """Join the ranks that torchrun has started; on a machine with GPUs each takes one."""
    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
        backend = "cpu:gloo,cuda:nccl"
    try:
        store, rank, count = _connect(backend, timeout)
    except (RuntimeError, ValueError) as problem:
        raise RanksError(
            f"the ranks cannot reach each other: {str(problem).splitlines()[0]}; where a machine has several "
            "network interfaces, name one by GLOO_SOCKET_IFNAME"
        ) from None
    try:
        yield Joined(store, rank, count, timeout)
    finally:
        dist.destroy_process_group()


def _connect(backend: str, timeout: float) -> tuple[Store, int, int]:
    """A store of these ranks alone, this rank, and how many there are."""
    store, rank, count = next(rendezvous("env://", timeout=timedelta(seconds=timeout)))
    store = PrefixStore(_agree_on_prefix(store, rank, count, timeout), store)
    dist.init_process_group(
        backend, store=store, rank=rank, world_size=count, timeout=timedelta(seconds=timeout)
    )
    return store, rank, count


def _agree_on_prefix(store: Store, rank: int, count: int, timeout: float) -> str:
    """What rank 0 has drawn, told to the ranks that are there now.

    torchrun keeps its store, with the keys of those that are gone, when it starts the ranks again. Its count
    of restarts does not tell them apart: a machine that joins later counts from zero. So each rank asks under
    a name that nobody has had, and rank 0 answers whoever asks until all have confirmed.
    Raises RanksError if a rank does not ask or rank 0 does not answer in `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    if rank:
        own = uuid4().hex
        store.set(f"asks/{rank}", own)
        _poll(lambda: store.check([f"answer/{own}"]), deadline, f"rank 0 of {count} does not answer")
        prefix = store.get(f"answer/{own}").decode()
        store.set(f"{prefix}/confirms/{rank}", "")
        return prefix
    prefix = uuid4().hex
    missing = set(range(1, count))

    def all_confirmed() -> bool:
        missing.difference_update([other for other in missing if _confirms(store, prefix, other)])
        return not missing

    _poll(all_confirmed, deadline, f"not all of the {count} ranks answer")
    return prefix


def _confirms(store: Store, prefix: str, rank: int) -> bool:
    """Answer what that rank asks; returns whether it has heard the answer."""
    if store.check([f"asks/{rank}"]):
        store.set(f"answer/{store.get(f'asks/{rank}').decode()}", prefix)
    return store.check([f"{prefix}/confirms/{rank}"])


def _poll(done: Callable[[], bool], deadline: float, problem: str) -> None:
    """Return when it is done. Raises RanksError that names the problem at the deadline."""
    while not done():
        if time.monotonic() > deadline:
            raise RanksError(f"{problem}; start torchrun again on all machines")
        time.sleep(POLL)
