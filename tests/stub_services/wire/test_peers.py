"""What the services ask of each other arrives as it was meant, and what is no answer is silence."""

import asyncio
import dataclasses
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Protocol, get_args, get_origin, get_type_hints

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends import Money, errors
from backends.deadline import deadline
from backends.errors import InvalidState, NotFound, OutcomeUnknown, RateLimited, ShopError, Unavailable
from stub_services.peers import Busy, Due, Refusal, Taken
from stub_services.wire.app import Answering, Part
from stub_services.wire.exchange import Answer, Question
from stub_services.wire.log import Log
from stub_services.wire.peers import ATTEMPTS, PEERS, SECONDS, Asking, endpoints_of
from stub_services.wire.tokens import Verifier
from stub_services.wire.trust import Trust
from tests.conftest import VirtualClock

TOKEN = "shops_for-tests"
METHODS = [(peer, name) for peer, (_, protocol) in PEERS.items() for name in vars(protocol) if not name.startswith("_")]
READS = {"offers", "belongs_to", "knows"}
"""Silence about what changes nothing is surely not applied."""


class Fake:
    """A peer that answers what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answer: Any = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def ask(**arguments: object) -> Any:  # noqa: ANN401
            self.asked.append((name, arguments))
            if isinstance(self.answer, BaseException):
                raise self.answer
            return self.answer

        return ask


class Network:
    """An exchange with one application, between which and the caller things may happen."""

    def __init__(self, application: Any) -> None:  # noqa: ANN401
        self._transport = httpx.ASGITransport(application)
        self.questions: list[Question] = []
        self.happens: list[ShopError | Answer | Callable[[Answer], Answer | ShopError] | None] = []
        """What happens to the next exchanges instead of, or after, the answer."""

    async def close(self) -> None:
        """There is nothing to close."""

    async def __call__(self, question: Question) -> Answer:
        self.questions.append(question)
        happening = self.happens.pop(0) if self.happens else None
        if isinstance(happening, ShopError):
            raise happening
        if isinstance(happening, Answer):
            return happening
        url = f"http://peer{question.path}"
        request = httpx.Request(question.method, url, headers=dict(question.headers), content=question.body)
        response = await self._transport.handle_async_request(request)
        answer: Answer | ShopError = Answer(response.status_code, dict(response.headers), await response.aread())
        if happening is not None:
            answer = happening(answer)  # type: ignore[arg-type]
        if isinstance(answer, ShopError):
            raise answer
        return answer


class Bench:
    """One peer, somebody who asks it, and the network between them."""

    def __init__(self, peer: str) -> None:
        self.fake = Fake()
        service = PEERS[peer][0]

        async def no_keys() -> list[dict[str, Any]]:
            return []

        trust = Trust(
            Verifier(no_keys, clock=VirtualClock()), service_token=TOKEN, merchant_token="shopm_x", faults_token=None
        )
        answering = Answering(service, trust, None, Log(service, io.StringIO()))
        self.network = Network(answering.application(Part(self.fake, endpoints_of(peer))))
        self.logs = io.StringIO()
        self.remote = Asking("asker", self.network, TOKEN, lambda: "r-1", Log("asker", self.logs)).peer(peer)


def hints_of(peer: str, name: str) -> dict[str, Any]:
    return get_type_hints(getattr(PEERS[peer][1], name))


SIMPLE: dict[object, st.SearchStrategy[Any]] = {
    str: st.text(max_size=30),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    NoneType: st.none(),
    datetime: st.datetimes(
        datetime(1970, 1, 2),  # noqa: DTZ001  a bound has no zone
        datetime(9999, 1, 1),  # noqa: DTZ001
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
    ),
    Money: st.builds(Money.of_minor, st.integers(0, 10**15), st.sampled_from(["EUR", "JPY", "BHD"])),
}


def values(hint: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401
    """Any value of a type, as the protocols use them."""
    if hint in SIMPLE:
        return SIMPLE[hint]
    if isinstance(hint, UnionType):
        return st.one_of(*map(values, get_args(hint)))
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=4).map(tuple)
    if get_origin(hint) is dict:
        return st.dictionaries(values(str), values(get_args(hint)[1]), max_size=4)
    if issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    assert isinstance(hint, type), hint
    assert dataclasses.is_dataclass(hint), hint
    types = get_type_hints(hint)
    return st.builds(hint, **{field.name: values(types[field.name]) for field in dataclasses.fields(hint)})


@pytest.fixture
def bench() -> Bench:
    return Bench("orders")


@pytest.mark.parametrize(("peer", "name"), METHODS)
def test_every_question_and_every_answer_comes_through(peer: str, name: str, runner: asyncio.Runner) -> None:
    hints = hints_of(peer, name)
    returns = hints.pop("return")
    bench = Bench(peer)

    @settings(max_examples=40)
    @given(arguments=st.tuples(*map(values, hints.values())), answer=values(returns))
    def check(arguments: tuple[Any, ...], answer: Any) -> None:  # noqa: ANN401
        bench.fake.asked.clear()
        bench.fake.answer = answer
        got = runner.run(getattr(bench.remote, name)(*arguments))
        assert got == answer
        assert type(got) is type(answer)
        assert bench.fake.asked == [(name, dict(zip(hints, arguments, strict=True)))]

    check()


def test_every_protocol_is_on_the_wire() -> None:
    from stub_services import peers

    protocols = {kind for kind in vars(peers).values() if getattr(kind, "_is_protocol", False)} - {Protocol}
    assert protocols == {protocol for _, protocol in PEERS.values()}
    assert len(METHODS) == sum(len(endpoints_of(peer)) for peer in PEERS)


async def test_a_name_that_no_protocol_has_is_none(bench: Bench) -> None:
    with pytest.raises(AttributeError):
        _ = bench.remote.drop_tables


@pytest.mark.parametrize("arguments", [(), ("o",), ("o", "p", "u", "x")])
async def test_arguments_are_counted(bench: Bench, arguments: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="zip"):
        await bench.remote.amount_due(*arguments)


# --- errors ----------------------------------------------------------------------------------------


KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ShopError)]


PASSING = tuple(kind for kind in KINDS if issubclass(kind, Unavailable | OutcomeUnknown | NotFound | InvalidState))
"""Silence, and what `give_up` documents."""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in PASSING])
async def test_a_peers_refusal_is_not_the_customers(bench: Bench, kind: type[ShopError]) -> None:
    bench.fake.answer = kind("your token is wrong", hint="shop login", outcome=errors.Outcome.NOT_APPLIED)
    with pytest.raises(Unavailable, match="orders cannot be asked") as caught:
        await bench.remote.give_up("o", "p")
    assert (caught.value.hint, caught.value.service) == (None, "orders")
    (line,) = map(json.loads, bench.logs.getvalue().splitlines())
    assert (line["level"], line["code"], line["error"]) == ("error", kind.code, "your token is wrong")


async def test_what_give_up_tells_is_told_by_no_other_method(bench: Bench) -> None:
    bench.fake.answer = InvalidState("no")
    with pytest.raises(Unavailable):
        await bench.remote.refunded("o", "p")


@pytest.mark.parametrize("kind", PASSING)
async def test_definite_errors_come_through(bench: Bench, kind: type[ShopError]) -> None:
    bench.fake.answer = kind("what happened: ä ✓", hint="shop help", service="carts", retry_after=7.0)
    with pytest.raises(ShopError) as caught:
        await bench.remote.give_up("o", "p")
    error = caught.value
    assert type(error) is kind
    assert (error.message, error.hint, error.service) == ("what happened: ä ✓", "shop help", "carts")
    assert (error.outcome, error.retry_after) == (kind.outcome, 7.0)
    assert len(bench.network.questions) == 1


async def test_an_outcome_that_an_error_was_given_comes_through(bench: Bench) -> None:
    bench.fake.answer = NotFound("no", outcome=errors.Outcome.UNKNOWN)
    with pytest.raises(NotFound) as caught:
        await bench.remote.give_up("o", "p")
    assert caught.value.outcome is errors.Outcome.UNKNOWN
    assert caught.value.service == "orders"


async def test_a_bug_is_silence_without_detail(bench: Bench) -> None:
    bench.fake.answer = ZeroDivisionError("secret")
    with pytest.raises(OutcomeUnknown) as caught:
        await bench.remote.give_up("o", "p")
    assert "secret" not in caught.value.message


def problem(text: str, status: int = 409) -> Answer:
    return Answer(status, {}, text.encode())


@pytest.mark.parametrize(
    "answer",
    [
        problem("", 500),
        problem("<html>Bad Gateway</html>", 502),
        problem("null"),
        problem("[]"),
        problem("{}", 404),
        problem('{"code": "nonsense"}'),
        problem('{"code": ["not_found"]}'),
        problem('{"code": null, "detail": null}'),
        problem("[" * 100_000),
        problem('{"x": ' + "[" * 100_000),
        Answer(503, {}, b'{"detail": "\xff"}'),
        Answer(204, {}, b""),
        Answer(302, {"location": "http://elsewhere"}, b""),
    ],
)
async def test_an_error_that_is_none_is_silence(bench: Bench, answer: Answer) -> None:
    bench.network.happens = [answer]
    with pytest.raises(OutcomeUnknown) as caught:
        await bench.remote.give_up("o", "p")
    assert caught.value.service == "orders"


@pytest.mark.parametrize("outcome", ["[]", "{}", "7", "null", '"perhaps"', "[[]]"])
async def test_an_outcome_that_is_none_is_the_errors_own(bench: Bench, outcome: str) -> None:
    text = '{"code": "invalid_state", "detail": "d", "hint": 7, "service": [], "retry_after": "x", "outcome": %s}'
    bench.network.happens = [problem(text % outcome)]
    with pytest.raises(InvalidState) as caught:
        await bench.remote.give_up("o", "p")
    assert caught.value.outcome is InvalidState.outcome
    assert (caught.value.hint, caught.value.retry_after) == (InvalidState.default_hint, None)


GARBAGE = [
    b"",
    b"{",
    b"\xff",
    b"[]",
    b"{}",
    b'"x"',
    b"7",
    b"<html></html>",
    b'{"Nonsense": {}}',
    b'{"Refusal": {}, "Busy": {}}',
    b'{"Refusal": null}',
    b'{"Due": {"amount": "1", "currency": "EUR"}}',
    b"nul",
    b"null null",
    b"[" * 100_000,
    b'{"Due": ' + b"[" * 100_000,
]


@pytest.mark.parametrize(("peer", "name"), METHODS)
async def test_garbage_is_silence(peer: str, name: str) -> None:
    bench = Bench(peer)
    hints = hints_of(peer, name)
    returns = hints.pop("return")
    arguments = [_example(hint) for hint in hints.values()]
    for body in (*GARBAGE, b"null"):
        if (body == b"null" and returns is NoneType) or (body == b"{}" and get_origin(returns) is dict):
            continue
        bench.network.happens = [Answer(200, {}, body)]
        with pytest.raises(Unavailable if name in READS else OutcomeUnknown):
            await getattr(bench.remote, name)(*arguments)
    assert bench.fake.asked == []


def _example(hint: Any) -> Any:  # noqa: ANN401
    return {str: "x", int: 1, datetime: VirtualClock().now}.get(hint, ())


async def test_half_an_answer_is_silence(bench: Bench) -> None:
    bench.fake.answer = Due(1, "EUR")
    bench.network.happens = [lambda answer: dataclasses.replace(answer, body=answer.body[: len(answer.body) // 2])]
    with pytest.raises(OutcomeUnknown):
        await bench.remote.amount_due("o", "p", "u")


# --- silence -----------------------------------------------------------------------------------------

LOST = OutcomeUnknown("the answer never came", service="orders")
REFUSED = Unavailable("connection refused", service="orders")


@pytest.mark.parametrize("silence", [LOST, REFUSED])
async def test_a_lost_answer_is_asked_for_once_more(bench: Bench, silence: ShopError) -> None:
    bench.fake.answer = Busy()
    bench.network.happens = [silence]
    assert await bench.remote.amount_due("o", "p", "u") == Busy()
    first, second = bench.network.questions
    assert (first.method, first.path, first.body) == (second.method, second.path, second.body)


async def test_an_answer_that_is_lost_behind_the_effect_is_asked_for_again(bench: Bench) -> None:
    bench.fake.answer = Refusal("reason", "message")
    bench.network.happens = [lambda _: LOST]
    assert await bench.remote.amount_due("o", "p", "u") == Refusal("reason", "message")
    assert len(bench.fake.asked) == 2


async def test_then_it_is_silence(bench: Bench) -> None:
    bench.network.happens = [LOST] * 5
    with pytest.raises(OutcomeUnknown):
        await bench.remote.give_up("o", "p")
    assert len(bench.network.questions) == ATTEMPTS == 2


@pytest.mark.parametrize(
    ("happens", "kind"),
    [([REFUSED, REFUSED], Unavailable), ([LOST, REFUSED], OutcomeUnknown), ([REFUSED, LOST], OutcomeUnknown)],
)
async def test_what_may_have_arrived_is_never_called_not_applied(
    bench: Bench, happens: list[Any], kind: type[ShopError]
) -> None:
    bench.network.happens = happens
    with pytest.raises(kind) as caught:
        await bench.remote.give_up("o", "p")
    assert type(caught.value) is kind


async def test_definite_errors_are_not_asked_again(bench: Bench) -> None:
    for error in (Unavailable("no"), RateLimited("no"), InvalidState("no")):
        bench.fake.answer = error
        bench.network.questions.clear()
        with pytest.raises(type(error)):
            await bench.remote.give_up("o", "p")
        assert len(bench.network.questions) == 1


async def test_a_question_is_bounded_by_what_is_left(bench: Bench) -> None:
    with deadline(0.5):
        await bench.remote.refunded("o", "p")
    with deadline(30):
        await bench.remote.refunded("o", "p")
    short, long = (question.seconds for question in bench.network.questions)
    assert 0 < short <= 0.5
    assert long == SECONDS
    told = [float(question.headers["shop-timeout"]) for question in bench.network.questions]
    assert told == pytest.approx([short, long], abs=0.001)


async def test_nobody_is_asked_when_the_time_is_up(bench: Bench) -> None:
    with deadline(0), pytest.raises(Unavailable, match="was not asked"):
        await bench.remote.give_up("o", "p")
    assert bench.network.questions == []


async def test_with_little_time_nobody_is_asked_twice(bench: Bench) -> None:
    bench.network.happens = [LOST, LOST]
    with deadline(SECONDS / 2), pytest.raises(OutcomeUnknown):
        await bench.remote.give_up("o", "p")
    assert len(bench.network.questions) == 1


async def test_a_question_carries_who_and_which(bench: Bench) -> None:
    await bench.remote.refunded("o", "p")
    (question,) = bench.network.questions
    assert (question.service, question.method, question.path) == ("orders", "POST", "/internal/orders/refunded")
    assert question.headers["authorization"] == f"Bearer {TOKEN}"
    assert question.headers["x-request-id"] == "r-1"


@pytest.mark.parametrize("token", ["", "shopm_x", "secret"])
def test_only_a_services_token_asks(token: str) -> None:
    with pytest.raises(ValueError, match="shops_"):
        Asking("asker", Network(None), token, lambda: "", Log("asker", io.StringIO()))


# --- what the receiver takes -----------------------------------------------------------------------------


@pytest.fixture
def sent(bench: Bench, runner: asyncio.Runner) -> Iterator[Callable[[bytes], Answer]]:
    def send(body: bytes) -> Answer:
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        return runner.run(bench.network(Question("orders", "POST", "/internal/orders/captured", headers, body, 1)))

    yield send
    assert bench.fake.asked == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"order_id": "o", "payment_id": "p"}',
        b'{"order_id": "o", "payment_id": "p", "amount": "1"}',
        b'{"order_id": "o", "payment_id": "p", "amount": 1.5}',
        b'{"order_id": null, "payment_id": "p", "amount": 1}',
        b'{"order_id": "o", "payment_id": "p", "amount": 1, "more": 1}',
    ],
)
def test_arguments_are_read_strictly(sent: Callable[[bytes], Answer], body: bytes) -> None:
    assert sent(body).status == 400


async def test_an_answer_of_several_classes_names_its_class() -> None:
    bench = Bench("carts")
    for answer in (Refusal("r", "m"), Taken((), _shipping())):
        bench.fake.answer = answer
        got = await bench.remote.take("o", "c", 1, "u", VirtualClock().now)
        assert got == answer


def _shipping() -> Any:  # noqa: ANN401
    from backends import ShippingOption

    return ShippingOption("standard", "Standard", Money.of_minor(490, "EUR"))
