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


def test_of_two_that_have_bound_a_port_one_can_listen() -> None:
    first = Port(0)
    second = Port(first.number)
    first.open()

    with pytest.raises(ConfigurationError, match="in use"):
        second.open()
    first.release()
    second.release()
