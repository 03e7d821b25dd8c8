"""Scripted demo runs: one Markdown file is the documentation, the live demo and the test at once.

```
scenario      a file: its front matter, its steps, and what stands in them
front_matter  the few lines in front that say what it is called and what it needs
grammar       a statement, from text; its EBNF is the language's reference
values        the part of the grammar that is about values, and the names that are known
cursor        reading token by token      tokens    what a line is made of
statements    a statement, as frozen data that prints as it is written
mistakes      what is wrong with a file, and where
expressions   whether an expectation holds
comparing     when two values are equal
stage         a shop to play in, and the people who shop there
playing       a scenario, statement by statement, before those who watch:
narration     a person, on a screen         tap, reports    programs
recording     a tape for later              picture         ... as one SVG
wording, markdown, ansi                     what they have in common
serving       a served shop for one scenario, on a leash (leashed)
scenarios/    those that come with shop
```
"""

from typing import TYPE_CHECKING

from backends.lazy import exporter

if TYPE_CHECKING:
    from shopcli.demo.expressions import Environment, Failed, Held, evaluate
    from shopcli.demo.mistakes import SyntaxMistake
    from shopcli.demo.scenario import Scenario, Step, built_in, parse, read
    from shopcli.demo.statements import Command, Expectation, Operation, Prose

_MODULES = {
    "expressions": ("Environment", "Failed", "Held", "evaluate"),
    "mistakes": ("SyntaxMistake",),
    "scenario": ("Scenario", "Step", "built_in", "parse", "read"),
    "statements": ("Command", "Expectation", "Operation", "Prose"),
}

__getattr__ = exporter(__name__, _MODULES)

__all__ = [
    "Command",
    "Environment",
    "Expectation",
    "Failed",
    "Held",
    "Operation",
    "Prose",
    "Scenario",
    "Step",
    "SyntaxMistake",
    "built_in",
    "evaluate",
    "parse",
    "read",
]
