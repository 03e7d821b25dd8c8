"""What is found by looking, and looking that never fails."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from backends.errors import ShopError
from backends.text import shorten

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from shopcli.core.shop import Shop

_MOST_CHARACTERS = 300
_ITSELF = "shop doctor"
"""What errors suggest of which doctor says more, such as those of a plug-in."""


class State(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARNING = "warning"
    """Everything works, and something should be mended."""
    WRONG = "wrong"
    """Something does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at and what was found; never a secret."""

    state: State
    subject: str
    found: str
    fix: str | None = None
    """The command that mends it, where there is one."""


class Ask(Protocol):
    """Runs one action at the shop in use, within the time that a command has."""

    def __call__(self, action: "Coroutine[Any, Any, Any]") -> Any:  # noqa: ANN401 - whatever the action returns
        """Return the action's result."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where shop runs, as its front end knows it."""

    shop: Callable[[], "Shop"]
    """The shop in use. Raises ShopError where nobody can say which one it is."""
    ask: Ask
    chosen_by: str | None
    """The flag or variable that says which shop."""
    environment: Mapping[str, str]
    encoding: str
    """How text is written to the terminal."""
    terminal: bool
    color: bool

    def known_shop(self) -> "Shop | None":
        """The shop in use; None where nobody can say which one it is, which is told where it is looked at itself."""
        try:
            return self.shop()
        except ShopError:
            return None


Look = Callable[[Surroundings], Iterable[Finding]]


def guarded(subject: str, look: Look, surroundings: Surroundings) -> Iterator[Finding]:
    """Look; what goes wrong meanwhile is a finding too."""
    try:
        yield from look(surroundings)
    except ShopError as error:
        yield Finding(State.WRONG, subject, error.message, None if error.hint == _ITSELF else error.hint)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a plug-in may raise what it wants, and the rest goes on
        yield Finding(State.WRONG, subject, f"it cannot be looked at: {in_a_line(error)}")


def in_a_line(error: BaseException) -> str:
    """Return what an exception says in one line of clean text."""
    said = getattr(error, "strerror", None) or " ".join(f"{type(error).__name__}: {error}".split())
    return shorten(said, _MOST_CHARACTERS)
