"""How people type: registers, slips and the artefacts of the real corpora, laid over either label alike.

Odd spelling, placeholders and length must say nothing about the label, so every conversation draws its styles from
the same dice whatever it is.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

_SPELL_OUT = {
    "u": "you", "r": "are", "ur": "your", "rn": "right now", "im": "I'm", "i": "I", "dont": "don't", "pls": "please",
    "thx": "thanks", "idk": "I don't know", "wanna": "want to", "gonna": "going to", "cant": "can't", "wont": "won't",
    "whats": "what's", "k": "okay", "ya": "yes", "wbu": "what about you", "hbu": "how about you", "btw": "by the way",
    "ill": "I'll", "id": "I'd", "pic": "picture", "pics": "pictures", "lol": "", "msgs": "messages", "tho": "though",
    "irl": "in real life", "omg": "oh my god", "gtg": "I have to go", "brb": "be right back", "omw": "on my way",
}  # fmt: skip
_SHORTEN = {
    "you": "u", "are": "r", "your": "ur", "you're": "ur", "please": "pls", "thanks": "thx", "right now": "rn",
    "what are you doing": "wyd", "i don't know": "idk", "because": "cuz", "want to": "wanna", "going to": "gonna",
    "about": "abt", "people": "ppl", "with": "w", "tomorrow": "tmrw", "today": "2day", "to": "2", "though": "tho",
}  # fmt: skip
_TEEN_ENDINGS = (" lol", " haha", " omg", " :)", " :(", " xd", " fr", " ngl", "!!", "...", " bro", " lmao")
_OPENERS = (
    "haha", "oh nice,", "ok so", "anyway", "btw", "hmm", "wow", "lol", "yeah", "well", "no", "sure,", "listen", "hey",
    "oh", "sorry was away,", "ok good,", "cool", "i see,", "same here,", "good one", "thats funny.", "ah ok.", "and",
    "but", "so", "i was thinking,", "just wondering,", "one more thing,", "wait", "nice!", "no worries.",
    "thats great.", "too bad.",
)  # fmt: skip
_GAMER_ENDINGS = (" gg", " bro", " dude", " lol", " man", " lmao", " ngl", " ez")


@dataclass(frozen=True)
class Style:
    """One author's hand: a register, how often he slips, opens with a word or two, addresses people or pastes links."""

    register: str
    slip_rate: float
    opener_rate: float
    mention: str
    mention_rate: float
    link_rate: float


def draw_style(rng: random.Random, channel: bool) -> Style:
    """`channel` conversations look like the IRC corpora: turns that open with a placeholder of the addressee."""
    register = rng.choices(("plain", "teen", "gamer", "formal", "second_language"), (30, 25, 15, 18, 12))[0]
    mention = rng.choice(("@A", "@B", "@F", "[USER]", "[NAME]")) if channel else ""
    slips, openers, links = rng.choice((0, 0, 0.01, 0.03)), rng.choice((0, 0.1, 0.3)), rng.choice((0, 0, 0.02))
    return Style(register, slips, openers, mention, 0.4 if channel else 0, links)


def write(text: str, style: Style, rng: random.Random) -> str:
    """The text as this author would type it."""
    if rng.random() < style.opener_rate:
        text = f"{rng.choice(_OPENERS)} {text}"
    text = _REGISTERS[style.register](text, rng)
    if style.slip_rate:
        text = _slip(text, style.slip_rate, rng)
    if style.mention and rng.random() < style.mention_rate:
        text = f"{style.mention}{rng.choice((': ', ', ', ' '))}{text}"
    if rng.random() < style.link_rate:
        text = f"{text} [URL]"
    return text.strip() or "ok"


def _plain(text: str, rng: random.Random) -> str:
    return text


def _teen(text: str, rng: random.Random) -> str:
    text = _replace_words(text.lower() if "[" not in text else text, _SHORTEN, 0.5, rng).replace("'", "")
    if rng.random() < 0.12:
        text = re.sub(r"([aeiouy])(\W*)$", lambda match: match.group(1) * rng.randint(2, 4) + match.group(2), text)
    if rng.random() < 0.5:
        text = text.rstrip("?.!")
    return text + (rng.choice(_TEEN_ENDINGS) if rng.random() < 0.15 else "")


def _gamer(text: str, rng: random.Random) -> str:
    text = _replace_words(text, _SHORTEN, 0.3, rng).rstrip("?.")
    return text + (rng.choice(_GAMER_ENDINGS) if rng.random() < 0.15 else "")


def _formal(text: str, rng: random.Random) -> str:
    text = _replace_words(text, _SPELL_OUT, 1.0, rng)
    text = " ".join(text.split())
    text = text[:1].upper() + text[1:]
    question = re.match(r"^(how|what|where|when|which|who|do|does|can|could|are|is|have|will|did)\b", text.lower())
    return text if text[-1:] in ".?!)]" else text + ("?" if question else ".")


def _second_language(text: str, rng: random.Random) -> str:
    text = _replace_words(text, _SPELL_OUT, 0.6, rng)
    text = re.sub(r"\b(the|a|an) ", lambda match: "" if rng.random() < 0.5 else match.group(0), text)
    text = re.sub(r"\b(do|does) (?=you)", lambda match: "" if rng.random() < 0.4 else match.group(0), text)
    return re.sub(r"'m\b", " am", text) if rng.random() < 0.5 else text


_REGISTERS = {"plain": _plain, "teen": _teen, "gamer": _gamer, "formal": _formal, "second_language": _second_language}


def _replace_words(text: str, table: dict[str, str], rate: float, rng: random.Random) -> str:
    def swap(match: re.Match) -> str:
        word = match.group(0)
        return table[word.lower()] if word.lower() in table and rng.random() < rate else word

    return re.sub(r"(?<![\[\w@])[A-Za-z][A-Za-z']*(?![\w\]])", swap, text)


def _slip(text: str, rate: float, rng: random.Random) -> str:
    letters = list(text)
    for index in range(len(letters) - 1):
        if letters[index].isalpha() and rng.random() < rate and "[" not in text:
            kind = rng.choice(("swap", "drop", "double"))
            if kind == "swap":
                letters[index], letters[index + 1] = letters[index + 1], letters[index]
            else:
                letters[index] = "" if kind == "drop" else letters[index] * 2
    return "".join(letters)
