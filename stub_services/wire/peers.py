"""`stub_services.peers` over HTTP: `POST /internal/PEER/METHOD` with the arguments as a JSON object.

The protocols' signatures are the specification for both ends. An answer that is one of several classes is sent as
`{"Taken": {...}}`. A receiver is idempotent, so a lost answer is repeated once at once; then it is silence.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from types import UnionType
from typing import Any, get_args, get_type_hints

import msgspec

from backends.deadline import remaining
from backends.errors import BY_CODE, InvalidState, NotFound, Outcome, OutcomeUnknown, ShopError, Unavailable
from backends.tracing import Hop, elapsed, is_recording, load, note
from stub_services.peers import READS, CartPeer, Keeper, OrderPeer, PaymentPeer, StockPeer, Worker
from stub_services.wire.endpoint import Call, Endpoint, Needs
from stub_services.wire.exchange import Answer, Exchange, Question
from stub_services.wire.log import Log
from stub_services.wire.trust import SERVICE

PEERS: dict[str, tuple[str, type]] = {
    "carts": ("carts", CartPeer),
    "cart-keeper": ("carts", Keeper),
    "stock": ("products", StockPeer),
    "orders": ("orders", OrderPeer),
    "payments": ("payments", PaymentPeer),
    "payment-keeper": ("payments", Keeper),
    "order-worker": ("orders", Worker),
    "payment-worker": ("payments", Worker),
}
"""Each peer's name on the wire: the service that plays it, and its protocol."""
_REFUSALS: dict[str, tuple[type[ShopError], ...]] = {"give_up": (NotFound, InvalidState)}
"""Errors that a method's protocol tells: all others of a peer are silence, and no word to the customer."""
SECONDS = 2.0
"""A peer that takes longer is silent: whoever asks has a caller who waits, too."""
ATTEMPTS = 2


class _Method:
    """One method of a peer: how its arguments and its answer look on the wire."""

    def __init__(self, protocol: type, name: str) -> None:
        hints = get_type_hints(getattr(protocol, name))
        self.name = name
        self.returns = hints.pop("return")
        self.parameters = list(hints)
        self.arguments = msgspec.defstruct(f"{name}_arguments", list(hints.items()), forbid_unknown_fields=True)
        kinds = get_args(self.returns) if isinstance(self.returns, UnionType) else ()
        self._kinds = {kind.__name__: kind for kind in kinds}

    def encode(self, answer: object) -> bytes:
        """Return an answer's JSON."""
        return msgspec.json.encode({type(answer).__name__: answer} if self._kinds else answer)

    def decode(self, body: bytes) -> Any:  # noqa: ANN401  what the method returns
        """Return the answer; raises msgspec.MsgspecError, KeyError, ValueError for what is none."""
        if not self._kinds:
            return msgspec.json.decode(body, type=self.returns)
        ((name, answer),) = msgspec.json.decode(body, type=dict[str, msgspec.Raw]).items()
        return msgspec.json.decode(answer, type=self._kinds[name])


@cache
def _methods(protocol: type) -> dict[str, _Method]:
    return {name: _Method(protocol, name) for name in vars(protocol) if not name.startswith("_")}


def endpoints_of(peer: str) -> tuple[Endpoint, ...]:
    """Return the endpoints by which others ask this peer."""
    return tuple(_endpoint(peer, method) for method in _methods(PEERS[peer][1]).values())


def _endpoint(peer: str, method: _Method) -> Endpoint:
    async def ask(service: object, call: Call, body: Any) -> msgspec.Raw:  # noqa: ANN401, ARG001
        arguments = {name: getattr(body, name) for name in method.parameters}
        return msgspec.Raw(method.encode(await getattr(service, method.name)(**arguments)))

    ask.__name__ = method.name
    ask.__annotations__ |= {"body": method.arguments, "return": msgspec.Raw}
    return Endpoint("POST", f"/internal/{peer}/{method.name}", ask, Needs.SERVICE, max_body=1024 * 1024)


class Asking:
    """Asks other services, in the name of one of them."""

    def __init__(self, caller: str, exchange: Exchange, token: str, request_id: Callable[[], str], log: Log) -> None:
        """`token` is the credential of service-to-service calls; `log` gets what no peer should answer."""
        if not token.startswith(SERVICE):
            msg = f"a service's token begins with {SERVICE}"
            raise ValueError(msg)
        self._caller = caller
        self._exchange = exchange
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self._request_id = request_id
        self._log = log

    def peer(self, name: str) -> Any:  # noqa: ANN401  the protocol that PEERS tells
        """Return the peer of that name: its methods ask over the wire."""
        service, protocol = PEERS[name]
        return _Remote(self, name, service, _methods(protocol))

    async def ask(self, service: str, method: str, path: str, body: bytes = b"") -> Answer:
        """Return the answer with status 200. Raises the ShopError that it tells, or silence."""
        silence: ShopError = Unavailable(f"{service} was not asked: the time is up", service=service)
        for attempt in range(1, ATTEMPTS + 1):
            before = remaining()
            seconds = min(SECONDS, before)
            if seconds <= 0:
                break
            try:
                answer = await self._traced(self._question(service, method, path, body, seconds), attempt)
            except (Unavailable, OutcomeUnknown) as error:
                if not isinstance(silence, OutcomeUnknown):  # a request that got lost may still have been answered
                    silence = error
                left = remaining()
                if left < SECONDS or before - left >= seconds:  # whoever said nothing all the time will not now
                    break
                continue
            if answer.status == 200:  # noqa: PLR2004
                return answer
            raise self._told(answer, service, path)
        raise silence

    def _told(self, answer: Answer, service: str, path: str) -> ShopError:
        """Return the error that an answer tells, if it is one for the customer, else silence."""
        error = told(answer, service)
        passing: tuple[type[ShopError], ...] = (
            Unavailable,
            OutcomeUnknown,
            *_REFUSALS.get(path.rpartition("/")[2], ()),
        )
        if isinstance(error, passing):
            return error
        self._log.say(
            "error", "peer", peer=service, path=path, status=answer.status, code=error.code, error=error.message
        )
        silent = Unavailable if error.outcome is Outcome.NOT_APPLIED else OutcomeUnknown
        return silent(f"{service} cannot be asked", service=service)

    def _question(self, service: str, method: str, path: str, body: bytes, seconds: float) -> Question:
        headers = {**self._headers, "shop-timeout": f"{seconds:.3f}", "x-request-id": self._request_id()}
        if is_recording():
            headers["shop-trace"] = "1"
        return Question(service, method, path, headers, body, seconds)

    async def _traced(self, question: Question, attempt: int) -> Answer:
        started = elapsed()
        status, hops = "", ""
        try:
            answer = await self._exchange(question)
            status, hops = str(answer.status), answer.headers.get("shop-trace", "")
        except ShopError as error:
            status = error.code
            raise
        finally:
            if is_recording():
                action = question.path.removeprefix("/internal/").replace("/", ".")
                took = elapsed() - started
                note(Hop(self._caller, question.service, action, status, started, took, attempt, load(hops)))
        return answer


class _Remote:
    def __init__(self, asking: Asking, peer: str, service: str, methods: dict[str, _Method]) -> None:
        self._asking = asking
        self._peer = peer
        self._service = service
        self._methods = methods

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = self._methods.get(name)
        if method is None:
            raise AttributeError(name)

        async def ask(*arguments: object) -> Any:  # noqa: ANN401  what the method returns
            body = msgspec.json.encode(dict(zip(method.parameters, arguments, strict=True)))
            try:
                answer = await self._asking.ask(self._service, "POST", f"/internal/{self._peer}/{name}", body)
                return _understood(method, answer, self._service)
            except OutcomeUnknown as silence:
                if name not in READS:
                    raise
                raise Unavailable(silence.message, service=silence.service) from silence

        return ask


def _understood(method: _Method, answer: Answer, service: str) -> Any:  # noqa: ANN401
    try:
        return method.decode(answer.body)
    except (msgspec.MsgspecError, KeyError, ValueError, RecursionError) as error:
        msg = f"{service} answered what is no answer"
        raise OutcomeUnknown(msg, service=service) from error


def told(answer: Answer, service: str) -> ShopError:
    """Return the error that an answer tells, whoever it is for."""
    try:
        problem = msgspec.json.decode(answer.body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        problem = {}
    kind = BY_CODE.get(str(problem.get("code")), OutcomeUnknown)
    outcome, retry_after = problem.get("outcome"), problem.get("retry_after")
    return kind(
        str(problem.get("detail") or f"{service} answered {answer.status}"),
        hint=problem.get("hint") if isinstance(problem.get("hint"), str) else None,
        service=str(problem.get("service") or service),
        outcome=Outcome(outcome) if outcome in tuple(Outcome) else None,
        retry_after=retry_after if isinstance(retry_after, int | float) else None,
    )
