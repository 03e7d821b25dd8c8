import socket

import pytest

from backends.errors import ConfigurationError
from stub_services.supervisor.ports import Port


def test_a_port_refuses_until_it_is_opened_and_again_when_it_is_closed() -> None:
    port = Port(0)

    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port.number))
        port.open()
        socket.create_connection(("127.0.0.1", port.number)).close()
        port.close()
    port.release()


def test_nobody_waits_in_accept_for_a_connection_that_another_process_took() -> None:
    port = Port(0)

    with pytest.raises(BlockingIOError):
        port.open().accept()
    port.release()


def _listen(other: socket.socket, number: int) -> None:
    other.bind(("127.0.0.1", number))
    other.listen()


@pytest.mark.parametrize("was_open", [False, True])
def test_nobody_else_listens_on_a_port_that_is_closed(was_open: bool) -> None:
    port = Port(0)
    if was_open:  # with a connection that the kernel has not forgotten yet
        client = socket.create_connection(("127.0.0.1", port.open().getsockname()[1]))
        port.open().accept()[0].close()
        client.close()
        port.close()

    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            _listen(other, port.number)
    port.open()
    socket.create_connection(("127.0.0.1", port.number)).close()
    with pytest.raises(ConfigurationError, match="in use"):
        Port(port.number)
    port.release()
