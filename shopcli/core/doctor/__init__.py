"""`shop doctor`: looking for what is wrong. A broken thing is a finding, and the rest is looked at all the same."""

from shopcli.core.doctor.databases import local_databases
from shopcli.core.doctor.files import data_directory_itself, directories_within, free_space, private_files
from shopcli.core.doctor.finding import Finding, Look, State, Surroundings, guarded
from shopcli.core.doctor.kept import journals, profiles, session, settings
from shopcli.core.doctor.program import installation, plug_ins, python
from shopcli.core.doctor.terminal import characters, kind_of_terminal
from shopcli.core.doctor.visit import shop_in_use

__all__ = ["Finding", "State", "Surroundings", "examine"]

# Modes before contents: reading a session makes its file private again. Asking the shop comes last, for it may take
# as long as a command may.
_LOOKS: tuple[tuple[str, Look], ...] = (
    ("Python", python),
    ("shop", installation),
    ("plug-ins", plug_ins),
    ("text", characters),
    ("terminal", kind_of_terminal),
    ("data directory", data_directory_itself),
    ("data directory", directories_within),
    ("private files", private_files),
    ("free space", free_space),
    ("settings", settings),
    ("profiles", profiles),
    ("session", session),
    ("journal", journals),
    ("databases", local_databases),
    ("shop in use", shop_in_use),
)


def examine(surroundings: Surroundings) -> tuple[Finding, ...]:
    """Look at everything; never raises."""
    return tuple(finding for subject, look in _LOOKS for finding in guarded(subject, look, surroundings))
