"""What a server counts, in Prometheus' text format."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TEXTS = (1, 2, 4, 8, 16, 32)


class _Family:
    """Numbers of one name, told apart by labels."""

    kind = ""

    def __init__(self, name: str, text: str, labels: Sequence[str] = ()) -> None:
        self.name, self.text, self.labels = name, text, tuple(labels)

    def lines(self) -> Iterator[str]:
        """The family as Prometheus reads it."""
        yield f"# HELP {self.name} {_escaped(self.text)}"
        yield f"# TYPE {self.name} {self.kind}"
        yield from self._samples()

    def _samples(self) -> Iterator[str]:
        raise NotImplementedError

    def _sample(self, values: Sequence[str], number: float, suffix: str = "", le: str = "") -> str:
        pairs = [*zip(self.labels, values, strict=True), *([("le", le)] if le else [])]
        inside = ",".join(f'{label}="{_escaped(value, quotes=True)}"' for label, value in pairs)
        return f"{self.name}{suffix}{'{' + inside + '}' if inside else ''} {_number(number)}"


class Counter(_Family):
    """Only grows."""

    kind = "counter"

    def __init__(self, name: str, text: str, labels: Sequence[str] = ()) -> None:
        super().__init__(name, text, labels)
        self._values: dict[tuple[str, ...], float] = {} if labels else {(): 0.0}

    def add(self, *labels: str, by: float = 1.0) -> None:
        """Count `by` more."""
        self._values[labels] = self._values.get(labels, 0.0) + by

    def value(self, *labels: str) -> float:
        """How many there were."""
        return self._values.get(labels, 0.0)

    def _samples(self) -> Iterator[str]:
        for labels, value in sorted(self._values.items()):
            yield self._sample(labels, value)


class Gauge(_Family):
    """Asked for when it is read."""

    kind = "gauge"

    def __init__(self, name: str, text: str, read: Callable[[], float]) -> None:
        super().__init__(name, text)
        self._read = read

    def _samples(self) -> Iterator[str]:
        yield self._sample((), self._read())


class Histogram(_Family):
    """How many values were at most each bound."""

    kind = "histogram"

    def __init__(self, name: str, text: str, bounds: Sequence[float], labels: Sequence[str] = ()) -> None:
        super().__init__(name, text, labels)
        self._bounds = tuple(bounds)
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}

    def observe(self, value: float, *labels: str) -> None:
        """Count a value."""
        counts = self._counts.setdefault(labels, [0] * (len(self._bounds) + 1))
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[labels] = self._sums.get(labels, 0.0) + value

    def _samples(self) -> Iterator[str]:
        for labels, counts in sorted(self._counts.items()):
            total = 0
            for bound, count in zip((*self._bounds, float("inf")), counts, strict=True):
                total += count
                yield self._sample(labels, total, "_bucket", le=_number(bound))
            yield self._sample(labels, self._sums[labels], "_sum")
            yield self._sample(labels, total, "_count")


class Metrics:
    """All that a server counts."""

    def __init__(self, *, queued: Callable[[], int], active: Callable[[], int]) -> None:
        self.requests = Counter(
            "mt_requests_total", "Requests answered; 499: the client went away.", ("endpoint", "status")
        )
        self.seconds = Histogram(
            "mt_request_duration_seconds", "Time from a request's head to its answer.", SECONDS, ("endpoint",)
        )
        self.texts = Counter("mt_translated_texts_total", "Texts translated.", ("source", "target"))
        self.characters = Counter(
            "mt_translated_characters_total", "Characters of the texts translated.", ("source", "target")
        )
        self.batches = Histogram("mt_batch_texts", "Texts searched together.", TEXTS)
        self.dropped = Counter("mt_dropped_texts_total", "Texts whose client went away before their search.")
        self._families: list[_Family] = [
            self.requests,
            self.seconds,
            self.texts,
            self.characters,
            self.batches,
            self.dropped,
            Gauge("mt_queued_texts", "Texts that wait for a search.", queued),
            Gauge("mt_active_requests", "Requests under way.", active),
        ]

    def render(self) -> str:
        """The page that Prometheus scrapes."""
        return "".join(f"{line}\n" for family in self._families for line in family.lines())


def _escaped(text: str, *, quotes: bool = False) -> str:
    text = text.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if quotes else text


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(float(value))
