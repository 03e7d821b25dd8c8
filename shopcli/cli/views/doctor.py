"""What `shop doctor` found."""

from shopcli.cli.output.columns import Column, View
from shopcli.core.doctor import Finding

_STATE_STYLES = {"ok": "green", "warning": "yellow", "wrong": "red"}

FINDING = View(
    Finding,
    (
        Column("state", lambda finding: finding.state.value, styles=_STATE_STYLES),
        Column("subject", lambda finding: finding.subject, "looked at"),
        Column("found", lambda finding: finding.found),
        Column("fix", lambda finding: finding.fix, rank=1),
    ),
    identity=lambda finding: finding.subject,
)
