"""Playing a scenario: its statements in their order, until one fails."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from backends.deadline import deadline
from backends.errors import ShopError, Unsupported
from shopcli.demo.comparing import as_word, shown
from shopcli.demo.expressions import Failed, Missing, evaluate, find
from shopcli.demo.played import Audience, Line, Played, Ran, RunCommand, Verdict
from shopcli.demo.scenario import Scenario, expects_failure
from shopcli.demo.stage import Stage
from shopcli.demo.statements import (
    Advance,
    Clear,
    Command,
    Expectation,
    Inject,
    Lookup,
    Operate,
    Operation,
    Part,
    Prose,
    Reference,
    Statement,
    Subject,
    Word,
    path_text,
)
from shopcli.demo.values import RUN
from shopcli.demo.viewing import View

if TYPE_CHECKING:
    from backends.interface import Admin

AGAIN_SECONDS = 0.2
"""Between two looks at an expectation that has some time to come true."""


class Play:
    """One scenario on one stage."""

    def __init__(  # noqa: PLR0913  all but scenario and stage are named
        self,
        scenario: Scenario,
        stage: Stage,
        *,
        run_command: RunCommand,
        jsonable: Callable[[object], object],
        audience: Iterable[Audience] = (),
        timeout: float = 10.0,
    ) -> None:
        """`run_command` and `jsonable` are the command line's; `timeout` is a command's deadline in seconds."""
        self._scenario = scenario
        self._stage = stage
        self._run_command = run_command
        self._audience = tuple(audience)
        self._timeout = timeout
        self._views = {name: View(stage, name, jsonable, timeout) for name in scenario.shoppers}
        self._captured: dict[str, object] = {RUN: stage.run}

    def play(self) -> Played:
        """Play it until a statement fails. Raises KeyboardInterrupt, after telling everybody what ran."""
        began = time.perf_counter()
        played = Played(self._scenario, self._stage.url)
        self._tell(lambda one: one.begins(self._scenario, self._stage.url))
        try:
            self._play(played)
        except KeyboardInterrupt:
            played.verdict, played.reason = Verdict.FAILED, "stopped by Ctrl-C"
            raise
        except ShopError as error:
            played.verdict, played.reason = Verdict.FAILED, error.message
        finally:
            played.seconds = time.perf_counter() - began
            self._tell(lambda one: one.ends(played))
        return played

    def _play(self, played: Played) -> None:
        self._stage.shopper(self._scenario.shoppers[0])
        if lacking := self._stage.lacks(self._scenario.needs):
            played.verdict, played.reason = Verdict.SKIPPED, f"this shop has no {', '.join(lacking)}"
            return
        for step in self._scenario.steps:
            self._tell(lambda one, step=step: one.step(step))  # type: ignore[misc]
            for at, part in enumerate(step.parts):
                if isinstance(part, Prose):
                    self._tell(lambda one, part=part: one.narrates(part))  # type: ignore[misc]
                    continue
                filled = self._filled(part)
                self._tell(lambda one, filled=filled: one.starts(filled))  # type: ignore[misc]
                line = self._timed(part, step.parts, at)
                played.lines.append(line)
                self._tell(lambda one, line=line: one.ended(line))  # type: ignore[misc]
                if line.verdict is Verdict.FAILED:
                    played.verdict = Verdict.FAILED
                    return

    def _timed(self, statement: Statement, parts: Sequence[Part], at: int) -> Line:
        self._stage.tick()
        began = time.perf_counter()
        if isinstance(statement, Command):
            line = self._command(statement, may_fail=expects_failure(parts, at))
        elif isinstance(statement, Expectation):
            line = self._expectation(statement)
        else:
            line = _operated(statement, self._operation(statement))
        return replace(line, seconds=time.perf_counter() - began)

    # --- $ -------------------------------------------------------------------------------------

    def _command(self, command: Command, *, may_fail: bool) -> Line:
        words = [word.fill(self._words()) for word in command.words]
        secret = "" if command.stdin is None else self._scenario.secrets[command.stdin]
        shop = self._stage.shopper(command.shopper)
        timeout = ("--timeout", f"{self._timeout:g}")  # one on the line itself wins
        ran = self._run_command([*timeout, *words], shop, self._stage.runner, stdin=f"{secret}\n" if secret else "")
        self._views[command.shopper].ran = ran
        if ran.exit and not may_fail:
            got = f"{ran.exit}: {_said(ran)}"
            return _failed(command, f"expected exit 0, got {got}", ("exit 0", got), ran.error, ran)
        if command.capture is not None:
            wanted = f"a value at {path_text(command.capture.path)}"
            try:
                value = find(ran.shown, command.capture.path)
            except Missing as missing:
                return _failed(command, missing.reason, (wanted, missing.reason), missing.whole, ran)
            if as_word(value) is None:
                reason = f"{command.capture} is {shown(value)}, which cannot stand in a command"
                return _failed(command, reason, (wanted, shown(value)), ran.shown, ran)
            self._captured[command.capture.name] = value
        return Line(command, Verdict.PASSED, 0.0, ran)

    def _words(self) -> dict[str, str]:
        return {name: as_word(value) or "" for name, value in self._captured.items()}

    def _filled(self, statement: Statement) -> Statement:
        """Return a statement for those who watch: with what was captured in the place of its name."""
        if isinstance(statement, Command):
            return replace(statement, words=tuple(Word((word.fill(self._words()),)) for word in statement.words))
        if isinstance(statement, Expectation):
            subject = self._filled_subject(statement.expression.subject)
            return replace(statement, expression=replace(statement.expression, subject=subject))
        return statement

    def _filled_subject(self, subject: Subject) -> Subject:
        root = subject.root
        if isinstance(root, Lookup) and isinstance(root.argument, Reference):
            return replace(subject, root=Lookup(root.name, self._words()[root.argument.name]))
        return subject

    # --- ? -------------------------------------------------------------------------------------

    def _expectation(self, expectation: Expectation) -> Line:
        """Look until it holds, as long as it may take."""
        self._stage.shopper(expectation.shopper)
        view = self._views[expectation.shopper]
        view.captured = self._captured
        left = (expectation.within or timedelta()).total_seconds()
        while True:
            found = view.ask(evaluate(expectation.expression, view))
            if not isinstance(found, Failed):
                return Line(expectation, Verdict.PASSED, 0.0)
            if left <= 0:
                return _failed(expectation, str(found), (found.expected, found.actual), found.whole)
            self._stage.pause(min(AGAIN_SECONDS, left))
            left -= AGAIN_SECONDS

    # --- ! -------------------------------------------------------------------------------------

    def _operation(self, operation: Operation) -> str:
        deed = operation.deed
        if isinstance(deed, Advance):
            self._stage.pause(deed.by.total_seconds())
            return ""
        try:
            with deadline(self._timeout):
                self._stage.runner.run(self._stage.backend, self._operate(deed))
        except ShopError as error:
            return error.message
        return ""

    async def _operate(self, deed: Operate | Inject | Clear) -> None:
        admin: Admin | None = self._stage.backend.admin
        if admin is None:
            raise Unsupported("only the owner operates this shop, and its keys are not here")
        if isinstance(deed, Operate):
            await {"stop": admin.stop, "start": admin.start, "restart": admin.restart}[deed.verb](deed.service)
        elif isinstance(deed, Inject):
            await admin.inject(deed.fault)
        else:
            await admin.clear_faults(deed.service)

    def _tell(self, tell: Callable[[Audience], None]) -> None:
        for one in self._audience:
            tell(one)


def _failed(statement: Statement, reason: str, instead: tuple[str, str], whole: object, ran: Ran | None = None) -> Line:
    """Return the line of a statement that failed; `instead` is what was expected and what came."""
    return Line(statement, Verdict.FAILED, 0.0, ran, reason, *instead, whole)


def _operated(operation: Operation, trouble: str) -> Line:
    if trouble:
        return _failed(operation, trouble, ("done", trouble), None)
    return Line(operation, Verdict.PASSED, 0.0)


def _said(ran: Ran) -> str:
    return str(ran.error["message"]) if ran.error else ran.err.strip()
