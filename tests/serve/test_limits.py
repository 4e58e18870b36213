"""The file of keys, the rate limit, and numbers as Prometheus reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mt.errors import MTError
from mt.serve import limits
from mt.serve.keys import read_keys
from mt.serve.limits import RateLimiter
from mt.serve.refusal import Refusal


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "keys.txt"
    path.write_bytes(content)
    return path


def test_keys_and_their_limits(tmp_path: Path) -> None:
    keys = read_keys(write(tmp_path, b"# all\n\n  alpha\r\nbeta 60\ngamma 0 # anything\ndelta # usual\n"))
    found = {name: keys.find(name) for name in ("alpha", "beta", "gamma", "delta")}
    assert {name: key and key.limit for name, key in found.items()} == {
        "alpha": None,
        "beta": 60,
        "gamma": 0,
        "delta": None,
    }
    assert all(keys.find(wrong) is None for wrong in ("", "alph", "alpha ", "Alpha", "#", "60", "\ud800"))


def test_a_key_is_not_shown(tmp_path: Path) -> None:
    key = read_keys(write(tmp_path, b"alpha\n")).find("alpha")
    assert key is not None
    assert "alpha" not in repr(key) + key.name


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"alpha\nbeta x\n", "keys.txt, line 2: after a key give its requests a minute"),
        (b"alpha -1\n", "line 1: after a key give"),
        (b"alpha 1 2\n", "line 1: give no more than a key"),
        ("alpha\n\nключ\n".encode(), "line 3: a key has only visible ASCII characters"),
        (b"alpha\nbeta\nalpha 3\n", "line 3: this key occurs twice"),
        (b"# none\n", "keys.txt has no key; write one a line, or leave --api-keys out"),
        (b"\xff\n", "keys.txt is not UTF-8"),
    ],
)
def test_a_wrong_file_of_keys_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(MTError) as problem:
        read_keys(write(tmp_path, content))
    assert message in str(problem.value)
    assert "\n" not in str(problem.value)
    assert "alpha" not in str(problem.value)


def test_a_file_of_keys_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MTError, match=r"cannot open .*none: No such file"):
        read_keys(tmp_path / "none")


def test_a_minute_fills_up_steadily() -> None:
    now = [0.0]
    limiter = RateLimiter(lambda: now[0])

    def granted(count: int) -> int:
        """How many pass before the first refusal."""
        for done in range(count):
            try:
                limiter.take("one", 60)
            except Refusal:
                return done
        return count

    assert granted(100) == 60
    now[0] = 5.0
    assert granted(100) == 5
    now[0] = 1000.0
    assert granted(100) == 60
    limiter.take("another", 60)


def test_it_says_when_to_come_again() -> None:
    now = [0.0]
    limiter = RateLimiter(lambda: now[0])
    limiter.take("one", 1)
    now[0] = 20.5
    with pytest.raises(Refusal) as refusal:
        limiter.take("one", 1)
    assert refusal.value.retry_after == 40
    now[0] = 60.5
    limiter.take("one", 1)


def test_zero_is_no_limit_and_is_not_remembered() -> None:
    limiter = RateLimiter(lambda: 0.0)
    for _ in range(1000):
        limiter.take("one", 0)
    assert limiter._buckets == {}


def test_clients_without_number_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REMEMBERED", 10)
    now = [0.0]
    limiter = RateLimiter(lambda: now[0])
    for number in range(100):
        now[0] += 7.0
        limiter.take(f"client {number}", 1)
        assert len(limiter._buckets) <= 10
    with pytest.raises(Refusal):
        limiter.take("client 99", 1)
