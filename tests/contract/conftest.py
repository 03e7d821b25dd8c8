"""Which backends are tested, and what each supplies."""

import asyncio
from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path
from typing import Protocol

import pytest

from backends import Backend, MemorySessions, SessionStore
from backends.conformance.clock import VirtualClock, countable_ids
from backends.conformance.harness import SERVICES, Harness
from backends.conformance.places import TEST_CARDS
from backends.http.backend import HttpBackend
from backends.http.calls import Outside
from backends.registry import random_ids, system_clock
from stub_services.inprocess import InProcessBackend, Shop, open_memory, open_sqlite
from tests.conftest import plain_passwords
from tests.five import ORIGIN, Five, Gateway, owner_sessions
from tests.postgres import PostgresBackend, PostgresShop
from tests.postgres import url as postgres_url
from tests.served import Served


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


def postgres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Harness:
    plain_passwords(monkeypatch)
    clock, ids = VirtualClock(), countable_ids()
    shop = PostgresShop(None, clock=clock, ids=ids)
    shop.empty()

    def visit(sessions: SessionStore | None) -> Backend:
        return PostgresBackend("postgresql:", shop, sessions or MemorySessions())

    owner = PostgresBackend("postgresql:", shop, MemorySessions())
    return Harness(visit, ids, clock, TEST_CARDS, advance=clock.advance, admin=owner.admin, owner=owner)


def asgi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runner: asyncio.Runner) -> Harness:
    """Five services over HTTP, in one process."""
    plain_passwords(monkeypatch)
    clock, ids = VirtualClock(), countable_ids()
    five = Five(clock, ids)
    runner.run(five.start())

    def visit(sessions: SessionStore | None) -> HttpBackend:
        return HttpBackend(ORIGIN, sessions or MemorySessions(), Outside(clock, ids, lambda: Gateway(five)))

    owner = visit(owner_sessions(tmp_path))
    return Harness(visit, ids, clock, TEST_CARDS, advance=clock.advance, admin=owner.admin, owner=owner)


ServedShops = Callable[..., Served]


def over_http(shop: Served) -> Harness:
    """A shop as real processes, empty again."""
    shop.empty()

    def visit(sessions: SessionStore | None) -> HttpBackend:
        return HttpBackend(shop.url, sessions or MemorySessions(), Outside(system_clock, random_ids))

    owner = visit(shop.owner())
    return Harness(visit, random_ids, system_clock, TEST_CARDS, admin=owner.admin, owner=owner)


def processes(served: ServedShops) -> Harness:
    """Five processes and the gateway."""
    return over_http(served())


def replicas_behind_nginx(served: ServedShops) -> Harness:
    """Two replicas of each service on PostgreSQL, behind nginx."""
    two = ",".join(f"{name}=2" for name in sorted(SERVICES))
    return over_http(served("--gateway", "nginx", "--replicas", two, database="two"))


BACKENDS: tuple[Callable[..., Harness], ...] = (memory, sqlite, asgi)
CAMPAIGN: tuple[Callable[..., Harness], ...] = (postgres, processes, replicas_behind_nginx)
"""A backend joins the suite by adding the function that supplies its `Harness`."""


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShops]:
    """Start a shop with these arguments, or answer the one that runs already."""
    running: dict[tuple[object, ...], Served] = {}

    def serve(*arguments: str, database: str | None = None) -> Served:
        known = (arguments, database)
        if known not in running:
            url = None if database is None else postgres_url(database)
            running[known] = Served(tmp_path_factory.mktemp("served"), *arguments, database_url=url)
        return running[known]

    yield serve
    for shop in running.values():
        shop.stop()


@pytest.fixture(
    params=[
        *BACKENDS,
        *(pytest.param(supply, marks=pytest.mark.campaign) for supply in CAMPAIGN),
    ],
    ids=lambda supply: supply.__name__,
)
def supplied(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    runner: asyncio.Runner,
    served: ServedShops,
) -> Harness:
    wanted = {"tmp_path": tmp_path, "monkeypatch": monkeypatch, "runner": runner, "served": served}
    harness: Harness = request.param(**{name: wanted[name] for name in signature(request.param).parameters})
    return harness
