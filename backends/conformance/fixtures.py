"""The suite's plug-in for pytest: people at the shop that a fixture `supplied` gives, and tests that are coroutines.

An adapter over a wire suspends: a test and its fixtures run on the event loop of one `runner`.
"""

import asyncio
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from backends.capabilities import Capability
from backends.conformance.goods import GOODS
from backends.conformance.harness import LACKS, OTHER_GOODS, Harness, Person
from backends.interface import Backend, SessionStore


def pytest_configure(config: pytest.Config) -> None:
    """Make the suite's markers known."""
    config.addinivalue_line("markers", "needs(*capabilities): skip where the backend lacks one of these")
    config.addinivalue_line("markers", "any_goods: holds whatever the shop sells")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine function on its `runner`."""
    runner = pyfuncitem.funcargs.get("runner")
    if not inspect.iscoroutinefunction(pyfuncitem.obj) or not isinstance(runner, asyncio.Runner):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    runner.run(pyfuncitem.obj(**arguments))
    return True


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for a test and its fixtures."""
    with asyncio.Runner() as running:
        yield running


@pytest.fixture
def harness(request: pytest.FixtureRequest, supplied: Harness, runner: asyncio.Runner) -> Iterator[Harness]:
    """The supplied shop, stocked, if it is one that the test is about; whoever visits it is closed in the end."""
    people: list[Backend] = []

    def visit(sessions: SessionStore | None) -> Backend:
        people.append(supplied.visit(sessions))
        return people[-1]

    try:
        _fits(request, supplied, visit(None))
        if supplied.admin is not None:
            runner.run(supplied.admin.import_catalog(GOODS))
        yield replace(supplied, visit=visit)
    finally:
        runner.run(_leave(supplied, people))


async def _leave(supplied: Harness, people: Sequence[Backend]) -> None:
    """Put back what the test took, and close everybody, whatever goes wrong with one of them."""
    async with AsyncExitStack() as closing:
        for backend in (supplied.owner, *people):
            if backend is not None:
                closing.push_async_callback(backend.aclose)
        if supplied.tidy is not None:
            await supplied.tidy(people)


def _fits(request: pytest.FixtureRequest, supplied: Harness, anybody: Backend) -> None:
    needed = {Capability(each) for mark in request.node.iter_markers("needs") for each in mark.args}
    if lacking := needed - anybody.capabilities:
        pytest.skip(f"{LACKS} {', '.join(sorted(lacking))}")
    if not supplied.stocked and request.node.get_closest_marker("any_goods") is None:
        pytest.skip("its goods are not sold here, and nobody can import them")


@pytest.fixture
def only_goods(harness: Harness) -> None:
    """Skip where other things are sold beside the suite's goods."""
    if not harness.alone:
        pytest.skip(OTHER_GOODS)


def _person(harness: Harness, runner: asyncio.Runner, name: str) -> Person:
    person = Person(harness.visit(None), harness, name.title(), harness.email(name))
    if Capability.LOGIN not in person.backend.capabilities:
        pytest.skip(f"{LACKS} {Capability.LOGIN}")
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
