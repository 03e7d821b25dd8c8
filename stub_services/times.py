"""Times as the stores keep them: integer milliseconds since 1970 in UTC, which every database sorts."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_millis(moment: datetime) -> int:
    """Milliseconds since the epoch, rounded down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_millis(millis: int) -> datetime:
    """Return the aware datetime of `to_millis`."""
    return _EPOCH + timedelta(milliseconds=millis)
