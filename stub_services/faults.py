"""Which injected fault hits a call: what the served services and the ones in process share.

Faults live in a JSON file, so that all processes of a shop see them, or in memory. How often each may still strike is
counted there, too: in process every command is a process of its own, and one that crashes remembers nothing.
"""

import fcntl
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from random import random
from shlex import join
from typing import Any

from backends.errors import InvalidValue, NotFound, StorageError
from backends.interface import SERVICES
from backends.models.faults import Fault, FaultKind
from stub_services.actions import check_action

_PLACES = (*SERVICES, "gateway")

MAX_SECONDS = 3600.0
CRASHED = 86
"""The exit code of a process that CRASH ended."""

_FIELDS = frozenset(field.name for field in fields(Fault))
_actions: ContextVar[tuple[str, ...]] = ContextVar("actions", default=())


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault, and an id that tells it from an equal one that was injected earlier or later."""

    fault: Fault
    id: str


class MemoryFaults:
    """Faults of a shop in memory."""

    def __init__(self) -> None:
        """Start without any."""
        self._injected: tuple[Injected, ...] = ()

    def injected(self) -> tuple[Injected, ...]:
        """What is injected now, in the order in which it was."""
        return self._injected

    def read(self) -> tuple[Fault, ...]:
        """The faults themselves."""
        return tuple(each.fault for each in self.injected())

    def add(self, fault: Fault) -> None:
        """Inject a fault, in place of one of the same service, kind and action. Raises NotFound, InvalidValue."""
        check(fault)
        check_action(fault.service, fault.action)
        fresh = Injected(fault, os.urandom(8).hex())
        self._replace(lambda known: (*(each for each in known if not _is_same(each.fault, fault)), fresh))

    def clear(self, service: str | None = None, kind: FaultKind | None = None) -> None:
        """End the faults of one service and of one kind, or of all. Raises NotFound."""
        if service is None and kind is None:
            self._injected = ()
            return
        if service is not None:
            check_service(service)
        self._replace(
            lambda known: tuple(
                each
                for each in known
                if service not in (None, each.fault.service) or kind not in (None, each.fault.kind)
            )
        )

    def spend(self, struck: Injected) -> bool:
        """Count one strike of a fault; False if others used it up meanwhile. What is used up is gone."""
        if struck.fault.times is None:
            return True
        left = False

        def counted(known: tuple[Injected, ...]) -> tuple[Injected, ...]:
            nonlocal left
            left = any(each.id == struck.id for each in known)
            return tuple(_spent(known, struck.id))

        self._replace(counted)
        return left

    def _replace(self, change: Callable[[tuple[Injected, ...]], tuple[Injected, ...]]) -> None:
        self._injected = change(self._injected)


class FaultFile(MemoryFaults):
    """Faults in a JSON file: an array of the fields of `Fault`, each with an `id`. No file means no faults."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is read at the first look."""
        super().__init__()
        self._path = path
        self._seen: tuple[int, int, int] | None = None

    def injected(self) -> tuple[Injected, ...]:
        """What is injected now; the file is read again only if it changed. Raises StorageError if it is damaged."""
        try:
            stat = os.stat(self._path)  # noqa: PTH116  half the time of pathlib's, at each request
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if seen != self._seen:
                self._injected = self._parsed(self._path.read_bytes())
                self._seen = seen
        except FileNotFoundError:
            self._injected, self._seen = (), None
        except OSError as error:
            raise self._damaged(error.strerror or "") from error
        return self._injected

    def clear(self, service: str | None = None, kind: FaultKind | None = None) -> None:
        """End the faults of one service and of one kind, or of all; the latter repairs a damaged file."""
        if service is None and kind is None:
            with self._explained():
                self._path.unlink(missing_ok=True)
        else:
            super().clear(service, kind)

    def _replace(self, change: Callable[[tuple[Injected, ...]], tuple[Injected, ...]]) -> None:
        with self._explained(), _locked(self._path.parent):
            changed = change(self.injected())
            if changed:
                self._write(changed)
            else:
                self._path.unlink(missing_ok=True)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            msg = f"the faults in {self._path} cannot be changed: {error.strerror}"
            raise StorageError(msg) from error

    def _write(self, injected: tuple[Injected, ...]) -> None:
        """Replace the file by a private one, so that nobody reads half of it."""
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        content = json.dumps([{**asdict(each.fault), "id": each.id} for each in injected], indent=1)
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(file, "w", encoding="utf-8") as stream:  # noqa: PTH123  it is open already
            stream.write(content + "\n")
        fresh.replace(self._path)

    def _parsed(self, content: bytes) -> tuple[Injected, ...]:
        try:
            return _entries(json.loads(content))
        except (ValueError, RecursionError, InvalidValue, NotFound) as error:
            raise self._damaged(str(error)) from error

    def _damaged(self, why: str) -> StorageError:
        hint = join(["mv", str(self._path), f"{self._path}.damaged"])
        return StorageError(f"the faults in {self._path} cannot be read: {why}", hint=hint)


class Faults:
    """Decides which fault strikes now. Commits are counted in this process."""

    def __init__(
        self,
        store: MemoryFaults,
        *,
        dice: Callable[[], float] = random,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        """Look into `store` at each call. `dice` gives numbers from 0 up to 1; `end` ends the process at once."""
        self.store = store
        self._dice = dice
        self._end = end
        self._commits: Counter[str] = Counter()

    def hit(self, service: str, *actions: str, among: Iterable[FaultKind] = FaultKind) -> Fault | None:
        """Return what strikes a call that goes by any of these names: STOPPED first, then what was injected first.

        CRASH strikes at commits only. Raises StorageError if the faults cannot be read.
        """
        for each in sorted(self.store.injected(), key=lambda each: each.fault.kind is not FaultKind.STOPPED):
            fault = each.fault
            if fault.kind is FaultKind.CRASH or fault.kind not in among:
                continue
            if _concerns(fault, service, actions) and self._strikes(each):
                return fault
        return None

    def on_commit(self, service: str, *, after: bool) -> None:
        """Count a commit of a service that is about to be made, or was just made, and end the process if it is time.

        Faults that cannot be read end nothing here: an error would say that the commit was not made.
        """
        with suppress(StorageError):
            for each in self.store.injected():
                fault = each.fault
                if fault.kind is FaultKind.CRASH and fault.after is after:
                    self._count(each, service)

    def _count(self, each: Injected, service: str) -> None:
        if _concerns(each.fault, service, _actions.get()):
            self._commits[each.id] += 1
            if self._commits[each.id] >= each.fault.step and self._strikes(each):
                self._end(CRASHED)

    def _strikes(self, each: Injected) -> bool:
        return (each.fault.rate >= 1 or self._dice() < each.fault.rate) and self.store.spend(each)


@contextmanager
def acting(*actions: str) -> Iterator[None]:
    """Say by which names the call inside goes, for faults that wait for its commits."""
    token = _actions.set(actions)
    try:
        yield
    finally:
        _actions.reset(token)


def fault_of(values: object, service: str | None = None) -> Fault:
    """Return the fault that JSON describes, of `service` if that is given. Raises InvalidValue, NotFound."""
    if not isinstance(values, Mapping):
        raise InvalidValue("a fault is an object")
    given: dict[str, Any] = {**values} if service is None else {**values, "service": service}
    unknown = given.keys() - _FIELDS
    if unknown or not {"service", "kind"} <= given.keys():
        raise InvalidValue(f"a fault has a service, a kind and no {', '.join(sorted(map(str, unknown))) or 'gaps'}")
    if given["kind"] not in tuple(FaultKind):
        raise InvalidValue(f"{given['kind']!r} is no kind of fault; there are {', '.join(FaultKind)}")
    fault = Fault(**{**given, "kind": FaultKind(given["kind"])})
    check(fault)
    return fault


def fault_to(fault: Fault) -> dict[str, Any]:
    """Return what `fault_of` takes, without the service: what `/faults` answers."""
    return {name: value for name, value in asdict(fault).items() if name != "service"}


def check(fault: Fault) -> None:
    """Raise NotFound for a service that is not there, InvalidValue for a value out of its range."""
    if not isinstance(fault.service, str) or not isinstance(fault.action, str):
        raise InvalidValue("service and action are text")
    check_service(fault.service)
    if not _is_within(fault.rate, 1.0):
        raise InvalidValue("the rate is 0 to 1")
    if not _is_within(fault.seconds, MAX_SECONDS):
        raise InvalidValue(f"the seconds are 0 to {MAX_SECONDS:.0f}")
    if fault.times is not None and not _is_count(fault.times):
        raise InvalidValue("the times are 1 or more")
    if not _is_count(fault.step):
        raise InvalidValue("the step is 1 or more")
    if not isinstance(fault.after, bool):
        raise InvalidValue("after is true or false")


def check_service(service: str) -> None:
    """Raise NotFound unless faults can be injected there."""
    if service not in _PLACES:
        raise NotFound(f"there is no service {service!r}; there are {', '.join(_PLACES)}")


def _is_within(value: object, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most  # no NaN either


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _concerns(fault: Fault, service: str, actions: tuple[str, ...]) -> bool:
    return fault.service == service and (not fault.action or any(name.startswith(fault.action) for name in actions))


def _is_same(one: Fault, other: Fault) -> bool:
    return (one.service, one.kind, one.action) == (other.service, other.kind, other.action)


def _spent(known: tuple[Injected, ...], struck: str) -> Iterator[Injected]:
    for each in known:
        if each.id != struck or each.fault.times is None:
            yield each
        elif each.fault.times > 1:
            yield Injected(replace(each.fault, times=each.fault.times - 1), each.id)


def _entries(content: object) -> tuple[Injected, ...]:
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        raise InvalidValue("it is no list of objects")
    return tuple(_injected(entry) for entry in content)


def _injected(entry: dict[str, Any]) -> Injected:
    """Read an entry of the file. One that somebody wrote by hand has no id and is told by what it says."""
    fault = fault_of({name: value for name, value in entry.items() if name != "id"})
    return Injected(fault, str(entry.get("id", fault)))


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Keep other processes from changing the faults at the same time; the directory is made if it is missing."""
    for level in reversed((directory, *directory.parents)):
        if not level.is_dir():
            level.mkdir(0o700, exist_ok=True)  # level by level: `parents=True` gives the mode to the last one alone
    lock = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
