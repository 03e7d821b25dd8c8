"""A process that starts and never answers."""

import signal

from stub_services.gateway.log import log

log("users", "waiting")
signal.pause()
