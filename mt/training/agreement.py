"""What the processes of a training agree on before each step."""

from __future__ import annotations

import math

from mt.training.clock import VALIDATING, Clock
from mt.training.ranks import Ranks
from mt.training.signals import StopSignal


class Agreement:
    """What all ranks decide by, so that all decide alike.

    seconds_left, last_validation: of the clock of rank 0; -1 before it has validated. stop: the signal that
    came to any rank, or 0.
    """

    def __init__(self, ranks: Ranks, clock: Clock) -> None:
        self.seconds_left, self.last_validation, self.stop = math.inf, -1.0, 0
        self.signal = StopSignal()
        self.ranks, self.clock = ranks, clock

    def renew(self, tokens: int = 0) -> int:
        """Exchange the clock of rank 0 and the signals of all; returns the sum of all ranks' tokens."""
        of_clock = (self.clock.left, self.clock.latest.get(VALIDATING, -1.0))
        rows = self.ranks.exchange([tokens, self.signal.number or 0, *of_clock])
        _, _, self.seconds_left, self.last_validation = rows[0]
        self.stop = int(max(row[1] for row in rows))
        return int(sum(row[0] for row in rows))

    @property
    def time_is_spent(self) -> bool:
        """Whether a further step would leave too little time for the validation that has to follow it."""
        return self.seconds_left <= max(0.0, self.last_validation)
