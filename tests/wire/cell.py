"""One cell of the table, played: what is told, how long it takes, and whether it is true afterwards."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backends.errors import Outcome, ShopError
from tests.five import MERCHANT_TOKEN, SERVICE_TOKEN
from tests.model.checker import Checker
from tests.wire.actions import Action, Scene
from tests.wire.failures import Failing, Failure
from tests.wire.people import PASSWORD, SECONDS, Person, settled
from tests.wire.template import Template

MARGIN = 0.5
"""Seconds by which an action may exceed its deadline: the time to say so."""


@dataclass(frozen=True)
class Told:
    """What a person was told, and after how long."""

    outcome: str
    seconds: float
    error: ShopError | None
    result: object


def play(template: Template, directory: Path, variant: type[Action], target: str, failure: Failure) -> Told:
    """Play one cell. Raises Violation where something told is not true in the end."""
    with asyncio.Runner(loop_factory=template.loop) as runner:
        return runner.run(_played(template, directory, variant, target, failure))


async def _played(template: Template, directory: Path, variant: type[Action], target: str, failure: Failure) -> Told:
    world, books = template.copy(directory), template.books()
    ada, guest = Person(world, books, "ada", template.ada), Person(world, books, "newcomer")
    checker = Checker(world, books.journal)  # type: ignore[arg-type]  # it only looks at rows
    await world.start()
    action = variant(Scene(world, template, books, ada, guest))
    await action.before()
    with Failing(world, target, failure):
        told = await _told(action)
    checker.always()
    await settled(world, [ada, guest])
    await action.truth(told.outcome)
    books.close(world)
    checker.quiet()
    secrets = [PASSWORD, SERVICE_TOKEN, MERCHANT_TOKEN, *_tokens(ada), *_tokens(guest)]
    assert not [secret for secret in secrets if secret in world.five.logs.getvalue()]
    if told.error is not None:
        said = f"{told.error!r} {told.error.message} {told.error.hint}"
        assert not [secret for secret in secrets if secret in said]
    for person in (ada, guest):
        person.end()
    await world.stop()
    return told


async def _told(action: Action) -> Told:
    loop = asyncio.get_running_loop()
    began = loop.time()
    error, result = None, None
    try:
        result = await action.ada.act(action.do)
    except ShopError as raised:
        error = raised
    return Told(_outcome(error), loop.time() - began, error, result)


def _outcome(error: ShopError | None) -> str:
    if error is None:
        return "ok"
    if error.code == "pending" or error.outcome is Outcome.UNKNOWN:
        return "P"
    return "F"


def _tokens(person: Person) -> Iterator[str]:
    stored = person.sessions.read()
    return (stored[name] for name in ("access", "refresh", "cart") if name in stored)


def is_in_time(told: Told) -> bool:
    """Whether the action ended within its deadline."""
    return told.seconds <= SECONDS + MARGIN
