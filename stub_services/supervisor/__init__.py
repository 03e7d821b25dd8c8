"""`shop serve`: the five services and the gateway as processes, looked after by one more.

The names are loaded at their first use: `stub_services.supervisor.leash` starts every process and must cost nothing.
"""

from typing import TYPE_CHECKING

from backends.lazy import exporter

if TYPE_CHECKING:
    from stub_services.supervisor.logs import LogStream
    from stub_services.supervisor.plan import GATEWAYS, Plan, parse_replicas, parse_services
    from stub_services.supervisor.shop import Served, serve

__getattr__ = exporter(
    __name__,
    {
        "logs": ("LogStream",),
        "plan": ("GATEWAYS", "Plan", "parse_replicas", "parse_services"),
        "shop": ("Served", "serve"),
    },
)

__all__ = ["GATEWAYS", "LogStream", "Plan", "Served", "parse_replicas", "parse_services", "serve"]
