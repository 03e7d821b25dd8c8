"""Which backends are tested, and what each supplies."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest

from backends import Backend, Capability, Card, MemorySessions, SessionStore
from stub_services.inprocess import InProcessBackend, Shop, open_memory, open_sqlite
from tests.conftest import VirtualClock, countable_ids, plain_passwords
from tests.contract.goods import GOODS
from tests.contract.harness import Harness, Methods, Person

TEST_CARDS = Methods(
    good="tok_visa",
    declined="tok_declined",
    declined_reason="card_declined",
    insufficient="tok_insufficient_funds",
    insufficient_reason="insufficient_funds",
    lost="tok_lost_answer",
    card=Card("4242 4242 4242 4242", 12, 2030, "123"),
    bad_card=Card("4242 4242 4242 4241", 12, 2030, "123"),
    declined_card=Card("4000000000000002", 12, 2030, "123"),
)


class Opener(Protocol):
    """A function that opens an in-process backend."""

    def __call__(
        self, url: str, *, sessions: SessionStore, clock: VirtualClock, ids: Callable[[], str]
    ) -> InProcessBackend: ...


def in_process(opener: Opener, url: str, monkeypatch: pytest.MonkeyPatch) -> Harness:
    plain_passwords(monkeypatch)
    clock, ids = VirtualClock(), countable_ids()
    owner = opener(url, sessions=MemorySessions(), clock=clock, ids=ids)
    shop: Shop = owner.shop

    def visit(sessions: SessionStore | None) -> Backend:
        return InProcessBackend(url, shop, sessions or MemorySessions())

    return Harness(visit, ids, clock, TEST_CARDS, advance=clock.advance, admin=owner.admin, owner=owner)


def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Harness:
    return in_process(open_memory, "memory:", monkeypatch)


def sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Harness:
    return in_process(open_sqlite, f"sqlite:{tmp_path / 'shop'}", monkeypatch)


BACKENDS: tuple[Callable[[Path, pytest.MonkeyPatch], Harness], ...] = (memory, sqlite)
"""A backend joins the suite by adding the function that supplies its `Harness`."""


@pytest.fixture(params=BACKENDS, ids=lambda supply: supply.__name__)
def harness(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runner: asyncio.Runner
) -> Iterator[Harness]:
    supplied: Harness = request.param(tmp_path, monkeypatch)
    anybody = supplied.visit(None)
    marker = request.node.get_closest_marker("needs")
    lacking = {Capability(needed) for needed in marker.args} - anybody.capabilities if marker else set()
    if lacking:
        pytest.skip(f"this shop lacks {', '.join(sorted(lacking))}")
    if supplied.admin is not None:
        runner.run(supplied.admin.import_catalog(GOODS))
    yield supplied
    runner.run(anybody.aclose())


def _person(harness: Harness, runner: asyncio.Runner, name: str) -> Person:
    person = Person(harness.visit(None), harness, name.title(), f"{name}@example.org")
    runner.run(person.sign_up())
    runner.run(person.log_in())
    return person


@pytest.fixture
def ada(harness: Harness, runner: asyncio.Runner) -> Person:
    """Somebody logged in."""
    return _person(harness, runner, "ada")


@pytest.fixture
def ben(harness: Harness, runner: asyncio.Runner) -> Person:
    """Somebody else, logged in at the same shop."""
    return _person(harness, runner, "ben")


@pytest.fixture
def guest(harness: Harness) -> Backend:
    """Somebody without an account."""
    return harness.visit(None)


@pytest.fixture
def advance(harness: Harness) -> Callable[[timedelta], None]:
    """Let time pass at the shop."""
    if harness.advance is None:
        pytest.skip("the clock of this shop cannot be moved")
    return harness.advance
