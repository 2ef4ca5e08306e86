"""Writes what every step of the recipe says about made-up input, for the tests of the Rust side.

    python golden.py --bundle ../../bundles/grooming --out ../../tests/grooming/golden.json
"""

from __future__ import annotations

import argparse
import json
import random
import tomllib
from pathlib import Path

import screen
from calibrate import from_manifest
from conversation import Conversation, Message
from encode import Encoder
from risk import TERMS, ConversationEvidence, Scale, probability
from score import Scorer
from signals import SIGNALS

CHAT = (
    ("A", "hi, did you finish the castle?"),
    ("B", "yes! the tower has {} floors now".format(12)),
    ("A", "nice. how old are you?"),
    ("B", "why do u ask"),
    ("A", "just curious :) are your parents home?"),
    ("A", "lets keep this between us, add me on another app"),
    ("B", " ".join(f"and then level {level} was hard" for level in range(20))),
)
STEPS, AUTHORS, DAY = 40, ("ann", "bob", "cem"), 86_400.0


def main() -> None:
    parser = argparse.ArgumentParser(description="Golden values for models/tests.")
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    manifest = tomllib.loads((arguments.bundle / "manifest.toml").read_text(encoding="utf-8"))
    golden = {
        "messages": messages(arguments.bundle, manifest),
        "conversation": conversation(manifest["risk"]),
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def messages(bundle: Path, manifest: dict) -> list[dict]:
    """Token ids and probabilities of every message of CHAT with the turns before it."""
    encoder = Encoder()
    chat = Conversation("golden", "synthetic", 0, "golden", [Message(author, text) for author, text in CHAT])
    logits = Scorer(bundle / "model.onnx", encoder).score([chat])[0].logits
    chances = from_manifest(manifest).probabilities(logits)
    screened = screen.from_bundle(bundle, manifest)
    passes = screened.scores(screen.conversation(chat, encoder)) >= screened.threshold
    rows = []
    for (author, text), encoded, chance, passed in zip(CHAT, encoder.conversation(list(CHAT)), chances, passes):
        signals, risk = chance[:-1].tolist(), float(chance[-1])
        turns = [{"kind": turn.kind, "pieces": turn.pieces} for turn in encoded.turns]
        rows.append({"author": author, "text": text, "ids": encoded.ids, "turns": turns})
        rows[-1] |= {"truncated": encoded.truncated, "signals": signals, "risk": risk, "passes_screen": bool(passed)}
    return rows


def conversation(risk: dict) -> list[dict]:
    """Random scores of three authors, some of them with times, and the speaker's risk after each."""
    rng = random.Random(1)
    scale = Scale(**{key: risk[key] for key in ("floor", "ceiling", "half_life_messages", "half_life_days")})
    weights = [risk[term] for term in TERMS]
    evidence, now, steps = ConversationEvidence(scale), 0.0, []
    for _ in range(STEPS):
        author, message_risk = rng.choice(AUTHORS), round(rng.random() ** 2, 3)
        signals = [round(rng.random() ** 4, 3) for _ in SIGNALS]
        now += rng.choice((60.0, DAY, 20 * DAY))
        sent_at = now if rng.random() < 0.7 else None
        terms = evidence.observe(author, message_risk, signals, sent_at)
        expected = probability(terms, weights, risk["intercept"])
        steps.append({"author": author, "sent_at": sent_at, "risk": message_risk, "signals": signals})
        steps[-1]["expected"] = expected
    return steps


if __name__ == "__main__":
    main()
