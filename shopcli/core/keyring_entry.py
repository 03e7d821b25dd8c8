"""One entry of the system's keyring, for whoever may not wait for ever and wants no other place in silence.

The library `keyring` is an extra, and its import costs 15 times a bare Python start. It may wait for a person who
unlocks the keyring in another window, so it is asked on a thread of its own, which nobody waits for at the end.
"""

from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from backends.deadline import remaining
from backends.errors import ConfigurationError
from shopcli.core.config import change_credentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyring.backend import KeyringBackend

T = TypeVar("T")

SERVICE = "shop"
PATIENCE_SECONDS = 10.0
_NONE = ("keyring.backends.fail", "keyring.backends.null")
_READABLE = "keyrings.alt"


class KeyringUnusable(ConfigurationError):
    """The system's keyring, which should keep the tokens, cannot be used."""

    code = "keyring_unusable"


class _Refused(Exception):
    """This keyring keeps no secrets; the reason is its only argument."""


class Entry:
    """The secret text of one user of the service `shop`. All methods raise KeyringUnusable."""

    def __init__(self, user: str, profile: str) -> None:
        """Use the entry of `user`; `profile` is for errors, which say how it is no longer needed."""
        self.user = user
        self._profile = profile
        self._silent: Thread | None = None
        """Asks since an earlier call gave up waiting."""

    def keyring(self) -> str:
        """The name of the keyring."""
        return str(self._asked(lambda keyring: keyring.name))

    def read(self) -> str | None:
        """The text, None where there is none."""
        return self._asked(lambda keyring: keyring.get_password(SERVICE, self.user))

    def write(self, text: str) -> None:
        """Replace the text."""
        self._asked(lambda keyring: keyring.set_password(SERVICE, self.user, text))

    def delete(self) -> None:
        """Remove the entry, if there is one."""

        def remove(keyring: "KeyringBackend") -> None:
            if keyring.get_password(SERVICE, self.user) is None:
                return
            try:
                keyring.delete_password(SERVICE, self.user)
            except Exception:
                if keyring.get_password(SERVICE, self.user) is not None:  # else somebody was quicker
                    raise

        self._asked(remove)

    def _asked(self, action: "Callable[[KeyringBackend], T]") -> T:
        answers: list[T] = []
        errors: list[BaseException] = []

        def ask() -> None:
            try:
                answers.append(action(_usable()))
            except BaseException as error:  # noqa: BLE001 - whatever a keyring raises; said by the one who waits
                errors.append(error)

        if self._silent is not None and self._silent.is_alive():  # nobody waits twice for the same person
            raise self._unusable("it has not answered yet")
        patience = min(PATIENCE_SECONDS, remaining())
        self._silent = Thread(target=ask, name="keyring", daemon=True)
        self._silent.start()
        self._silent.join(patience)
        if answers:
            return answers[0]
        raise self._unusable(_reason(errors[0]) if errors else _silence(patience))

    def _unusable(self, reason: str) -> KeyringUnusable:
        msg = f"the system's keyring cannot be used: {reason}; or keep tokens in a private file"
        return KeyringUnusable(msg, hint=change_credentials(self._profile, "file"))


def _usable() -> "KeyringBackend":
    """Return the first keyring that keeps secrets. Raises ImportError, _Refused."""
    import keyring

    found = keyring.get_keyring()
    each = getattr(found, "backends", None) or [found]  # a chain of them asks the first, and the next, and so on
    reasons = [_refusal(one) for one in each]
    if None not in reasons:
        raise _Refused(reasons[0])
    usable: KeyringBackend = each[reasons.index(None)]
    return usable


def _refusal(keyring: "KeyringBackend") -> str | None:
    kind = type(keyring)
    if kind.__module__.startswith(_NONE):
        return "there is none, such as GNOME Keyring, KWallet or the Keychain of macOS"
    if kind.__module__.startswith(_READABLE) or "plaintext" in kind.__name__.lower():
        return f"{kind.__module__}.{kind.__qualname__} leaves passwords readable"
    return None


def _reason(error: BaseException) -> str:
    """Say what went wrong by its kind alone: the text of an error may hold what should be kept secret."""
    if isinstance(error, _Refused):
        return str(error)
    if isinstance(error, ImportError) and error.name == "keyring":
        return "the package keyring is not installed (pip install 'shopcli[keyring]')"
    if type(error).__name__ == "KeyringLocked":
        return "it is locked (unlock it, and run the same command again)"
    return f"it failed with {type(error).__name__}"


def _silence(seconds: float) -> str:
    return f"no answer within {seconds:.0f} s (it may be waiting to be unlocked in another window)"
