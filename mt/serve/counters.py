"""What a server counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TEXTS = (1, 2, 4, 8, 16, 32)
LANGUAGES = ("source", "target")


class Metrics:
    """All that a server counts, in a registry of its own.

    queued, active: how many texts wait for a search, and how many requests are under way.
    """

    def __init__(self, *, queued: Callable[[], int], active: Callable[[], int]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        of_server = self.registry = CollectorRegistry()
        self.requests = Counter(
            "mt_requests_total",
            "Requests answered; 499: the client went away.",
            ("endpoint", "status"),
            registry=of_server,
        )
        self.seconds = Histogram(
            "mt_request_duration_seconds",
            "Time from a request's head to its answer.",
            ("endpoint",),
            buckets=SECONDS,
            registry=of_server,
        )
        self.texts = Counter("mt_translated_texts_total", "Texts translated.", LANGUAGES, registry=of_server)
        self.characters = Counter(
            "mt_translated_characters_total",
            "Characters of the texts translated.",
            LANGUAGES,
            registry=of_server,
        )
        self.batches = Histogram(
            "mt_batch_texts", "Texts searched together.", buckets=TEXTS, registry=of_server
        )
        self.dropped = Counter(
            "mt_dropped_texts_total", "Texts whose client went away before their search.", registry=of_server
        )
        waiting = Gauge("mt_queued_texts", "Texts that wait for a search.", registry=of_server)
        waiting.set_function(queued)
        under_way = Gauge("mt_active_requests", "Requests under way.", registry=of_server)
        under_way.set_function(active)

    def render(self) -> str:
        """The page that Prometheus scrapes."""
        return generate_latest(self.registry).decode()
