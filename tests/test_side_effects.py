"""`mt.load` and `Translator` change nothing of the program that uses them, and print nothing."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import mt
from mt import cli
from tests.toy import write_tsv

# The state of the host is noted after the imports: what other libraries do by themselves is their affair.
PROGRAM = """
import json, locale, logging, os, random, signal, sys, threading, warnings
import numpy, sacrebleu, torch
run, choices = sys.argv[1], json.loads(sys.argv[2])
recalling = any("datastore" in options for options in choices)
if recalling:
    import datasets, faiss

def state():
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)
    return {
        "environment": dict(os.environ),
        "threads": [torch.get_num_threads(), torch.get_num_interop_threads(), threading.active_count()],
        "faiss": faiss.omp_get_max_threads() if recalling else 0,
        "random": [torch.random.get_rng_state().tolist(), random.getstate(), str(numpy.random.get_state())],
        "dtype": str(torch.get_default_dtype()),
        "modes": [torch.is_grad_enabled(), torch.are_deterministic_algorithms_enabled()],
        "signals": [str(signal.getsignal(number)) for number in signals],
        "logging": [logging.root.level, len(logging.root.handlers)],
        "warnings": len(warnings.filters),
        "process": [os.getcwd(), sys.argv, locale.setlocale(locale.LC_ALL), sys.getrecursionlimit()],
    }

torch.set_num_threads(2)
before = state()
import ctypes, mt

class Library(ctypes.CDLL):
    mallopt = None  # malloc's settings are the host's

ctypes.CDLL = Library
for options in choices:
    translator = mt.load(run, **options)
    assert translator.translate(["ba de", "123", "Ba de. " * 40])[:2] == ["BA DE", "123"]
    assert translator.search(["ba"], nbest=2)[0].text == "BA"
    after = state()
    changed = [name for name in before if before[name] != after[name]]
    assert not changed, (options, changed)
"""


def test_loading_and_translating_leave_the_host_alone(toy_run: Path, tmp_path: Path) -> None:
    choices: list[dict[str, object]] = [{}, {"precision": "int8"}, {"beam": 4, "mbr": "chrf"}]
    if importlib.util.find_spec("faiss"):
        pairs = write_tsv(tmp_path / "pairs.tsv", [("ba de", "BA DE"), ("mo", "MO")])
        choices.append({"datastore": str(pairs)})
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(toy_run), json.dumps(choices)],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE"},  # two threads on a busy machine wait by computing
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_there_is_to_say_is_logged(
    toy_run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("faiss")
    pairs = write_tsv(tmp_path / "pairs.tsv", [("ba de", "BA DE"), ("mo", "MO")])
    with caplog.at_level(logging.INFO, logger="mt"):
        mt.load(toy_run, datastore=str(pairs))
    assert f"datastore: {pairs}: read 2, kept 2" in caplog.messages
    assert capfd.readouterr() == ("", "")


def test_a_command_has_its_process_to_itself(monkeypatch: pytest.MonkeyPatch, toy_run: Path) -> None:
    kept: list[bool] = []
    monkeypatch.setattr("mt.translator.opening.keep_memory", lambda: kept.append(True))
    monkeypatch.setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "to be undone")
    monkeypatch.delenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY")
    monkeypatch.setenv("LRU_CACHE_CAPACITY", "5")  # the user's own choice stays
    threads = torch.get_num_threads()
    try:
        assert cli.main(["translate", "-m", str(toy_run), "--threads", "2", "ba"]) == 0
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert kept == [True]
    caches = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY")
    assert [os.environ[name] for name in caches] == ["16", "5"]
