"""How many repetitions are allowed: a tenth of the calls, or a shop in trouble would be asked three times as often."""

SHARE = 0.1
RESERVE = 10.0
"""Repetitions that are there from the start: a single command may use its own."""


class RetryBudget:
    """A bucket of tokens, each good for one repetition."""

    def __init__(self) -> None:
        """Start full."""
        self._tokens = RESERVE

    def earn(self) -> None:
        """Count a call."""
        self._tokens = min(RESERVE, self._tokens + SHARE)

    def spend(self) -> bool:
        """Take the right to repeat once; False if none is left."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
