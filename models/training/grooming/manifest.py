"""Writes the bundle's manifest.toml: all that belongs to the model and is no weight of the network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from calibrate import Calibration
from encode import CONTEXT_TOKENS, CONTEXT_TURNS, MAX_TOKENS
from fit_index import IndexFit
from fit_risk import HYSTERESIS, RiskFit
from risk import TERMS
from screen import CONTEXT_TURNS as CONTEXT_TURNS_OF_SCREEN
from screen import Screen
from signals import SIGNALS

NAME, VERSION = "ward-grooming-minilm", "0.6.0"
FILES = ("model.onnx", "tokenizer.json", "screen.bin")

# Fewer words than this are no conversation; a smaller share of common English words is some other language.
MIN_WORDS, MIN_ENGLISH_SHARE = 5, 0.1
STAGE_SEEN = 0.2
# Logits, set by hand: no data says how much the ages of those who talk should shift the prior.
AGE_GROUPS = {"adult_to_minor": 0.7, "between_minors": -0.7, "between_adults": -0.7}


@dataclass(frozen=True)
class Parts:
    """What was fitted."""

    calibration: Calibration
    risk: RiskFit
    screen: Screen
    index: IndexFit


def write_manifest(bundle: Path, parts: Parts) -> None:
    """Overwrites `bundle`/manifest.toml; the files that it lists must be there."""
    model = [_head(bundle), _text(), _calibration(parts.calibration), _language()]
    sections = [*model, _risk(parts.risk), _age_groups(), _screen(parts.screen), _index(parts.index)]
    (bundle / "manifest.toml").write_text("\n".join(sections), encoding="utf-8")


def replace_screen(bundle: Path, screen: Screen) -> None:
    """Rewrites what `bundle`/manifest.toml says of the first stage and of the files; screen.bin must be there."""
    _replace(bundle, ("# Written by", "# What the message model reads"), _head(bundle))
    _replace(bundle, ("# The first stage", "# A platform's own examples"), _screen(screen))


def replace_risk(bundle: Path, risk: RiskFit) -> None:
    """Rewrites weights, intercept and thresholds of the conversation's risk in `bundle`/manifest.toml, and nothing else."""
    _replace(bundle, ("# The conversation's risk", "# Shifts in logits"), _risk(risk))


def _replace(bundle: Path, between: tuple[str, str], section: str) -> None:
    """Puts `section` where the manifest has what begins with the first and ends before the second of two lines."""
    path = bundle / "manifest.toml"
    text = path.read_text(encoding="utf-8")
    start, end = (text.find(line) for line in between)
    if not 0 <= start < end:
        raise SystemExit(f"{path} lacks the line \"{between[0]} …\" or \"{between[1]} …\": it was not written by this recipe.")
    path.write_text(text[:start] + section + "\n" + text[end:], encoding="utf-8")


def _head(bundle: Path) -> str:
    sums = {name: hashlib.sha256((bundle / name).read_bytes()).hexdigest() for name in FILES}
    files = "\n".join(f'"{name}" = "{digest}"' for name, digest in sums.items())
    return f"""# Written by models/training/grooming/build.py; do not edit by hand.
[bundle]
kind = "grooming"
name = "{NAME}"
version = "{VERSION}"

[files]
{files}
"""


def _text() -> str:
    return f"""# What the message model reads: tokens of a message, earlier turns, pieces of each of them.
[text]
max_tokens = {MAX_TOKENS}
context_turns = {CONTEXT_TURNS}
context_tokens = {CONTEXT_TOKENS}
"""


def _calibration(calibration: Calibration) -> str:
    lines = [f"{{ slope = {s:.6f}, offset = {o:.6f} }}" for s, o in zip(calibration.slopes, calibration.offsets)]
    signals = _table(dict(zip(SIGNALS, lines)))
    thresholds = _table({signal: f"{t:.4f}" for signal, t in zip(SIGNALS, calibration.thresholds)})
    return f"""# Platt's lines: p = 1 / (1 + e^-(slope * logit + offset)).
[calibration]
risk = {lines[-1]}

[calibration.signals]
{signals}

# Probabilities from which on a signal counts as fired.
[thresholds]
{thresholds}
"""


def _language() -> str:
    words = " ".join(Path(__file__).with_name("english_words.txt").read_text(encoding="utf-8").split())
    return f"""# When a conversation is not judged: fewer words, or a smaller share of these common ones among them.
[language]
min_words = {MIN_WORDS}
min_english_share = {MIN_ENGLISH_SHARE}
english_words = "{words}"
"""


def _risk(risk: RiskFit) -> str:
    weights = _table({term: f"{weight:.6f}" for term, weight in zip(TERMS, risk.weights)})
    return f"""# The conversation's risk: models/src/grooming/evidence.rs has the formula. All weights are 0 or more.
[risk]
intercept = {risk.intercept:.6f}
floor = {risk.scale.floor}
ceiling = {risk.scale.ceiling}
half_life_messages = {risk.scale.half_life_messages}
half_life_days = {risk.scale.half_life_days}
{weights}
stage_seen = {STAGE_SEEN}

# A state is entered at one risk and left at a lower one.
[risk.watch]
{_band(risk.watch)}

[risk.alert]
{_band(risk.alert)}
"""


def _age_groups() -> str:
    return f"""# Shifts in logits where the platform says who is of age. Set by hand, not fitted.
[risk.age_groups]
{_table(AGE_GROUPS)}
"""


def _screen(screen: Screen) -> str:
    return f"""# The first stage of the cascade: score = bias + scale * sum of the weights in screen.bin.
[screen]
context_turns = {CONTEXT_TURNS_OF_SCREEN}
bias = {screen.bias:.6f}
scale = {screen.scale:.9f}
threshold = {screen.threshold:.6f}
"""


def _index(index: IndexFit) -> str:
    return f"""# A platform's own examples: logit of the risk += slope * max(0, likeness to positives - to negatives - margin), for messages
# whose likeness to positives is not below the least.
[index]
neighbours = {index.neighbours}
least = {index.least:.6f}
slope = {index.slope:.6f}
margin = {index.margin:.6f}
"""


def _band(enter: float) -> str:
    odds = HYSTERESIS * enter / (1 - enter)
    return f"enter = {enter:.6f}\nleave = {odds / (1 + odds):.6f}"


def _table(values: dict) -> str:
    return "\n".join(f"{key} = {value}" for key, value in values.items())
