"""SIGTERM and SIGHUP end a command as Ctrl-C does: it says what stands, and closes what it opened."""

import signal
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Self

_STOPS = (signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Whether somebody stops this process while a command runs; not where signals mean something else already."""

    def __init__(self, *, listens: bool) -> None:
        """Change nothing yet, and nothing at all unless it `listens`."""
        self.number: int | None = None
        """The signal that came."""
        self._wanted = _STOPS if listens else ()
        self._listening: list[int] = []

    def __enter__(self) -> Self:
        """Listen to the signals that would end this process at once."""
        for number in self._wanted:
            # Not what is ignored (nohup), nor what a command around this one listens to.
            if signal.getsignal(number) is signal.SIG_DFL:
                with suppress(ValueError):  # only the main thread may
                    signal.signal(number, self._interrupt)
                    self._listening.append(number)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave all as it was, but for a process that ends: more signals are to cut no last word short."""
        if self.number is None:
            self._forget()

    def code(self, code: int) -> int:
        """Return the exit code of a command that left with `code`, as shells count signals."""
        return code if self.number is None else 128 + self.number

    def end_process(self) -> None:
        """End this process by the signal, if one came."""
        if self.number is not None:
            self._forget()
            signal.raise_signal(self.number)

    def _forget(self) -> None:
        for number in self._listening:
            signal.signal(number, signal.SIG_DFL)

    def _interrupt(self, number: int, _: FrameType | None) -> None:
        """Do what Ctrl-C does now, event loops and questions included; a second signal is of no interest."""
        if self.number is not None:  # `timeout` sends it to the process and to its group
            return
        self.number = number
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background, or a pager on the screen
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)
