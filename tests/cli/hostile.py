"""Texts that a shop, a file or a person may send, and what must never reach a terminal."""

import re
import unicodedata
from typing import Final

_JOINER: Final = "\N{ZERO WIDTH JOINER}"
_FAMILY: Final = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"

LONG: Final = "long " * 20_000
"""100 kB of a title."""

TEXTS: Final[dict[str, str]] = {
    # --- what acts on a terminal: ECMA-48 control functions and what xterm made of them ---
    "clear": "\x1b[2J\x1b[H",
    "colour-left-on": "\x1b[41;5m",
    "cursor-up": "\x1b[5A\x1b[2K",
    "scroll-region": "\x1b[1;1r",
    "alternate-screen": "\x1b[?1049h",
    "mouse-reports": "\x1b[?1000h\x1b[?1006h",
    "bracketed-paste-end": "\x1b[201~rm -rf ~\n",
    "device-report": "\x1b[c\x1b[6n",
    "window-report": "\x1b[21t",
    "reset": "\x1bc",
    "charset": "\x1b(0",
    "osc-title": "\x1b]0;pwned\x07",
    "osc-title-st": "\x1b]2;pwned\x1b\\",
    "osc-clipboard": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "osc-link": "\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\",
    "osc-notify": "\x1b]9;pwned\x07",
    "osc-palette": "\x1b]4;0;rgb:ff/ff/ff\x07",
    "dcs": "\x1bP$q q\x1b\\",
    "dcs-sixel": "\x1bPq#0;2;0;0;0#0~~@@\x1b\\",
    "apc": "\x1b_Gf=24;AAAA\x1b\\",
    "pm": "\x1b^privacy\x1b\\",
    "sos": "\x1bXstring\x1b\\",
    "unfinished-csi": "before\x1b[",
    "unfinished-osc": "before\x1b]52;c;",
    "bare-escape": "before\x1b",
    "c1-csi": "\x9b2J\x9b31m",
    "c1-osc": "\x9d52;c;cm0=\x9c",
    "c1-dcs": "\x90q\x9c",
    "c1-nel": "one\x85two",
    "c1-all": "".join(map(chr, range(0x80, 0xA0))),
    # --- single control characters ---
    "bel": "\x07" * 3,
    "backspace": "safe\x08\x08\x08\x08evil",
    "carriage-return": "expensive\rcheap    ",
    "crlf": "one\r\ntwo",
    "vertical-tab": "one\x0btwo",
    "form-feed": "one\x0ctwo",
    "delete": "one\x7f\x7ftwo",
    "nul": "one\x00two",
    "shift-out": "\x0e\x0f",
    "separators": "one\x1ctwo\x1dthree\x1efour\x1ffive",
    "substitute": "one\x1atwo\x04",
    "tab": "one\ttwo\t\tthree",
    "newline": "one\ntwo\n\nthree",
    # --- what reorders, hides or breaks lines in Unicode ---
    "bidi-override": "\u202egpj.exe\u202c",
    "bidi-embedding": "\u202aone\u202btwo\u202c",
    "bidi-isolates": "\u2066one\u2067two\u2068three\u2069",
    "bidi-marks": "\u200eone\u200ftwo\u061c",
    "zero-width": "o\u200bn\u200ce\ufeff\u2060",
    "soft-hyphen": "soft\u00adhyphen",
    "tags": "flag" + "".join(chr(0xE0000 + ord(letter)) for letter in "hidden") + "\U000e007f",
    "variation-selectors": "a" + "\ufe0e\ufe0f" * 50 + "\U000e0100\U000e01ef",
    "interlinear": "\ufff9base\ufffaruby\ufffb",
    "line-separator": "one\u2028two",
    "paragraph-separator": "one\u2029two",
    "deprecated-format": "\u206a\u206b\u206c\u206d\u206e\u206f",
    "musical-format": "\U0001d173\U0001d174",
    "private-use": "\ue000\uf8ff\U000f0000\U0010fffd",
    "noncharacters": "\ufdd0\ufffe\uffff\U0001ffff\U0010ffff",
    "lone-high-surrogate": "one\ud800two",
    "lone-low-surrogate": "one\udfff",
    "undecodable-byte": "one\udcff\udc9b",
    "replacement": "\ufffd\ufffc",
    "marks": "z" + "\u0301\u0316" * 5_000,
    "enclosing-marks": "z" + "\u20dd" * 1_000,
    "rtl": "עדשה 50 מ״מ و\u200e عدسة",
    "cjk": "佳能标准定焦镜头 日本語のレンズ 렌즈 " * 5,
    "half-and-full-width": "\uff76\uff85 \uff26\uff35\uff2c\uff2c\u3000\uff37\uff29\uff24\uff34\uff28",
    "emoji": f"{_FAMILY} \U0001f3f3\ufe0f\u200d\U0001f308 \U0001f1e9\U0001f1ea 1\ufe0f\u20e3",
    "joiners": f"a{_JOINER * 500}b",
    "spaces": "\u00a0\u2003\u3000\u2800 \u1680 x",
    # --- what other programs run ---
    "markup": "[bold red]x[/bold red]",
    "markup-end": "[/]",
    "markup-broken": "[/b] [[ \\[ ]",
    "markup-action": "[@click=app.quit]x[/]",
    "markup-link": "[link=http://evil.example/]x[/link]",
    "emoji-code": ":warning: :smile:",
    "formula": "=cmd|'/C calc'!A0",
    "formula-plus": "+1+1",
    "formula-at": "@SUM(A1)",
    "percent": "%s%n%(x)s%d",
    "braces": "{} {0} {x!r} {0.__class__}",
    "template": "${HOME} $(id) `id` {{7*7}}",
    "shell": "x; touch pwned; '\"\\ | & > <",
    "sql": "'; DROP TABLE products; --",
    "quotes": "\"'`\\\"\\'",
    "json-breaking": '"}]},"x":{"\\u001b": "\\',
    "html": "<script>alert(1)</script>&lt;",
    "flag": "--json",
    "short-flag": "-o",
    "end-of-options": "--",
    "dots": "../../../etc/passwd",
    "number": "1001",
    "last": "@last",
    "very-long": LONG,
    "long-word": "x" * 100_000,
}

STORABLE: Final = {name: text for name, text in TEXTS.items() if not re.search("[\ud800-\udfff]", text)}
"""Without lone surrogates, which no database takes."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def without_colours(written: str) -> str:
    """Return what was written without SGR colours, the one escape sequence that a table may use."""
    return _COLOUR.sub("", written)


def acting(written: str, *, allowed: str = "\n") -> set[str]:
    """Return the characters in what was written that a terminal or a reader would obey, as escapes."""
    return {
        ascii(letter)
        for letter in set(without_colours(written)) - set(allowed) - {_JOINER}
        if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    }
