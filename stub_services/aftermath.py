"""What happens after a request was recorded must not be reported as if nothing had happened."""

from collections.abc import Iterator
from contextlib import contextmanager

from backends.errors import OutcomeUnknown, ShopError


@contextmanager
def recorded(service: str) -> Iterator[None]:
    """Turn any error inside into OutcomeUnknown: the request is on disk, and repeating it answers what became of it."""
    try:
        yield
    except ShopError as error:
        msg = f"the request is recorded, and the answer got lost: {error.message}"
        raise OutcomeUnknown(msg, service=service) from error
