"""What `shop __complete` answers a shell when somebody presses TAB.

    shop __complete bash COMP_WORDBREAKS LINE
    shop __complete zsh|fish WORDS... WORD

The first line says what follows: `words`, or the shell's own `files` or `directories` as well. These come behind the
first letters of the word, which the next line has; bash has three lines more (see `_bash`).
"""

import sys

from shopcli.cli.completing.words import Candidate, Completion, complete

TYPE_CHECKING = False  # as typing's, whose import costs 0.9 of a bare Python start
if TYPE_CHECKING:
    from collections.abc import Callable


def answer(arguments: list[str]) -> None:
    """Print the candidates; nothing at all where anything goes wrong."""
    try:
        lines = _ANSWERS[arguments[0]](arguments[1:])
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
        print(*lines, sep="\n", flush=True)
    except (Exception, KeyboardInterrupt):  # noqa: BLE001 - whatever is said would stand in the line being typed
        return


def _bash(arguments: list[str]) -> list[str]:
    """Answer bash, which replaces what stands behind the last break, not the whole word.

    Behind the head of a file's name come the number of letters to leave out of each word, the letters of the name that
    are typed already, and the quote that is open.
    """
    breaks, text = arguments
    words, word, kept, quote = split(text, breaks)
    found = complete(words[1:], word)
    end = "" if quote else " "
    offered = [each.text[kept:] + (end if each.is_whole else "") for each in found.candidates]
    files = [found.head, str(kept), word[len(found.head) :], quote] if found.files else []
    return [found.files or "words", *files, *offered]


def _zsh(arguments: list[str]) -> list[str]:
    r"""Answer zsh: `+word:description` for a whole word, `-` for one that goes on; colons of a word are `\:`."""

    def offer(each: Candidate) -> str:
        word = each.text.replace("\\", "\\\\").replace(":", "\\:")
        about = each.description and f":{each.description}"
        return f"{'+' if each.is_whole else '-'}{word}{about}"

    return _described(arguments, offer)


def _fish(arguments: list[str]) -> list[str]:
    """Answer fish: a word, a tab and its description. The word that it gives still has the quotes that were typed."""
    return _described(
        [*arguments[:-1], split(arguments[-1], "")[1]], lambda each: f"{each.text}\t{each.description}".rstrip("\t")
    )


def _described(arguments: list[str], offer: "Callable[[Candidate], str]") -> list[str]:
    *words, word = arguments
    found: Completion = complete(words, word)
    files = [found.head] if found.files else []
    return [found.files or "words", *files, *map(offer, found.candidates)]


def split(text: str, breaks: str) -> tuple[list[str], str, int, str]:
    """Split a line as a shell does, and return its words and the last one, at which the cursor is.

    Of the last one also: how many of its letters stand before bash's last break, and the quote that is open.
    """
    words: list[str] = []
    word, quote, kept, begun, escaped = "", "", 0, False, False
    for letter in text:
        if escaped:
            word, escaped = word + letter, False
        elif letter == "\\" and quote != "'":
            begun = escaped = True
        elif quote:
            quote, word = ("", word) if letter == quote else (quote, word + letter)
        elif letter in "'\"":
            quote, begun, kept = letter, True, len(word)
        elif letter in " \t\n":
            if begun or word:
                words.append(word)
            word, kept, begun = "", 0, False
        else:
            word += letter
            kept = len(word) if letter in breaks else kept
    return words, word, kept, quote


_ANSWERS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
