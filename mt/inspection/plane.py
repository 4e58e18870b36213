"""States on paper: the plane of the two directions in which they differ most (PCA)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mt.inspection.floats import FloatArray

NOTHING: FloatArray = np.zeros((0, 2), dtype=np.float32)
"""No points."""


@dataclass(frozen=True)
class Map:
    """States on their plane, in their order: positions (N, 2). background: (M, 2), other states.

    explained: (2,), the proportion of all states' variance along each axis, 0..1.
    """

    positions: FloatArray
    background: FloatArray
    explained: FloatArray

    @property
    def axes(self) -> tuple[str, str]:
        """What to write beside the axes."""
        first, second = self.explained.tolist()
        return f"first axis, {first:.0%} of the variance", f"second axis, {second:.0%}"


@dataclass(frozen=True)
class Plane:
    """Where points of H numbers fall on paper.

    mean: (H,), what falls on the origin. axes: (2, H), of length 1 and at right angles, the one along which
    the points differ most first. explained: (2,), as in `Map`.
    """

    mean: FloatArray
    axes: FloatArray
    explained: FloatArray

    @classmethod
    def fit(cls, points: FloatArray) -> Plane:
        """The plane nearest to the points (N, H), N at least 1.

        An axis may point either way: the number that is largest in it is made positive, so that a picture is
        not mirrored from one run of the program to the next.
        """
        exact = points.astype(np.float64)
        mean = exact.mean(axis=0)
        covariance = (exact - mean).T @ (exact - mean) / len(exact)
        variances, vectors = np.linalg.eigh(covariance)  # the smallest first
        axes = np.zeros((2, exact.shape[1]))
        proportions = np.zeros(2)
        total = variances.clip(min=0).sum()
        for index in range(min(2, len(variances))):
            axis = vectors[:, -1 - index]
            axes[index] = axis * (1 if axis[np.abs(axis).argmax()] > 0 else -1)
            proportions[index] = max(0.0, variances[-1 - index]) / total if total > 0 else 0.0
        return cls(*(part.astype(np.float32) for part in (mean, axes, proportions)))

    def map(self, points: FloatArray, background: FloatArray = NOTHING) -> Map:
        """Points (N, H) on the plane, over others that are there already."""
        return Map(self.project(points), background, self.explained)

    def project(self, points: FloatArray) -> FloatArray:
        """Points (N, H) -> their coordinates on the plane (N, 2)."""
        return ((points - self.mean) @ self.axes.T).astype(np.float32)
