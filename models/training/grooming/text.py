"""Normalises text exactly as `models/src/grooming/text.rs` does; a golden test keeps the two together."""

from __future__ import annotations

import unicodedata

LONGEST_REPEAT = 3

# Format characters that show nothing: soft hyphen, zero-width and directional marks, variation selectors, BOM.
_INVISIBLE = frozenset(
    [0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x3164, 0xFEFF, 0xFFA0]
    + list(range(0x200B, 0x2010))
    + list(range(0x202A, 0x202F))
    + list(range(0x2060, 0x2070))
    + list(range(0xFE00, 0xFE10))
    + list(range(0xE0000, 0xE1000))
)


def normalise(text: str) -> str:
    """NFKC; invisible characters out; control characters and runs of white space to one space; repeats cut to three."""
    visible = (c for c in unicodedata.normalize("NFKC", text) if ord(c) not in _INVISIBLE)
    spaced = "".join(" " if unicodedata.category(c) == "Cc" else c for c in visible)
    return _cut_repeats(" ".join(spaced.split()))


def _cut_repeats(text: str) -> str:
    kept: list[str] = []
    for character in text:
        if kept[-LONGEST_REPEAT:] != [character] * LONGEST_REPEAT:
            kept.append(character)
    return "".join(kept)
