"""Keys as a terminal sends them: to an app without one, and to a process on one."""

from textual import events
from textual.keys import _character_to_key

from tests.tui_driver import Screenful

_CHARACTERS = {"space": " ", "full_stop": ".", "at": "@", "minus": "-", "plus": "+", "slash": "/", "question_mark": "?"}
_SENT = {
    **_CHARACTERS,
    "enter": "\r",
    "tab": "\t",
    "escape": "\x1b",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "shift+tab": "\x1b[Z",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f5": "\x1b[15~",
    "ctrl+p": "\x10",
    "ctrl+t": "\x14",
}


def sent(*keys: str) -> str:
    """Return what a terminal sends for keys by Textual's names."""
    return "".join(_SENT.get(key, key) for key in keys)


async def hurry(shop: Screenful, *keys: str) -> None:
    """Press keys; Pilot waits 60 ms for calm after each letter, and this only behind keys that are none."""
    for key in keys:
        send(shop, key)
        if len(_CHARACTERS.get(key, key)) > 1:
            await shop.pilot.pause()
    await shop.pilot.pause()


def send(shop: Screenful, *keys: str) -> None:
    """Press keys as a terminal delivers them: nobody waits until the one before has done something."""
    driver = shop.app._driver  # noqa: SLF001  what Pilot does, without the waiting
    assert driver is not None
    for key in keys:
        name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
        character = key if len(key) == 1 else _CHARACTERS.get(key)
        event = events.Key(name, character)
        event.set_sender(shop.app)
        driver.send_message(event)
