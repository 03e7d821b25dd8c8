"""Comparing things side by side: many short rounds in turn, and the medians of the ratios within a round.

The machine may have other work, which disturbs a whole round and not one side of it alone.
"""

import os
import statistics
from collections.abc import Callable, Mapping, Sequence

Measure = Callable[[], float]


def rounds(sides: Mapping[str, Measure], number: int) -> dict[str, list[float]]:
    """Measure every side `number` times, in turn; each round begins with another one."""
    names = list(sides)
    found: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(number):
        for place in range(len(names)):
            name = names[(turn + place) % len(names)]
            found[name].append(sides[name]())
    return found


def ratio(above: Sequence[float], below: Sequence[float]) -> str:
    """Return the median of the paired ratios, with the middle half of them."""
    ratios = sorted(one / other for one, other in zip(above, below, strict=True))
    quarter = len(ratios) // 4
    return f"{statistics.median(ratios):5.2f} ({ratios[quarter]:.2f} to {ratios[-1 - quarter]:.2f})"


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return statistics.median(values)


def load_average() -> str:
    """Say how busy the machine was in the last minute."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
