"""The file with the owner's keys that `shop serve` writes, and to which shop they belong."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from backends.errors import ConfigurationError, InvalidValue, StorageError, Unsupported
from backends.private import NotPrivate, read_json
from shopcli.core.paths import unusable

_HELP = "shop profile create --help"
_PORTS = {"http": 80, "https": 443}


def owner_of(path: Path, backend: str) -> dict[str, str]:
    """Return what a session keeps of the owner's file: where it is. The keys themselves stay in it.

    Raises ConfigurationError for a file that others can read or whose `gateway` is another origin than the backend's,
    StorageError if it cannot be read.
    """
    path = Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111  as in registry.canonical
    gateway = _gateway(path)
    if origin(gateway) != origin(backend):
        raise ConfigurationError(f"{path} belongs to the shop at {gateway}, not to {backend}", hint=_HELP)
    return {"owner": str(path)}


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port (RFC 6454). Raises InvalidValue for what is no URL."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        raise InvalidValue(f"not a URL: {url!r}", hint=_HELP) from None


def see_that_it_is_private(path: Path) -> None:
    """Raise ConfigurationError where others can read the owner's keys; a file that is not there is somebody else's."""
    try:
        read_json(path)
    except NotPrivate:
        raise _of_everybody(path) from None
    except (OSError, ValueError):
        return


def unknown_owner(url: str, doing: str) -> Unsupported:
    """Return the error for `doing` what only the owner may, with a profile of the shop at `url` that knows no owner."""
    only = f"only the owner of a shop may {doing}"
    if urlsplit(url).scheme not in _PORTS:
        return Unsupported(f"{only}, and this kind of shop has no owner here")
    from shlex import quote

    from shopcli.core.profiles import Profiles

    hint = f"shop profile create {Profiles().free('served')} {quote(url)} --owner DIR/owner.json"
    return Unsupported(f"{only}, and this profile does not know who that is", hint=hint)


def _of_everybody(path: Path) -> ConfigurationError:
    from shlex import join

    hint = join(["chmod", "600", str(path)])
    return ConfigurationError(f"others can read the keys in {path}", hint=hint)


def _gateway(path: Path) -> str:
    try:
        document = read_json(path)
    except NotPrivate:
        raise _of_everybody(path) from None
    except OSError as error:
        raise StorageError(unusable(path, error).message, hint=_HELP) from None
    except ValueError:
        document = None
    if isinstance(document, dict) and isinstance(gateway := document.get("gateway"), str):
        return gateway
    raise ConfigurationError(f"{path} is not the owner.json that shop serve writes", hint=_HELP)
