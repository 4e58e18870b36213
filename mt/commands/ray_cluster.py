"""A Ray cluster: joining it, how many actors it has room for, and its errors in one line."""

from __future__ import annotations

import logging
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mt.errors import ConfigError, MissingExtraError, MTError, RunError
from mt.options import TranslateOptions


def import_ray() -> Any:
    """The module. Raises MissingExtraError where it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingExtraError("--ray needs Ray", "ray") from None
    return ray


@dataclass(frozen=True)
class Cluster:
    """Ray at the address that the options name.

    beside: tasks that read and write while the actors translate; each needs a core.
    """

    ray: Any
    options: TranslateOptions
    beside: int

    @contextmanager
    def joined(self, advice: str) -> Iterator[None]:
        """Inside, this process belongs to the cluster.

        Raises ConfigError if that fails; RunError, with the advice, for what fails on the cluster.
        """
        try:
            self._connect()
            yield
        except self.ray.exceptions.RayError as problem:
            raise RunError(f"Ray: {first_line(problem)}; {advice}") from None
        finally:
            self.ray.shutdown()

    @property
    def gpus(self) -> int:
        """How many GPUs may be used."""
        return int(self._resources.get("GPU", 0)) if self.options.device in ("auto", "cuda") else 0

    @property
    def actors(self) -> int:
        """How many actors translate."""
        cores = int(self._resources.get("CPU", 2))
        return self.options.actors or self.gpus or max(1, cores - self.beside)

    def pool(self) -> dict[str, Any]:
        """The pool of actors, and what each gets. One that dies is replaced, its work given to another."""
        each = {"num_gpus": min(1, self.gpus / self.actors)} if self.gpus else {"num_cpus": 1}
        # An actor is given no work ahead: another one that has none could not take it.
        pool = self.ray.data.ActorPoolStrategy(size=self.actors, max_tasks_in_flight_per_actor=1)
        return {"compute": pool, **each}

    @property
    def _resources(self) -> dict[str, float]:
        return self.ray.cluster_resources()  # type: ignore[no-any-return]

    def _connect(self) -> None:
        address = self.options.ray or ""
        local = address == "local"
        cores = (self.options.actors or os.cpu_count() or 1) + self.beside
        more: dict[str, object] = {"num_cpus": cores, "include_dashboard": False} if local else {}
        try:
            _reach(address)
            self.ray.init(address, logging_level="ERROR", log_to_driver=False, **more)
        except (OSError, RuntimeError, ValueError) as problem:
            raise ConfigError(
                f"--ray {address}: {first_line(problem)}; --ray local starts one here"
            ) from None
        self.ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray").setLevel(logging.ERROR)
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        warnings.filterwarnings("ignore", module="ray")


def _reach(address: str) -> None:
    """Raises OSError where nobody answers at HOST:PORT, for which Ray waits minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=10).close()


def first_line(problem: BaseException) -> str:
    """What a cluster's error says in one line: the cause, where it is one of ours."""
    cause = getattr(problem, "cause", None) or problem.__cause__ or problem
    if cause is problem:
        lines = str(problem).strip().splitlines()
        return lines[-1] if lines else type(problem).__name__
    first = (str(cause).strip().splitlines() or [""])[0]
    return first if isinstance(cause, MTError) else f"{type(cause).__name__}: {first}"
