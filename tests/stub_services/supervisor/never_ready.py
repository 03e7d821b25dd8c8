"""A process that starts and never answers."""

import signal

from stub_services.wire.log import Log

Log("users").say("info", "waiting")
signal.pause()
