"""Profiles."""

from shopcli.cli.output.columns import Column, View
from shopcli.core.profile import Profile

PROFILE = View(
    Profile,
    (
        Column("name", lambda profile: profile.name),
        Column("current", lambda profile: profile.current, styles={"yes": "green"}),
        Column("backend", lambda profile: profile.backend or "damaged", shrinks=True, styles={"damaged": "red"}),
        Column("account", lambda profile: profile.account, rank=1),
        Column("chosen_by", lambda profile: profile.chosen_by, "chosen by", rank=2),
    ),
    identity=lambda profile: profile.name,
)
