"""Services, their states and their faults."""

from backends.models import Fault, ServiceHealth
from shopcli.cli.output.columns import Column, View

_STATE_STYLES = {"up": "green", "degraded": "yellow", "down": "red"}


def _latency(health: ServiceHealth) -> str | None:
    return None if health.milliseconds is None else f"{health.milliseconds:.1f}"


HEALTH = View(
    ServiceHealth,
    (
        Column("service", lambda health: health.service, "name"),
        Column("status", lambda health: health.status, "state", styles=_STATE_STYLES),
        Column("version", lambda health: health.version, rank=2),
        Column("milliseconds", _latency, "latency ms", right=True, rank=1),
        Column("detail", lambda health: health.detail, "last error", shrinks=True),
    ),
    identity=lambda health: health.service,
)

FAULT = View(
    Fault,
    (
        Column("service", lambda fault: fault.service),
        Column("kind", lambda fault: fault.kind.value),
        Column("action", lambda fault: fault.action or "all", rank=1),
        Column("rate", lambda fault: f"{fault.rate:g}", right=True, rank=2),
        Column("seconds", lambda fault: f"{fault.seconds:g}", right=True, rank=3),
        Column("times", lambda fault: "all" if fault.times is None else fault.times, right=True, rank=2),
        Column("step", lambda fault: fault.step, right=True, rank=4),
        Column("after", lambda fault: fault.after, rank=5),
    ),
    identity=lambda fault: fault.service,
)
