"""Packages whose public names are loaded from their modules at the first use (PEP 562)."""

from collections.abc import Callable, Mapping
from importlib import import_module


def exporter(package: str, modules: Mapping[str, tuple[str, ...]]) -> Callable[[str], object]:
    """Return a module-level `__getattr__` that finds each name in the module listed for it."""
    home = {name: module for module, names in modules.items() for name in names}

    def load(name: str) -> object:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{home[name]}"), name)

    return load
