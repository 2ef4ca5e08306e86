"""Fits a bundle's conversation risk to conversations of one's own: weights, intercept, and the thresholds of WATCH and ALERT.

    python fit.py --bundle ../../bundles/grooming --data OWN.jsonl... --out NEW_BUNDLE

For a vetted team with lawful data. Each line is a conversation as `ward-eval grooming` reads it, with `label` 0 or 1 (plain or .gz);
all else of the bundle stays as it is. Nothing of the conversations is written. Measure the new
bundle on conversations that it was not fitted to: `ward-eval grooming --bundle NEW_BUNDLE --data OTHERS.jsonl`.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import sys
import tomllib
from pathlib import Path

import calibrate
import fit_risk
from conversation import Conversation, read_jsonl
from encode import Encoder
from manifest import FILES, replace_risk
from risk import Scale
from score import Scorer

# Fewer of either label say nothing about a threshold that one in a thousand may pass.
LEAST = 30
SCALE_KEYS = ("floor", "ceiling", "half_life_messages", "half_life_days")


def main() -> None:
    parser = argparse.ArgumentParser(description="Fits a bundle's conversation risk to conversations of one's own.")
    parser.add_argument("--bundle", type=Path, required=True, help="folder of the bundle to start from")
    parser.add_argument("--data", type=Path, required=True, nargs="+", help="labelled conversations, JSON lines")
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle to write")
    arguments = parser.parse_args()
    chats = [chat for path in arguments.data for chat in read(path)]
    counts = [sum(chat.label == label for chat in chats) for label in (0, 1)]
    if min(counts) < LEAST:
        sys.exit(f"{counts[0]} conversations with label 0 and {counts[1]} with label 1: at least {LEAST} of each are needed")
    manifest = tomllib.loads((arguments.bundle / "manifest.toml").read_text(encoding="utf-8"))
    calibration = calibrate.from_manifest(manifest)
    scale = Scale(**{key: manifest["risk"][key] for key in SCALE_KEYS})
    prefixes = fit_risk.prefixes(Scorer(arguments.bundle / "model.onnx", Encoder()).score(chats), calibration, scale)
    risk = fit_risk.fit(prefixes, scale)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in (*FILES, "manifest.toml"):
        shutil.copyfile(arguments.bundle / name, arguments.out / name)
    replace_risk(arguments.out, risk)
    harmless, needed = sum(not (chat.label or chat.is_synthetic) for chat in chats), round(1 / fit_risk.ALERT_RATES[0])
    if 0 < harmless < needed:
        print(f"{harmless} harmless conversations cannot show that one in {needed} alarms: the threshold of ALERT is above them all")
    print(f"{arguments.out}: fitted to {counts[1]} conversations that show the pattern and {counts[0]} that do not")


def read(path: Path) -> list[Conversation]:
    """Every labelled conversation of a file that says anything."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        return [chat for _, chat in read_jsonl(lines) if chat.messages]


if __name__ == "__main__":
    main()
