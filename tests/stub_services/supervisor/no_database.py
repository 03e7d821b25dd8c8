"""A process that cannot use its database: the first argument says by which code, the second what helps."""

import signal
import sys

from stub_services.wire.log import Log

Log("users").say("error", "database", error="the database is damaged", code=sys.argv[1], hint=sys.argv[2])
signal.pause()
