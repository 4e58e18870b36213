"""What several test files need: caches in a folder of their own, and a tiny trained run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import datasets
import pytest
import torch
from filelock import FileLock
from hypothesis import HealthCheck, settings

from mt import cli
from tests import tones
from tests.toy import train_arguments

# A slow machine is no fault of an example.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What decides whether a change is taken in does so the same way each time.
settings.register_profile("repeatable", settings.get_profile("patient"), derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session", autouse=True)
def _isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test, and no process it starts, writes to the user's caches; one thread each."""
    cache = tmp_path_factory.mktemp("cache")
    before = datasets.config.HF_DATASETS_CACHE
    datasets.config.HF_DATASETS_CACHE = cache
    os.environ |= {"HF_DATASETS_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
    torch.set_num_threads(1)
    yield
    datasets.config.HF_DATASETS_CACHE = before


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """A test draws the same numbers whatever ran before it."""
    torch.manual_seed(1)


@pytest.fixture(scope="session")
def toy_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run trained for a few seconds on the toy language through the real command. Do not change it."""
    return learn_once(tmp_path_factory, "toy", "--max-epochs", "16")


@pytest.fixture(scope="session")
def attentive_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with attention. Do not change it."""
    return learn_once(tmp_path_factory, "attentive", "--attention", "general", "--max-epochs", "12")


@pytest.fixture(scope="session")
def spoken_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on recordings of tones, trained for a few steps. Do not change it."""

    def train(folder: Path) -> None:
        arguments = tones.train_arguments(folder, recordings=40)
        assert cli.main([*arguments, "--max-epochs", "2", "--out", str(folder / "run")]) == 0

    return once(tmp_path_factory, "spoken", train) / "run"


def learn(folder: Path, *options: str) -> Path:
    """A run on the toy language."""
    arguments = [*train_arguments(folder, pairs=1500), "--decay", "linear", *options]
    assert cli.main([*arguments, "--out", str(folder / "run")]) == 0
    return folder / "run"


def learn_once(factory: pytest.TempPathFactory, name: str, *options: str) -> Path:
    """`learn` for all of xdist's workers: the first that needs the run trains it. Do not change it."""
    return once(factory, name, lambda folder: learn(folder, *options)) / "run"


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that `make` has filled, in the first of xdist's workers that needs it; the others wait."""
    shared = factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else factory.getbasetemp()
    folder, made = shared / name, shared / f"{name}.made"
    with FileLock(shared / f"{name}.lock"):
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
            folder.mkdir()
            make(folder)
            made.touch()
    return folder
