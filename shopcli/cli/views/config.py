"""Settings."""

from dataclasses import dataclass

from shopcli.cli.output.columns import Column, View


@dataclass(frozen=True, slots=True)
class Set:
    """A setting as it is for this command."""

    key: str
    value: str
    origin: str
    """`flag`, `environment`, `profile`, `file`, `command` or `default`."""
    where: str | None
    """The flag, the variable, the file and line, or the command."""
    default: str | None
    """None where it depends."""
    meaning: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where the settings are."""

    path: str
    exists: bool


def origin_of(each: Set) -> str:
    """Say what chose a value."""
    if each.origin == "profile":
        return f"profile, {each.where}"
    return each.where or each.origin


_KEY = Column("key", lambda each: each.key)
_VALUE = Column("value", lambda each: each.value, shrinks=True)
_MEANING = Column("meaning", lambda each: each.meaning, hidden=True)
_ORIGIN = Column("origin", origin_of, styles={"default": "dim"})

SETTING = View(Set, (_KEY, _VALUE, _ORIGIN._replace(hidden=True), _MEANING), identity=lambda each: each.key)
ORIGIN = View(Set, (_KEY, _VALUE, _ORIGIN, _MEANING), identity=lambda each: each.key)
VALUE = View(Set, (_VALUE, _KEY._replace(hidden=True), _ORIGIN._replace(hidden=True)), identity=lambda each: each.value)
PLACE = View(
    Place,
    (Column("path", lambda place: place.path), Column("exists", lambda place: place.exists, hidden=True)),
    identity=lambda place: place.path,
)
