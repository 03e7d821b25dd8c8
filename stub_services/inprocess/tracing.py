"""The hops between services in process, for `--trace`. Loaded only while somebody records."""

from collections.abc import Awaitable, Callable

from backends.errors import ShopError
from backends.tracing import Hop, elapsed, note, recording
from stub_services.peers import Busy, Refusal

Call = Callable[..., Awaitable[object]]


def traced(caller: str, callee: str, action: str, call: Call) -> Call:
    """Return the call, which notes itself together with what it caused."""

    async def hop(*arguments: object, **options: object) -> object:
        started, status = elapsed(), "internal"
        try:
            with recording() as caused:
                answer = await call(*arguments, **options)
            status = _status(answer)
        except ShopError as error:
            status = error.code
            raise
        finally:
            note(Hop(caller, callee, action, status, started, elapsed() - started, hops=tuple(caused)))
        return answer

    return hop


def _status(answer: object) -> str:
    if isinstance(answer, Refusal):
        return answer.reason
    return "busy" if isinstance(answer, Busy) else "ok"
