"""Public names stand in `__init__.__all__`: importable, sorted, documented."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType

import pytest

import backends
import shopcli
import stub_services

ROOTS = (backends, shopcli, stub_services)


def _modules() -> Iterator[ModuleType]:
    for root in ROOTS:
        yield root
        for found in walk_packages(root.__path__, f"{root.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


MODULES = tuple(_modules())
PACKAGES = tuple(module for module in MODULES if hasattr(module, "__path__"))
EXPORTING = tuple(package for package in PACKAGES if hasattr(package, "__all__"))
NAMES = tuple((package, name) for package in EXPORTING for name in package.__all__)

every_package = pytest.mark.parametrize("package", EXPORTING, ids=lambda package: package.__name__)
every_name = pytest.mark.parametrize(
    ("package", "name"), NAMES, ids=[f"{package.__name__}.{name}" for package, name in NAMES]
)


def _documented_alias(name: str) -> bool:
    """Whether some module assigns the name and says in the next line what it is."""
    return any(_explains(module, name) for module in MODULES)


def _explains(module: ModuleType, name: str) -> bool:
    body = ast.parse(Path(str(module.__file__)).read_text("utf-8")).body
    for statement, following in pairwise(body):
        annotated = [statement.target] if isinstance(statement, ast.AnnAssign) else []
        targets = statement.targets if isinstance(statement, ast.Assign) else annotated
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
    return False


@every_name
def test_a_public_name_is_there_however_often_it_is_asked_for(package: ModuleType, name: str) -> None:
    thing = getattr(package, name)

    assert not inspect.ismodule(thing), "a module of the same name hides it"
    assert getattr(package, name) is thing


@every_name
def test_a_public_name_is_documented(package: ModuleType, name: str) -> None:
    thing = getattr(package, name)

    if not (inspect.isclass(thing) or inspect.isfunction(thing)):
        assert _documented_alias(name)
        return
    written = thing.__doc__ or ""
    assert written
    assert not written.startswith(f"{name}("), "that is what dataclasses write themselves"


@every_name
def test_public_methods_are_documented(package: ModuleType, name: str) -> None:
    thing = getattr(package, name)
    silent = [
        method
        for method, value in (vars(thing).items() if inspect.isclass(thing) else ())
        if not method.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))
        if not value.__doc__
    ]

    assert silent == []


@every_package
def test_names_are_sorted_and_named_once(package: ModuleType) -> None:
    assert list(package.__all__) == sorted(set(package.__all__))


@every_package
def test_an_unknown_name_is_an_attribute_error(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match=f"{package.__name__}.*nonsense"):
        _ = package.nonsense


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_what_a_package_itself_defines_is_exported(package: ModuleType) -> None:
    own = {
        name
        for name, value in vars(package).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == package.__name__
    }

    assert own <= set(getattr(package, "__all__", ()))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_module_says_what_it_is_for(module: ModuleType) -> None:
    assert module.__doc__
