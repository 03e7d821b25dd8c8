"""Backends of other people: what installed distributions offer under the entry point group `shop.backends`.

An entry point's name is a URL scheme, its value an opener as our own: `package.module:open_it`, called with the URL,
`sessions`, `clock` and `ids`. A plug-in that is broken breaks nothing but itself. Looking for them imports
importlib.metadata (4.8 times a bare Python start), so only what our own table does not know is looked for here.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from backends.errors import ConfigurationError, ShopError
from backends.interface import SERVICES
from backends.text import shorten

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

    from backends.interface import Backend, Clock, Ids, SessionStore

GROUP = "shop.backends"
HINT = "shop doctor"
"""What tells more about a broken plug-in."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")  # RFC 3986, 3.1, in lower case
_PARTS = ("name", "capabilities", "suspends", *SERVICES, "admin", "account_id", "health", "aclose")
_MOST_CHARACTERS = 200
_ABOUT = ("Name", "Version", "Summary")
_NAMELESS = "a distribution without a name"


@dataclass(frozen=True, slots=True)
class Plugin:
    """One scheme that a distribution offers."""

    scheme: str
    target: str
    """Where its opener is: `package.module:function`."""
    distribution: str
    version: str
    summary: str
    """What the distribution says of itself, in a line."""
    trouble: str | None = None
    """Why it is not used, where that is known without importing it."""

    def why_broken(self) -> str | None:
        """Import it, and return what is wrong with it; None for nothing."""
        try:
            self._opener()
        except _Broken as broken:
            return str(broken)
        return None

    def open(self, url: str, *, sessions: "SessionStore", clock: "Clock", ids: "Ids") -> "Backend":
        """Open the shop behind `url`. Raises what the plug-in says about the URL, else ConfigurationError."""
        try:
            return self._opened(url, sessions=sessions, clock=clock, ids=ids)
        except _Broken as broken:
            msg = f"the plug-in for {self.scheme}: is broken ({self.distribution} {self.version}): {broken}"
            raise ConfigurationError(msg, hint=HINT) from broken.__cause__

    def _opened(self, url: str, **surroundings: object) -> "Backend":
        opener = self._opener()
        try:
            with redirect_stdout(sys.stderr):
                backend = opener(url, **surroundings)
            there = set(dir(backend))  # a property is not asked: it may read a file
            lacking = [part for part in _PARTS if part not in there and not hasattr(backend, part)]
        except (ShopError, KeyboardInterrupt):
            raise
        except BaseException as error:  # also sys.exit()
            raise _Broken(f"it cannot open a shop: {_in_a_line(error)}") from error
        if lacking:
            raise _Broken(f"what it opens is no backend: it has no {', '.join(lacking)}")
        return backend

    def _opener(self) -> "Callable[..., Backend]":
        if self.trouble is not None:
            raise _Broken(self.trouble)
        from importlib.metadata import EntryPoint

        try:
            with redirect_stdout(sys.stderr):  # what it says while it is imported is no data
                opener = EntryPoint(self.scheme, self.target, GROUP).load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also sys.exit() on its top level
            raise _Broken(f"it cannot be imported: {_in_a_line(error)}") from error
        if not callable(opener):
            raise _Broken(f"{self.target} cannot be called: it is no function that opens a shop")
        return cast("Callable[..., Backend]", opener)


class _Broken(Exception):
    """What is wrong with a plug-in."""


def installed(built_in: frozenset[str]) -> tuple[Plugin, ...]:
    """Return what is installed, by scheme; `built_in` are the schemes that no plug-in can take. Imports none of it."""
    from importlib.metadata import distributions

    found: dict[tuple[str, str], Plugin] = {}
    for distribution in distributions():
        for plugin in _offered(distribution):
            found.setdefault((plugin.scheme, plugin.distribution.lower()), plugin)  # the first one on sys.path
    return tuple(_judged(plugin, found, built_in) for _, plugin in sorted(found.items()))


def _judged(plugin: Plugin, found: dict[tuple[str, str], Plugin], built_in: frozenset[str]) -> Plugin:
    """Return the plug-in, with what speaks against it."""
    rivals = [name for scheme, name in found if scheme == plugin.scheme and name != plugin.distribution.lower()]
    if plugin.trouble is not None:
        return plugin
    if not _SCHEME.fullmatch(plugin.scheme):
        return _with(plugin, f"{shorten(plugin.scheme, 40)!r} is no URL scheme in lower case")
    if plugin.scheme in built_in:
        return _with(plugin, f"{plugin.scheme}: is built in, and no plug-in takes the place of what is")
    return _with(plugin, f"{', '.join(rivals)} offers {plugin.scheme}: too") if rivals else plugin


def _with(plugin: Plugin, trouble: str) -> Plugin:
    from dataclasses import replace

    return replace(plugin, trouble=trouble)


def _offered(distribution: "Distribution") -> Iterator[Plugin]:
    """Return what one distribution offers; one that cannot be read is a plug-in in trouble, if it is one at all."""
    try:
        written = distribution.read_text("entry_points.txt") or ""
    except (OSError, ValueError):
        return
    if GROUP not in written:
        return
    name, version, summary = _named(distribution)
    try:
        points: list[EntryPoint] = [point for point in distribution.entry_points if point.group == GROUP]
    except Exception as error:  # noqa: BLE001 - what is written there can be anything
        yield Plugin("?", "", name, version, summary, f"its entry points cannot be read: {_in_a_line(error)}")
        return
    for point in points:
        yield Plugin(point.name, point.value, name, version, summary)


def _named(distribution: "Distribution") -> tuple[str, str, str]:
    try:
        written = distribution.metadata
        said = [written[key] if key in written else "" for key in _ABOUT]  # noqa: SIM401 - typed without `get`
    except Exception:  # noqa: BLE001 - as above
        said = ["", "", ""]
    name, version, summary = (shorten(text, _MOST_CHARACTERS) for text in said)
    return name or _NAMELESS, version or "of no version", summary


def _in_a_line(error: BaseException) -> str:
    """Return what an exception says; one that cannot say it has a name at least."""
    try:
        said = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - it is somebody else's
        said = ""
    return shorten(f"{type(error).__name__}: {said}" if said else type(error).__name__, _MOST_CHARACTERS)
