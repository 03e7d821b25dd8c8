"""The line above the hints: what went wrong, what still works, which key helps."""

from datetime import datetime

from textual.content import Content

from backends.errors import ShopError
from shopcli.tui.widgets.paragraph import Paragraph
from shopcli.tui.words import Keys, as_of, problem


class Status(Paragraph):
    """Empty, and not there, while all is well: from the first, because it may be shown before it is mounted."""

    def show(self, error: ShopError | None, moment: datetime | None = None, *, key: Keys) -> None:
        """Say what is wrong, and how old what is shown is; None: nothing is."""
        if error is not None:
            age = as_of(moment, error)
            self.say(Content.assemble(problem(error, key), f"  ({age})" if age else ""))
        self.display = error is not None
