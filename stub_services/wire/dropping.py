"""uvicorn's HTTP/1.1, with a way to close a connection without an answer: `uvicorn.Config(http=DroppingProtocol)`."""

from stub_services.wire.faults import DROP
from stub_services.wire.limits import LimitedProtocol


class DroppingProtocol(LimitedProtocol):
    """Offers the ASGI extension `DROP`."""

    def on_message_begin(self) -> None:
        """Begin a request; the parser calls this."""
        super().on_message_begin()
        self.scope["extensions"] = {DROP: {"drop": self.transport.abort}}
