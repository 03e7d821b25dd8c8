"""What is told about a profile. Apart from `profiles`, which every command imports: making this class costs it more."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """A shop by name."""

    name: str
    backend: str | None
    """Its URL; None where the profile's file is damaged or gone."""
    current: bool
    """Whether this command uses it."""
    chosen_by: str | None
    """What made it the current one: a flag, a variable, `shop profile use` or `default`."""
    account: str | None
    """Who is logged in: the e-mail address, or the account's id where only that is known."""
