"""The file in which `shop serve` leaves the keys of the shop to whoever may read it."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from shlex import quote
from urllib.parse import urlsplit

from backends.http.requests import FixedToken
from backends.http.sessions import BoundSessions, sendable
from backends.private import read_json


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner's keys: the merchant's token, where the services are controlled, and perhaps a token for faults."""

    control: str | None
    """None once the served shop has ended."""
    merchant: FixedToken = field(repr=False)
    faults: FixedToken | None = field(default=None, repr=False)


class OwnerFile:
    """Finds the file by the key `owner` of the session; read each time, because a new `shop serve` writes new keys."""

    def __init__(self, sessions: BoundSessions, origin: str) -> None:
        """Take only a file that names `origin` as its gateway."""
        self._sessions = sessions
        self._origin = origin

    def read(self) -> Owner | None:
        """Return the owner's keys; None for everybody else, and where others could read, change or overhear them."""
        path = self._sessions.read().get("owner")
        if path is None or not is_private(self._origin):
            return None
        try:
            return _owner(read_json(Path(path)), self._origin)
        except (OSError, ValueError):
            return None

    def serving(self) -> str:
        """Return the command that serves the shop again, where it was: its data are beside the file."""
        path = self._sessions.read().get("owner")
        port = urlsplit(self._origin).port or 80
        data = "" if path is None else f" --data {quote(str(Path(path).parent))}"
        return f"shop serve --port {port}{data}"

    def merchant(self) -> FixedToken | None:
        """Return the merchant's token."""
        owner = self.read()
        return None if owner is None else owner.merchant


def is_private(origin: str) -> bool:
    """Whether what is sent there can be read by nobody on the way: it is encrypted, or never leaves this computer."""
    return urlsplit(origin).scheme == "https" or is_loopback(origin)


def is_loopback(origin: str) -> bool:
    """Whether it is on this computer."""
    host = urlsplit(origin).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _owner(document: object, origin: str) -> Owner | None:
    """Return what the file says, unless it belongs to another gateway or would send the keys off this computer."""
    if not isinstance(document, dict) or document.get("gateway") != origin:
        return None
    control, merchant, faults = (document.get(name) for name in ("control", "merchant", "faults"))
    if not isinstance(control, str | None) or not isinstance(merchant, str) or not isinstance(faults, str | None):
        return None
    if sendable(merchant) is None or not (control is None or is_private(control)):
        return None
    return Owner(control, FixedToken(merchant), None if sendable(faults) is None else FixedToken(faults or ""))
