"""Kinds of shops, and what a shop can do."""

from shopcli.cli.output.columns import Card, Column, View
from shopcli.core.kinds import BROKEN, OK, Abilities, Kind

_STATE_STYLES = {OK: "green", BROKEN: "red"}


def _source(kind: Kind) -> str:
    return "built in" if kind.distribution is None else f"{kind.distribution} {kind.version}"


KIND = View(
    Kind,
    (
        Column("scheme", lambda kind: kind.scheme),
        Column("about", lambda kind: kind.about, "what it is", shrinks=True),
        Column("source", _source, "comes from"),
        Column("state", lambda kind: kind.state, styles=_STATE_STYLES),
        Column("reason", lambda kind: kind.reason, rank=1, shrinks=True),
    ),
    identity=lambda kind: kind.scheme,
)

_ABILITY = (
    Column("capability", lambda ability: ability.capability.value),
    Column("able", lambda ability: ability.able, "", styles={"yes": "green"}),
    Column("meaning", lambda ability: ability.meaning, shrinks=True),
)

ABILITIES = View(
    Abilities,
    _ABILITY,
    identity=lambda ability: ability.capability.value,
    rows=lambda abilities: abilities.capabilities,
    card=lambda abilities: Card([abilities.backend, ""], _ABILITY, abilities.capabilities),
)
