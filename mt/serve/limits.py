"""How much one client may ask for: requests a minute, characters, texts."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mt.serve.refusal import Refusal, slow_down
from mt.text.counted import counted

MINUTE = 60.0
REMEMBERED = 10_000  # clients; beyond, those that may again do all they ever might are forgotten


@dataclass
class _Bucket:
    """What a client has left, and when that was reckoned."""

    left: float
    at: float


class RateLimiter:
    """Buckets of a minute's requests, filling up steadily: bursts are fine, the mean is not exceeded."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, client: str, per_minute: int) -> None:
        """Count a request of a client. Raises Refusal, which says when to come again; 0 permits any."""
        if not per_minute:
            return
        left, now = self.check(client, per_minute), self._clock()
        if len(self._buckets) >= REMEMBERED:
            self._forget(now)
        self._buckets[client] = _Bucket(left - 1, now)

    def check(self, client: str, per_minute: int) -> float:
        """How many requests a client has left. Raises Refusal as `take`, but counts nothing."""
        now = self._clock()
        bucket = self._buckets.get(client) or _Bucket(per_minute, now)
        left = min(per_minute, bucket.left + (now - bucket.at) * per_minute / MINUTE)
        if left < 1:
            wait = math.ceil((1 - left) * MINUTE / per_minute)
            raise slow_down(
                f"the limit is {counted(per_minute, 'request')} a minute", retry_after=max(1, wait)
            )
        return left

    def _forget(self, now: float) -> None:
        """Drop the clients whose bucket is full again, or if none is, all: memory stays bounded."""
        self._buckets = {client: one for client, one in self._buckets.items() if now - one.at < MINUTE}
        if len(self._buckets) >= REMEMBERED:
            self._buckets.clear()


def check_size(texts: Sequence[str], *, most_texts: int, most_characters: int) -> None:
    """Raises Refusal if a request has too many texts or a text too many characters; 0 permits any size."""
    if most_texts and len(texts) > most_texts:
        raise _too_large(len(texts), most_texts)
    longest = max(map(len, texts), default=0)
    if most_characters and longest > most_characters:
        raise _too_large(longest, most_characters)


def _too_large(size: int, limit: int) -> Refusal:
    return Refusal(f"Invalid request: request ({size}) exceeds text limit ({limit})")


def most_bytes(most_characters: int, most_texts: int) -> int:
    """How large a body may be: each character written out at its longest, and something around it."""
    if not most_characters or not most_texts:
        return 2**26
    return min(2**26, 2**16 + 12 * most_characters * most_texts)
