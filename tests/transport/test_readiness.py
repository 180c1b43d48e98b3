"""The sockets that libcurl waits for, whatever the system has to wait for them."""

import select
import socket
from collections.abc import Iterator

import pytest

from voltroam.transport.readiness import READ, WRITE, Polled, Readiness, Selected

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=[Polled, Selected] if hasattr(select, "epoll") else [Selected])
def sockets(request: pytest.FixtureRequest) -> Iterator[Readiness]:
    made: Readiness = request.param()
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    here, there = socket.socketpair()
    yield here, there
    here.close()
    there.close()


def wakes(sockets: Readiness) -> bool:
    """Whether its own descriptor is readable, which is what the event loop looks at."""
    return bool(select.select([sockets.fileno()], [], [], 0)[0])


def test_a_socket_is_ready_when_something_came(sockets: Readiness, pair: Pair) -> None:
    here, there = pair
    sockets.watch(here.fileno(), READ)
    assert not wakes(sockets)
    assert list(sockets.ready()) == []
    there.send(b"x")
    assert wakes(sockets)
    assert list(sockets.ready()) == [(here.fileno(), READ)]


def test_what_is_waited_for_can_change(sockets: Readiness, pair: Pair) -> None:
    here, there = pair
    sockets.watch(here.fileno(), READ)
    sockets.watch(here.fileno(), WRITE)
    assert list(sockets.ready()) == [(here.fileno(), WRITE)]
    there.send(b"x")
    sockets.watch(here.fileno(), READ | WRITE)
    assert list(sockets.ready()) == [(here.fileno(), READ | WRITE)]


def test_what_is_forgotten_wakes_nobody(sockets: Readiness, pair: Pair) -> None:
    here, there = pair
    sockets.watch(here.fileno(), READ)
    assert sockets.watches(here.fileno())
    sockets.forget(here.fileno())
    sockets.forget(here.fileno())
    assert not sockets.watches(here.fileno())
    there.send(b"x")
    assert not wakes(sockets)
    assert list(sockets.ready()) == []


def test_a_number_that_comes_again_is_another_socket(sockets: Readiness) -> None:
    first, other = socket.socketpair()
    number = first.fileno()
    sockets.watch(number, READ)
    sockets.forget(number)
    first.close()
    second, third = socket.socketpair()
    assert second.fileno() == number
    sockets.watch(number, READ)
    third.send(b"x")
    assert list(sockets.ready()) == [(number, READ)]
    for one in (other, second, third):
        one.close()


def test_a_far_end_that_hung_up_is_told(sockets: Readiness, pair: Pair) -> None:
    here, there = pair
    sockets.watch(here.fileno(), READ)
    there.close()
    [(number, what)] = sockets.ready()
    assert number == here.fileno()
    assert what & READ
