"""Settings that differ between a run and its resumption."""

from __future__ import annotations

from typing import Any, NamedTuple

from mt.config import Config
from mt.config.fields import flag

MAY_CHANGE = frozenset(
    {
        "training.max_epochs",
        "training.max_steps",
        "training.patience",
        "training.save_minutes",
    }
)
"""Settings that a resumed run may change: they decide when it stops, not what it learns."""


class Change(NamedTuple):
    """A setting, such as training.seed, that is another one than before."""

    name: str
    before: Any
    after: Any

    def __str__(self) -> str:
        """As one would write it: `--seed 2 (was 1)`."""
        name = self.name.split(".")[-1]
        if isinstance(self.after, bool):
            return f"{flag(name, self.after)} (was {flag(name, self.before)})"
        now = f"no {flag(name)}" if self.after in (None, ()) else flag(name, _written(self.after))
        return f"{now} (was {'not given' if self.before in (None, ()) else _written(self.before)})"


def _written(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def changes(before: Config, after: Config) -> tuple[list[Change], list[Change]]:
    """The settings that differ: those that decide what is learned, and the others.

    With linear decay the last step decides every learning rate before it, so the limits belong to the first.
    """
    free = MAY_CHANGE
    if before.training.decay == "linear":
        free = free - {"training.max_epochs", "training.max_steps"}
    old, new = before.model_dump(), after.model_dump()
    found = [
        Change(f"{section}.{name}", value, new[section][name])
        for section, values in old.items()
        for name, value in values.items()
        if value != new[section][name]
    ]
    return [change for change in found if change.name not in free], [
        change for change in found if change.name in free
    ]
