"""Colours of a picture: on paper, and on a dark screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.colors import Colormap


@dataclass(frozen=True)
class Theme:
    """negative, neutral, positive: a state's numbers. accent: proportions, from neutral on."""

    name: str
    paper: str
    ink: str
    faint: str
    rule: str
    neutral: str
    negative: str
    positive: str
    accent: str
    error: str

    @property
    def diverging(self) -> Colormap:
        """Below 0 blue, above 0 orange; told apart by the colour-blind, and in print by the sign's hue."""
        return _colours("states", self.negative, self.neutral, self.positive)

    @property
    def sequential(self) -> Colormap:
        """From nothing to all."""
        return _colours("proportions", self.neutral, self.accent)


LIGHT = Theme(
    name="light",
    paper="#ffffff",
    ink="#1c1c1a",
    faint="#6b6b66",
    rule="#dedcd6",
    neutral="#f7f7f5",
    negative="#2b6cb0",
    positive="#c2561a",
    accent="#1f7a6d",
    error="#b42318",
)
DARK = Theme(
    name="dark",
    paper="#16161a",
    ink="#ececea",
    faint="#a3a39d",
    rule="#3a3a40",
    neutral="#1c1c1a",
    negative="#5b9be0",
    positive="#e8894f",
    accent="#3fae9d",
    error="#f0695c",
)


def _colours(name: str, *colours: str) -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(name, list(colours))
