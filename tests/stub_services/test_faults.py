"""The model of injected faults: the file they live in, and which of them strikes."""

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import pytest

from backends import Fault, FaultKind, interface
from backends.errors import InvalidValue, NotFound, StorageError
from backends.interface import SERVICES
from stub_services.actions import ACTIONS
from stub_services.faults import CRASHED, FaultFile, Faults, MemoryFaults, acting, fault_of, fault_to
from stub_services.wire.peers import PEERS, endpoints_of

LOST = Fault("orders", FaultKind.ANSWER_LOST, "place", rate=0.5, seconds=2.5, times=3, step=2, after=True)
STOPPED = Fault("payments", FaultKind.STOPPED)


def dice(*numbers: float) -> Iterator[float]:
    return iter(numbers)


def of(*injected: Fault) -> MemoryFaults:
    store = MemoryFaults()
    for fault in injected:
        store.add(fault)
    return store


def kinds(faults: Faults, service: str, action: str, calls: int) -> list[FaultKind | None]:
    hits = [faults.hit(service, action) for _ in range(calls)]
    return [None if hit is None else hit.kind for hit in hits]


# --- the file ------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "er" / "faults.json"


def test_no_file_means_no_faults(path: Path) -> None:
    assert FaultFile(path).read() == ()
    assert not path.parent.exists()


def test_what_one_process_injects_another_one_sees_and_clears(path: Path) -> None:
    one, other = FaultFile(path), FaultFile(path)
    one.add(LOST)
    one.add(STOPPED)
    assert other.read() == (LOST, STOPPED)
    other.clear("orders")
    assert one.read() == (STOPPED,)
    other.clear()
    assert one.read() == ()


def test_the_file_is_private_and_goes_with_the_last_fault(path: Path) -> None:
    file = FaultFile(path)
    file.add(STOPPED)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["faults.json"]
    file.clear("payments", FaultKind.STOPPED)
    assert not path.exists()


def test_a_file_that_did_not_change_is_not_read_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = FaultFile(path)
    file.add(STOPPED)
    assert file.read() == (STOPPED,)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read again"))
    assert file.read() == (STOPPED,)


def test_the_file_is_an_array_of_faults_with_all_their_fields(path: Path) -> None:
    FaultFile(path).add(LOST)
    (entry,) = json.loads(path.read_text())
    assert entry.pop("id")
    assert entry == {
        "service": "orders",
        "kind": "answer_lost",
        "action": "place",
        "rate": 0.5,
        "seconds": 2.5,
        "times": 3,
        "step": 2,
        "after": True,
    }


def test_a_file_written_by_hand_needs_service_and_kind_only(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text('[{"service": "payments", "kind": "stopped"}]')
    assert FaultFile(path).read() == (STOPPED,)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[1]",
        b"[" * 100_000,
        b'[{"kind": "error"}]',
        b'[{"service": "nobody", "kind": "error"}]',
        b'[{"service": "carts", "kind": ["error"]}]',
        b'[{"service": "carts", "kind": "error", "rate": NaN}]',
        b'[{"service": "carts", "kind": "error", "speed": 1}]',
        b'[{"service": ["carts"], "kind": "error"}]',
        b"\xff\xfe\xfa",
    ],
)
def test_a_damaged_file_is_named_and_can_be_cleared(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    file = FaultFile(path)
    for _ in range(2):
        with pytest.raises(StorageError, match=r"faults\.json") as caught:
            file.read()
        assert caught.value.hint == f"mv {path} {path}.damaged"
    with pytest.raises(StorageError):
        file.add(STOPPED)
    assert path.read_bytes() == content
    file.clear()
    assert file.read() == ()


def test_a_directory_in_place_of_the_file(path: Path) -> None:
    path.mkdir(parents=True)
    for act in (FaultFile(path).read, FaultFile(path).clear):
        with pytest.raises(StorageError):
            act()


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        FaultFile(tmp_path / "file" / "faults.json").add(STOPPED)


def test_nobody_else_changes_the_file_meanwhile(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def writing(fault: Fault) -> dict[str, object]:
        other = os.open(path.parent, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
        return asdict(fault)

    monkeypatch.setattr("stub_services.faults.asdict", writing)
    FaultFile(path).add(STOPPED)
    assert FaultFile(path).read() == (STOPPED,)


# --- one fault -----------------------------------------------------------------------------------


def test_the_same_service_kind_and_action_is_replaced() -> None:
    slow = Fault("carts", FaultKind.LATENCY, seconds=1)
    store = of(slow, Fault("carts", FaultKind.LATENCY, "add"), Fault("carts", FaultKind.LATENCY, seconds=9))
    assert [(fault.action, fault.seconds) for fault in store.read()] == [("add", 1.0), ("", 9)]


@pytest.mark.parametrize(
    "values",
    [
        {"rate": -0.1},
        {"rate": 1.1},
        {"rate": "1"},
        {"rate": True},
        {"seconds": -1},
        {"seconds": 3601},
        {"seconds": float("inf")},
        {"seconds": None},
        {"times": 0},
        {"times": 1.5},
        {"step": 0},
        {"step": None},
        {"after": 1},
        {"action": 7},
        {"kind": "sorcery"},
        {"colour": "red"},
    ],
)
def test_values_out_of_range_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        fault_of({"service": "carts", "kind": "error", **values})


@pytest.mark.parametrize("body", [None, [], "error", {}])
def test_what_is_no_fault_is_refused(body: object) -> None:
    with pytest.raises(InvalidValue):
        fault_of(body, "carts")


@pytest.mark.parametrize("values", [{"rate": 0}, {"rate": 1}, {"seconds": 0}, {"seconds": 3600}, {"times": 1}])
def test_the_ends_of_the_ranges_are_allowed(values: dict[str, object]) -> None:
    assert fault_of({"service": "gateway", "kind": "hang", **values}).kind is FaultKind.HANG


def test_the_path_and_not_the_body_says_which_service() -> None:
    assert fault_of({"kind": "error", "service": "users"}, "carts").service == "carts"


def test_what_is_answered_can_be_sent_back() -> None:
    assert "service" not in fault_to(LOST)
    assert fault_of(json.loads(json.dumps(fault_to(LOST))), "orders") == LOST


def test_an_unknown_service_is_not_found() -> None:
    with pytest.raises(NotFound, match="users, products, carts, orders, payments, gateway"):
        MemoryFaults().add(Fault("postman", FaultKind.ERROR))
    with pytest.raises(NotFound):
        MemoryFaults().clear("postman")


@pytest.mark.parametrize(
    ("service", "action", "there"),
    [
        ("products", "nosuch", "categories, get, import_catalog"),
        ("orders", "lace", "place"),
        ("orders", "/v1", "place"),
        ("gateway", "place", "such as 'PUT /v1/orders'"),
    ],
)
def test_a_fault_that_would_never_strike_is_refused(path: Path, service: str, action: str, there: str) -> None:
    with pytest.raises(InvalidValue, match=f"{service} has no action that begins with {action!r}; .*{there}"):
        FaultFile(path).add(Fault(service, FaultKind.ERROR, action))
    assert not path.exists()


@pytest.mark.parametrize("action", ["", "PUT", "PUT /v1/orders/7"])
@pytest.mark.parametrize("service", ["orders", "gateway"])
def test_a_request_is_an_action_too(service: str, action: str) -> None:
    assert of(Fault(service, FaultKind.ERROR, action)).read()


@pytest.mark.parametrize("service", SERVICES)
def test_the_actions_are_those_of_the_contract_and_of_the_routes(service: str) -> None:
    routes = import_module(f"stub_services.{service}.routes")
    of_peers = [endpoint for peer, (name, _) in PEERS.items() if name == service for endpoint in endpoints_of(peer)]
    served = {endpoint.name for endpoint in (*routes.ENDPOINTS, *getattr(routes, "STOCK", ()), *of_peers)}
    contract = {name for name in vars(getattr(interface, service.capitalize())) if not name.startswith("_")}

    assert set(ACTIONS[service]) - {"authenticate", "books"} == served | contract


# --- which one strikes ---------------------------------------------------------------------------


def test_only_its_service_and_actions_that_begin_so_are_hit() -> None:
    faults = Faults(of(Fault("orders", FaultKind.ERROR, "pla")))
    assert kinds(faults, "orders", "place", 1) == [FaultKind.ERROR]
    assert kinds(faults, "orders", "replay", 1) == [None]
    assert kinds(faults, "carts", "place", 1) == [None]


def test_an_action_may_go_by_several_names() -> None:
    faults = Faults(of(Fault("orders", FaultKind.ERROR, "place")))
    assert faults.hit("orders", "PUT /v1/orders/7", "place") is not None


def test_the_dice_decide_how_often() -> None:
    rolls = dice(0.49, 0.5, 0.9, 0.0)
    faults = Faults(of(Fault("carts", FaultKind.ERROR, rate=0.5)), dice=lambda: next(rolls))
    assert kinds(faults, "carts", "add", 4) == [FaultKind.ERROR, None, None, FaultKind.ERROR]


def test_a_rate_of_one_needs_no_dice_and_a_rate_of_zero_never_strikes() -> None:
    assert kinds(Faults(of(Fault("carts", FaultKind.ERROR)), dice=lambda: 1.0), "carts", "add", 1) == [FaultKind.ERROR]
    assert kinds(Faults(of(Fault("carts", FaultKind.ERROR, rate=0)), dice=lambda: 0.0), "carts", "add", 1) == [None]


def test_times_are_counted_until_it_is_injected_anew(path: Path) -> None:
    twice = Fault("carts", FaultKind.ERROR, times=2)
    file = FaultFile(path)
    file.add(twice)
    faults = Faults(file)
    assert kinds(faults, "carts", "add", 3) == [FaultKind.ERROR, FaultKind.ERROR, None]
    FaultFile(path).add(STOPPED)
    assert kinds(faults, "carts", "add", 1) == [None]
    FaultFile(path).add(twice)
    assert kinds(faults, "carts", "add", 3) == [FaultKind.ERROR, FaultKind.ERROR, None]


def test_times_are_counted_for_all_processes_together(path: Path) -> None:
    FaultFile(path).add(Fault("carts", FaultKind.ERROR, times=3))
    one, other = Faults(FaultFile(path)), Faults(FaultFile(path))
    assert [kinds(faults, "carts", "add", 1)[0] for faults in (one, other, one, other)] == [
        *[FaultKind.ERROR] * 3,
        None,
    ]
    assert FaultFile(path).read() == ()


def test_the_last_strike_is_not_made_twice(path: Path) -> None:
    file = FaultFile(path)
    file.add(Fault("carts", FaultKind.ERROR, rate=0.5, times=1))

    def rolled() -> float:
        """Meanwhile another process strikes."""
        Faults(FaultFile(path), dice=lambda: 0.0).hit("carts", "add")
        return 0.0

    assert Faults(file, dice=rolled).hit("carts", "add") is None


def test_a_stopped_service_is_stopped_whatever_else_is_injected() -> None:
    faults = Faults(of(Fault("carts", FaultKind.LATENCY), Fault("carts", FaultKind.STOPPED)))
    assert kinds(faults, "carts", "add", 1) == [FaultKind.STOPPED]


def test_a_fault_that_is_used_up_lets_the_next_one_strike() -> None:
    faults = Faults(of(Fault("carts", FaultKind.ERROR, times=1), Fault("carts", FaultKind.LATENCY)))
    assert kinds(faults, "carts", "add", 2) == [FaultKind.ERROR, FaultKind.LATENCY]


# --- crashes -------------------------------------------------------------------------------------


class Crashing:
    """A process that notes how it was ended and lives on."""

    def __init__(self, store: MemoryFaults) -> None:
        self.ended: list[int] = []
        self.faults = Faults(store, end=self.ended.append)

    def commits(self, service: str, number: int) -> list[bool]:
        """Make commits; for each, whether the process died before or after it."""
        died = []
        for _ in range(number):
            before = len(self.ended)
            for after in (False, True):
                self.faults.on_commit(service, after=after)
            died.append(len(self.ended) > before)
        return died


def test_a_crash_hits_no_call_but_the_step_th_commit() -> None:
    process = Crashing(of(Fault("orders", FaultKind.CRASH, step=3)))
    assert process.faults.hit("orders", "place") is None
    assert process.commits("carts", 4) == [False] * 4
    assert process.commits("orders", 3) == [False, False, True]
    assert process.ended == [CRASHED]


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_comes_before_or_after_the_commit(*, after: bool) -> None:
    process = Crashing(of(Fault("orders", FaultKind.CRASH, after=after)))
    process.faults.on_commit("orders", after=not after)
    assert process.ended == []
    process.faults.on_commit("orders", after=after)
    assert process.ended == [CRASHED]


def test_a_crash_may_wait_for_the_commits_of_one_action() -> None:
    process = Crashing(of(Fault("orders", FaultKind.CRASH, "cancel")))
    assert process.commits("orders", 1) == [False]
    with acting("PUT /v1/orders/7/cancellation", "cancel"):
        assert process.commits("orders", 1) == [True]
    assert process.commits("orders", 1) == [False]


def test_a_crash_for_a_number_of_times_is_used_up_for_the_next_process_too(path: Path) -> None:
    FaultFile(path).add(Fault("orders", FaultKind.CRASH, times=2))
    assert [Crashing(FaultFile(path)).commits("orders", 1) for _ in range(3)] == [[True], [True], [False]]
    assert not path.exists()


def test_a_crash_until_it_is_cleared_ends_every_process(path: Path) -> None:
    FaultFile(path).add(Fault("orders", FaultKind.CRASH, step=2))
    assert [Crashing(FaultFile(path)).commits("orders", 2) for _ in range(2)] == [[False, True]] * 2


def test_a_damaged_file_fails_no_commit(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("?")
    assert Crashing(FaultFile(path)).commits("orders", 1) == [False]
