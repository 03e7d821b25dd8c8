"""Numbers as a line of blocks."""

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = "×"
LEAST_TOP = 20.0
"""A full block stands for at least so much, so that nobody takes the jitter of a millisecond for trouble."""


def sparkline(values: Sequence[float | None], width: int) -> str:
    """Draw the latest values, one character each, from 0 to the highest of them; where there is none it is a gap."""
    shown = values[-width:] if width > 0 else ()
    top = max(LEAST_TOP, *(value or 0.0 for value in shown)) if shown else LEAST_TOP
    return "".join(GAP if value is None else BLOCKS[min(7, int(value / top * len(BLOCKS)))] for value in shown)
