"""How long each phase of a run took, and how much of its time budget is left."""

from __future__ import annotations

import math
import time
from typing import Any

from mt.console import duration

READING, VOCABULARY, ENCODING, TEACHERS = "reading", "vocabulary", "encoding", "asking teachers"
BUILDING = "building the model"
TRAINING, VALIDATING, SAVING = "training", "validating", "saving"


class Clock:
    """The seconds of a run by what they were spent on, of all its commands together.

    It runs from the start of the command. Each lap says what the time since the one before was spent on, so
    nothing is left out; where a GPU works, results have to be asked for before a lap ends.
    """

    def __init__(self, budget: float | None = None, began: float | None = None) -> None:
        """budget: seconds that the run may take in all. began: when, by time.monotonic; without it now."""
        self.budget = budget
        self.spent: dict[str, float] = {}
        self.latest: dict[str, float] = {}
        """How long the last lap of each kind took."""
        self.since_report = 0.0
        """Seconds of training since the last report."""
        self._began = time.monotonic() if began is None else began

    def lap(self, what: str) -> None:
        """Count the time since the last lap as spent on `what`."""
        now = time.monotonic()
        seconds, self._began = now - self._began, now
        self.spent[what] = self.spent.get(what, 0.0) + seconds
        self.latest[what] = seconds
        if what == TRAINING:
            self.since_report += seconds

    @property
    def learning(self) -> float:
        """Seconds of training and validating, up to the last lap."""
        return self.spent.get(TRAINING, 0.0) + self.spent.get(VALIDATING, 0.0)

    @property
    def left(self) -> float:
        """Seconds of the budget that are not spent yet; infinite without one."""
        if self.budget is None:
            return math.inf
        return self.budget - sum(self.spent.values()) - (time.monotonic() - self._began)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, for `go_on`."""
        return {"spent": self.spent, "latest": self.latest, "since_report": self.since_report}

    def go_on(self, before: dict[str, Any]) -> None:
        """Add what earlier commands of the run have spent."""
        for what, seconds in before["spent"].items():
            self.spent[what] = self.spent.get(what, 0.0) + seconds
        self.latest = before["latest"] | self.latest
        self.since_report += before["since_report"]

    def __str__(self) -> str:
        """`reading 12 s, training 20 min`; what took less than half a second is left out."""
        parts = [f"{what} {duration(seconds)}" for what, seconds in self.spent.items() if seconds >= 0.5]
        return ", ".join(parts) or "less than a second"
