"""A toy run behind the server's middleware, for the tests of its routes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from mt.translator import Translator
from tests.serve.setup import load, make_middleware


@pytest.fixture(scope="module")
def translator(toy_run: Path) -> Translator:
    return load(toy_run)


@pytest.fixture(scope="module")
def client(translator: Translator) -> Iterator[TestClient]:
    with TestClient(make_middleware(translator)) as client:
        yield client
