"""The image, the compose file and the systemd unit give `mt` arguments that it understands."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from mt import cli
from mt.commands import serve as serve_command
from mt.commands import train as train_command
from mt.serve import server

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = (ROOT / "deploy/compose.yaml").read_text()
BALANCED = (ROOT / "deploy/compose.balanced.yaml").read_text()
BALANCER = (ROOT / "deploy/nginx.conf").read_text()
UNIT = (ROOT / "deploy/mt.service").read_text()


def served() -> list[list[str]]:
    """The arguments of `mt` that each of the files gives to start the server."""
    (image,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    (compose,) = re.findall(r"^    command: (serve .*)$", COMPOSE, re.MULTILINE)
    (balanced,) = re.findall(r"^  command: (serve .*)$", BALANCED, re.MULTILINE)
    (unit,) = re.findall(r"^ExecStart=\S+/mt (.*)$", UNIT, re.MULTILINE)
    return [json.loads(image), *map(shlex.split, (compose, balanced, unit))]


@pytest.mark.parametrize("arguments", served())
def test_the_server_starts_with_these_arguments(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    monkeypatch.setattr(serve_command, "serve", lambda options, *_, **__: started.append(options))
    assert cli.main(arguments) == 0
    assert started[0].port == 5000  # which the health check asks, and the files publish
    assert [Path(run).name for run in started[0].model] == ["mine"]


def test_training_writes_the_run_that_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    monkeypatch.setattr(train_command, "train", lambda _, run_dir, *__, **___: started.append(run_dir))
    (compose,) = re.findall(r"^    command: (train .*)$", COMPOSE, re.MULTILINE)
    (image,) = re.findall(r"^#   docker run .* mt (train .*)$", DOCKERFILE, re.MULTILINE)
    for arguments in (compose, image):
        assert cli.main(shlex.split(arguments)) == 0
        assert started.pop() == Path("/runs/mine")


def test_a_stop_has_time_to_drain() -> None:
    (compose,) = re.findall(r"^    stop_grace_period: (\d+)s$", COMPOSE, re.MULTILINE)
    (balanced,) = re.findall(r"^  stop_grace_period: (\d+)s$", BALANCED, re.MULTILINE)
    (unit,) = re.findall(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)
    assert min(int(compose), int(balanced)) > server.DRAIN_SECONDS
    assert int(unit) > server.DRAIN_SECONDS


def test_the_image_is_made_of_files_that_are_there() -> None:
    kept = re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert [name for name in kept if not (ROOT / name).exists()] == []


def test_the_balancer_knows_the_servers_and_they_believe_it() -> None:
    composed = yaml.safe_load(BALANCED)
    servers = [name for name, one in composed["services"].items() if one["image"] == "mt"]
    assert re.findall(r"^ +server (\S+):5000;$", BALANCER, re.MULTILINE) == servers
    (network,) = composed["networks"]["inside"]["ipam"]["config"]
    (believed,) = re.findall(r"--trusted-proxies (\S+)", BALANCED)
    assert believed == network["subnet"]
    (port,) = composed["services"]["balancer"]["ports"]
    assert f"listen {port.rpartition(':')[2]};" in BALANCER
