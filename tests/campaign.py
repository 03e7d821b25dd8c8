"""Campaigns: every value of a long list, when asked for; a few of them in the daily run.

`python3 dev.py test -m campaign` runs what the daily run leaves out; CI runs both.
`python3 dev.py test -m screens` is one of its own.
"""

from collections.abc import Collection
from typing import Any

import pytest

SCREENS = pytest.mark.screens
"""The full-screen shop's own campaign, which is too long for CI."""


def thinned(values: Collection[Any], keep: int, mark: pytest.MarkDecorator = pytest.mark.campaign) -> list[Any]:
    """Return all values; all but `keep` of them, evenly spread, are marked for a campaign."""
    daily = {round(place * (len(values) - 1) / max(1, keep - 1)) for place in range(keep)}
    return [value if place in daily else pytest.param(value, marks=mark) for place, value in enumerate(values)]
