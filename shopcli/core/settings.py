"""What can be set: one table, from which `shop config`, its validation and its documentation are made."""

from collections.abc import Sequence
from typing import NamedTuple

OUTPUTS = ("table", "tsv", "json", "jsonl", "id")
MIN_SECONDS, MAX_SECONDS = 0.001, 3600.0


def not_one_of(choices: Sequence[str], value: object) -> str:
    """Return what to say, behind its name, about a value that is none of `choices`; and which one was meant."""
    from difflib import get_close_matches

    close = get_close_matches(str(value).casefold(), choices, n=1)
    guess = f", did you mean {close[0]}?" if close else ""
    return f"is one of {', '.join(choices)}, not {value!r}{guess}"


class Setting(NamedTuple):
    """Something that a person may choose for all commands. Values are kept as text."""

    name: str
    default: str
    meaning: str
    choices: tuple[str, ...] = ()
    """All that it may be; empty for `timeout`, a number of seconds, and `profile`, a name."""
    variable: str | None = None
    """The environment variable that is stronger than the file."""
    of_profiles: bool = True
    """Whether a profile may have its own."""

    def checked(self, value: object) -> str:
        """Return a value as it is kept. Raises ValueError with the reason, to stand behind the name."""
        if self.choices:
            if value not in self.choices:
                raise ValueError(not_one_of(self.choices, value))
            return str(value)
        return _seconds(value)


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("output", "", "how results are written: -o", OUTPUTS, "SHOP_OUTPUT"),
        Setting("timeout", "10", "seconds that a command may take", (), "SHOP_TIMEOUT"),
        Setting(
            "color", "auto", "colours: where there is a terminal, in pipes too, or never", ("auto", "always", "never")
        ),
        Setting("prompts", "picker", "how what is missing is asked for", ("picker", "plain", "never"), "SHOP_PROMPTS"),
        Setting("theme", "dark", "the full-screen shop's colours", ("dark", "light"), of_profiles=False),
        Setting("credentials", "file", "where the token of a session is kept", ("file", "keyring"), "SHOP_CREDENTIALS"),
        Setting("pager", "auto", "what is longer than the screen goes through $PAGER", ("auto", "never"), "SHOP_PAGER"),
        Setting("profile", "default", "which shop: shop profile use", (), "SHOP_PROFILE", of_profiles=False),
    )
}
"""By name. `output` has no fixed default: a table on a terminal, TSV in a pipe. `profile` is not in config.toml."""

IN_FILE = tuple(name for name in SETTINGS if name != "profile")


def _seconds(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)  # as TOML writes it
    whole, point, fraction = text.partition(".")
    plain = text.isascii() and whole.isdigit() and (fraction.isdigit() or not point)
    if not plain or not MIN_SECONDS <= float(text) <= MAX_SECONDS:
        shown = repr(value) if isinstance(value, str) else text
        msg = f"is a number of seconds from {MIN_SECONDS:g} to {MAX_SECONDS:.0f}, not {shown}"
        raise ValueError(msg)
    return text
