"""kill -9 at every moment that matters, of real processes with real files."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.campaign import thinned
from tests.processes.books import Books, on_shelves
from tests.processes.terminal import GOODS, Result, Terminal

CHECKOUT = ("checkout", "--yes", "--pay", "tok_visa")
LOST_ANSWER = ("checkout", "--yes", "--pay", "tok_lost_answer")
CANCEL = ("orders", "cancel", "@last", "--yes")
RESUME = ("orders", "resume")
KILLS = 50
Moments = Callable[..., list[int]]


@pytest.fixture(scope="session")
def moments(tmp_path_factory: pytest.TempPathFactory) -> Moments:
    """Choose moments of a command: around every commit that writes, at its end, the others evenly between."""
    known: dict[tuple[Path, tuple[str, ...]], list[str]] = {}

    def choose(terminal: Terminal, arguments: tuple[str, ...], count: int, *, every_commit: bool = False) -> list[int]:
        if (terminal.data, arguments) not in known:
            whole = terminal.copy(tmp_path_factory.mktemp("whole") / "data")
            result, known[terminal.data, arguments] = whole.kill(0, *arguments)
            assert result.code in (0, 8), result
        names = known[terminal.data, arguments]
        chosen = {number for number, name in enumerate(names, 1) if every_commit and "write COMMIT" in name}
        chosen.add(len(names))
        assert len(chosen) <= count, f"there are {len(chosen)} moments around commits: raise the number of kills"
        others = [number for number in range(1, len(names)) if number not in chosen]
        missing = count - len(chosen)
        chosen.update(others[(2 * place + 1) * len(others) // (2 * missing)] for place in range(missing))
        return sorted(chosen)

    return choose


def killed(terminal: Terminal, moment: int, *arguments: str) -> bool:
    """Kill it there, hold what it had printed against the books, and say whether it was journalled before."""
    result, reached = terminal.kill(moment, *arguments)
    assert result.code == -signal.SIGKILL, result
    assert len(reached) == moment
    Books.read(terminal).check_told(result)
    return "after write COMMIT journal.db" in reached


def told(terminal: Terminal, *arguments: str) -> Result:
    """Run a whole command, and hold what it prints against the books."""
    result = terminal.run(*arguments)
    Books.read(terminal).check_told(result)
    return result


def recovered(terminal: Terminal, expected: list[str]) -> Books:
    """Resume, and pay if the order waits for that; then everything has to agree."""
    before = Books.read(terminal)
    resumed = told(terminal, *RESUME)
    after = Books.read(terminal)
    waits = bool(after.in_orders("awaiting_payment"))
    assert resumed.code == (8 if waits and before.journal else 0), resumed
    if "pay" not in [entry["kind"] for entry in before.journal]:
        assert len(after.charges) == len(before.charges), "resume started a first charge"
    if waits:
        told(terminal, "orders", "pay", "@last", "--pay", "tok_visa", "--yes").ok()
    books = Books.read(terminal)
    books.check(GOODS, on_shelves(terminal.shop))
    assert [order["state"] for order in books.orders] == expected
    return books


def confirmed_means_paid_once(terminal: Terminal, moment: int, *arguments: str) -> None:
    initial = on_shelves(terminal.shop)

    confirmed = killed(terminal, moment, *arguments)

    books = recovered(terminal, ["paid"] if confirmed else [])
    assert on_shelves(terminal.shop) == initial
    assert len(books.charges) == len(books.orders)


@pytest.mark.parametrize("nth", range(KILLS))
def test_a_checkout_killed_at_any_moment_is_one_paid_order_or_none(
    nth: int, ready: Terminal, tmp_path: Path, moments: Moments
) -> None:
    moment = moments(ready, CHECKOUT, KILLS, every_commit=True)[nth]

    confirmed_means_paid_once(ready.copy(tmp_path / "data"), moment, *CHECKOUT)


@pytest.mark.parametrize("nth", thinned(range(6), 2))
def test_a_checkout_killed_around_a_lost_answer_is_charged_once(
    nth: int, ready: Terminal, tmp_path: Path, moments: Moments
) -> None:
    moment = moments(ready, LOST_ANSWER, 12)[6 + nth]

    confirmed_means_paid_once(ready.copy(tmp_path / "data"), moment, *LOST_ANSWER)


@pytest.mark.parametrize("nth", thinned(range(8), 3))
def test_a_cancellation_killed_at_any_moment_gives_back_all_money_and_stock_or_nothing(
    nth: int, paid: Terminal, tmp_path: Path, moments: Moments
) -> None:
    terminal = paid.copy(tmp_path / "data")
    initial = on_shelves(terminal.shop)

    confirmed = killed(terminal, moments(paid, CANCEL, 8)[nth], *CANCEL)

    books = recovered(terminal, ["refunded" if confirmed else "paid"])
    assert on_shelves(terminal.shop) == initial
    assert len(books.charges) == 1


@pytest.mark.parametrize("nth", thinned(range(4), 2))
@pytest.mark.parametrize(
    ("file", "commit"),
    [("journal.db", 0), ("orders.db", 0), ("processor.db", -1)],
    ids=["intent", "placing", "charged"],
)
def test_a_resume_killed_at_any_moment_is_resumed(
    nth: int,
    file: str,
    commit: int,
    ready: Terminal,
    tmp_path: Path,
    moments: Moments,
    torn: Callable[[str, int], Terminal],
) -> None:
    start = torn(file, commit)
    terminal = start.copy(tmp_path / "data")

    killed(terminal, moments(start, RESUME, 4)[nth], *RESUME)

    recovered(terminal, ["paid"])


@pytest.fixture(scope="session")
def torn(ready: Terminal, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Terminal]:
    """Return a terminal whose checkout was killed behind one of its commits to a database; only copied."""
    known: dict[tuple[str, int], Terminal] = {}

    def killed_behind(file: str, commit: int) -> Terminal:
        if (file, commit) not in known:
            place = tmp_path_factory.mktemp("torn")
            result, names = ready.copy(place / "whole").kill(0, *CHECKOUT)
            assert result.code == 0, result
            commits = [number for number, name in enumerate(names, 1) if name == f"after write COMMIT {file}"]
            known[file, commit] = ready.copy(place / "data")
            known[file, commit].kill(commits[commit], *CHECKOUT)
        return known[file, commit]

    return killed_behind
