"""A request that is not carried out: what its client is told."""

from __future__ import annotations


class Refusal(Exception):
    """Answered as `{"error": message}`, with the status and, where waiting helps, Retry-After in seconds."""

    def __init__(self, message: str, *, status: int = 400, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message, self.status, self.retry_after = message, status, retry_after


class Gone(Exception):
    """The client has left: nobody waits for an answer."""


def slow_down(why: str, *, retry_after: int) -> Refusal:
    """The refusal of one request too many."""
    return Refusal(f"Slowdown: {why}", status=429, retry_after=retry_after)
