"""What a METAVAR stands for where no shop is asked: profiles, services, settings, topics."""

from pathlib import Path

from shopcli.cli.completing.words import Candidate, commands, is_plain, offered

TYPE_CHECKING = False  # as typing's, whose import costs 0.9 of a bare Python start
if TYPE_CHECKING:
    from collections.abc import Callable

    from shopcli.cli.completing.words import Line


def _profiles(line: "Line") -> list[Candidate]:
    """Return the profiles, but no names for a new one."""
    if line.command == "profile create" and line.awaits is None:
        return []
    from shopcli.core.profiles import Profiles

    profiles = Profiles()
    return [offered(name, profiles.show(name, chosen_by=None).backend or "") for name in profiles.names()]


def _urls(line: "Line") -> list[Candidate]:
    from backends.registry import BACKENDS
    from shopcli.core.profiles import Profiles

    schemes = [Candidate(f"{name}://" if name.startswith("http") else f"{name}:") for name in BACKENDS]
    profiles = Profiles()
    known = [(profiles.show(name, chosen_by=None).backend or "", name) for name in profiles.names()]
    return schemes + [offered(url, f"profile {name}") for url, name in known if is_plain(url)]


def _services(line: "Line") -> list[Candidate]:
    from shopcli.core.isolation import NAMES

    return [Candidate(service, name) for service, name in NAMES.items()]


def _services_or_faults(line: "Line") -> list[Candidate]:
    return [*_services(line), Candidate("list", "What is injected now"), Candidate("clear", "End faults")]


def _kinds(line: "Line") -> list[Candidate]:
    """Return kinds of gateways, or of faults; behind `clear` a service."""
    if line.command == "serve":
        return [Candidate("python"), Candidate("nginx")]
    if line.arguments == ["clear"]:
        return _services(line)
    from backends.models import FaultKind

    return [Candidate(kind.value) for kind in FaultKind]


def _scenarios(line: "Line") -> list[Candidate]:
    scenarios = Path(__file__).parents[2] / "demo" / "scenarios"
    return [Candidate(path.stem) for path in sorted(scenarios.glob("*.md"))]


def _topics(line: "Line") -> list[Candidate]:
    words = " ".join(line.arguments)
    texts = sorted((Path(__file__).parents[1] / "topics").glob("*.txt"))
    return commands(words, "") + [Candidate(text.stem) for text in texts if not words]


def _settings(line: "Line") -> list[Candidate]:
    from shopcli.core.settings import SETTINGS

    return [Candidate(name, setting.meaning) for name, setting in SETTINGS.items()]


def _values_of_settings(line: "Line") -> list[Candidate]:
    """Return what the setting in front of it may be."""
    from shopcli.core.settings import SETTINGS

    setting = SETTINGS.get(line.arguments[0]) if line.command == "config set" else None
    return [Candidate(choice) for choice in setting.choices] if setting else []


HERE: "dict[str, Callable[[Line], list[Candidate]]]" = {
    "NAME": _profiles,
    "NAME|FILE": _scenarios,
    "SERVICE": _services,
    "SERVICE|list|clear": _services_or_faults,
    "KIND": _kinds,
    "URL": _urls,
    "TOPIC": _topics,
    "KEY": _settings,
    "VALUE": _values_of_settings,
}
