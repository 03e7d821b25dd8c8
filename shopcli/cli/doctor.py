"""`shop doctor`."""

import os
import sys
from dataclasses import replace

import typer

from backends.errors import ConfigurationError
from shopcli.cli.next_commands import repeated
from shopcli.cli.options import is_terminal
from shopcli.cli.run import Run, prepare
from shopcli.cli.views.doctor import FINDING
from shopcli.core.doctor import Finding, State, Surroundings, examine


def doctor(context: typer.Context) -> None:
    """Look for what is wrong, and say what mends it. Nothing is changed.

    Looked at are Python and shop, plug-ins, the terminal, the data directory, settings and profiles, where the session
    is kept, unfinished checkouts, databases, and the shop in use with its services and its clock.

    Examples:
      shop doctor
      shop doctor --profile mine
      shop doctor --json | jq -r '.items[] | select(.state != "ok").fix'

    Exit codes:
      12  something is wrong; a warning alone is 0
    """
    run = prepare(context, FINDING)
    found = [_here(run, finding) for finding in examine(_surroundings(run))]
    run.out.list(FINDING, found, total=len(found), empty="")
    for finding in found:
        if finding.fix or finding.state is State.WRONG:
            _tell(run, finding)
    if all(finding.state is State.OK for finding in found):
        run.out.say(f"{len(found)} looked at, nothing is wrong")
    if any(finding.state is State.WRONG for finding in found):
        raise typer.Exit(ConfigurationError.exit_code)


def _surroundings(run: Run) -> Surroundings:
    return Surroundings(
        shop=lambda: run.shop,
        ask=run.do,
        chosen_by=run.options.chosen_by,
        environment=os.environ,
        encoding=getattr(sys.stdout, "encoding", None) or "",
        terminal=is_terminal(sys.stdout),
        color=run.options.color,
    )


def _here(run: Run, finding: Finding) -> Finding:
    """Let the command be about the shop that was looked at."""
    return replace(finding, fix=finding.fix and repeated(finding.fix, run.options.again))


def _tell(run: Run, finding: Finding) -> None:
    """Say the whole of it: the table has little room for commands."""
    mark = "✗" if finding.state is State.WRONG else "!"
    run.out.say(f"{mark} {finding.subject}: {finding.found}")
    if finding.fix:
        run.out.next(finding.fix)
