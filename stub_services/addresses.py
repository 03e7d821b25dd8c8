"""What makes text and a postal address acceptable; the same for every service that stores one."""

import json
import re
from dataclasses import fields, replace

from backends.errors import InvalidValue
from backends.models import Address
from backends.text import clean, is_clean
from stub_services.database import reader

MAX_FIELD = 200

_LABEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_REQUIRED = ("name", "line1", "city", "postcode")


def valid_address(address: Address, *, service: str) -> Address:
    """Return the address without outer spaces. Raises InvalidValue, in the name of `service`."""
    if not _LABEL.fullmatch(address.label):
        msg = "an address label has up to 40 lower-case letters, digits, - and _, such as home"
        raise InvalidValue(msg, service=service)
    if not _COUNTRY.fullmatch(address.country):
        msg = "the country is its two-letter code in capitals (ISO 3166), such as DE"
        raise InvalidValue(msg, service=service)
    values = {field.name: getattr(address, field.name) for field in fields(address)}
    return replace(
        address,
        **{name: text(name, value, service=service) for name, value in values.items() if value or name in _REQUIRED},
    )


@reader
def read_address(stored: str) -> Address:
    """Return a stored address; clean, because the file may come from somebody else."""
    return Address(**{name: clean(str(value)) for name, value in json.loads(stored).items()})


def text(field: str, value: str, *, service: str) -> str:
    """Return the value without outer spaces. Raises InvalidValue if it is empty, too long or not clean."""
    stripped = value.strip()
    if not 1 <= len(stripped) <= MAX_FIELD:
        msg = f"the {field} must have 1 to {MAX_FIELD} characters"
        raise InvalidValue(msg, service=service)
    if not is_clean(stripped):
        msg = f"the {field} has control characters or other invisible ones"
        raise InvalidValue(msg, service=service)
    return stripped
