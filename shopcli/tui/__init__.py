"""The full-screen shop: the same core and the same backends as the command line, nothing of its own but pixels.

```
app         the frame: pages, the state they show, what every page can do
commands    the one table of what a person can do here; keys, palette, help and docs are made from it
state       what is shown, frozen
background  where the shop is asked, so that nothing it does stops the screen
flows/      from a key to a use case and back into the state
pages/      the five tabs      screens/  what lies above them      widgets/  what they are built from
```
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shopcli.core.shop import Shop

__all__ = ["full_screen", "keep_for_good"]


def full_screen(shop: "Shop", *, page: str, timeout: float, color: bool) -> None:
    """Show the shop on the whole screen until the person leaves.

    `timeout` is the deadline of an action in seconds. Raises ConfigurationError for keys that cannot be used, and
    whatever bug ended it, for the caller to report.
    """
    from shopcli.core.config import read
    from shopcli.core.paths import config_file
    from shopcli.tui.app import ShopApp  # textual's import costs 21 times a bare Python start
    from shopcli.tui.background import Background
    from shopcli.tui.keymap import load

    keymap, config = load(config_file()), read()
    light = config is not None and config.settings.get("theme") == "light"
    background = Background(shop, timeout=timeout)
    app = ShopApp(background, page=page, keymap=keymap, color=color, light=light, keep=keep_for_good)
    app.run()
    if app.failure is not None:
        raise app.failure


def keep_for_good() -> None:
    """Take what is there out of the garbage collector's sight.

    A full collection went through 70,000 objects, most of them modules and styles, and stopped the screen for 50 ms;
    with 100,000 products it would be half a second. What nobody refers to any more is still freed at once.
    """
    import gc

    gc.collect(1)
    gc.freeze()
