"""Makes the grooming bundle, from nothing to manifest: the one command of this recipe.

    python build.py --data DIR --out DIR --bundle ../../bundles/grooming
    python build.py --data DIR --bundle ../../bundles/grooming --screen-only

Trains (or resumes) in `--out`, exports model.onnx, scores held-out conversations with it, calibrates, fits the conversation's risk,
the first stage of the cascade and the index, writes the bundle, and prints figures. Those of the model card come from
`ward-eval grooming`, on what generate.py writes. With --screen-only, the bundle keeps all but its first stage, which is fitted anew.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import benign
import calibrate
import export
import fit_index
import fit_risk
import screen
from benign import BenignPool
from compose import Composer
from conversation import Conversation
from encode import Encoder, tokenizer_json
from manifest import Parts, replace_screen, write_manifest
from risk import Scale
from score import Scored, Scorer
from second import SecondComposer
from train import trained_net

SEED = 20261124
# Conversations of each label and split of the first generator; real chats of each source (their first turns) to fit on.
SYNTHETIC, REAL_CHATS, REAL_TURNS = 600, 120, 60
SECOND_POSITIVES, SECOND_NEGATIVES = 210, 390
# For the screen: conversations of each label, and real chats of each source (their first turns), of the training split.
SCREEN_SYNTHETIC, SCREEN_REAL, SCREEN_TURNS = 800, 1700, 120
SCALE = Scale(floor=0.3, ceiling=0.98)


@dataclass(frozen=True)
class Sets:
    """Scored conversations by what they are for."""

    val: list[Scored]
    test: list[Scored]
    second: list[Scored]
    real: list[Scored]


def main() -> None:
    arguments = parse_arguments()
    if arguments.screen_only:
        fit_screen_only(arguments.bundle, arguments.data)
        return
    train = [sys.executable, Path(__file__).with_name("train.py"), "--data", arguments.data, "--out", *arguments.out]
    if not arguments.trained:
        subprocess.run(train, check=True)
    torch.set_num_threads(1)
    arguments.bundle.mkdir(parents=True, exist_ok=True)
    export.export(trained_net(arguments.out), arguments.bundle / "model.onnx")
    (arguments.bundle / "tokenizer.json").write_text(tokenizer_json(), encoding="utf-8")

    scorer = Scorer(arguments.bundle / "model.onnx", Encoder())
    sets = score(scorer, arguments.data)
    calibration = calibrate.fit(sets.val + sets.real)
    risk = fit_risk.fit(fit_risk.prefixes(sets.val + sets.real, calibration, SCALE), SCALE)
    fitted_screen = fit_screen(scorer, sets.val, sets.real, calibration, arguments.data)
    fitted_screen.save(arguments.bundle / "screen.bin")
    messages = [message.text for one in sets.real for message in one.chat.messages]
    index = fit_index.fit(scorer, calibration, SCALE, random.Random(SEED).sample(messages, 1000))
    write_manifest(arguments.bundle, Parts(calibration, risk, fitted_screen, index))
    report(sets, calibration, risk)


def score(scorer: Scorer, data: Path) -> Sets:
    """Held-out conversations of both generators, and real chats of the validation split."""
    second = SecondComposer(random.Random(f"{SEED} second"))
    of_second = [second.positive(n) for n in range(SECOND_POSITIVES)] + [second.negative(n) for n in range(SECOND_NEGATIVES)]
    return Sets(
        val=scorer.score(synthetic("val", data, SYNTHETIC)),
        test=scorer.score(synthetic("test", data, SYNTHETIC)),
        second=scorer.score(of_second),
        real=scorer.score(real_chats("val", data, REAL_CHATS)),
    )


def synthetic(split: str, data: Path, count: int) -> list[Conversation]:
    """As many positives as hard negatives of the split's families; test borrows its hosts from val."""
    hosts = BenignPool(benign.read(data, "train" if split == "train" else "val"))
    composer = Composer(split, hosts, random.Random(f"{SEED} {split}"))
    return [composer.positive(n) for n in range(count)] + [composer.negative(n) for n in range(count)]


def real_chats(split: str, data: Path, count: int, turns: int = REAL_TURNS) -> list[Conversation]:
    """Some real chats of each source, cut to their first turns."""
    rng = random.Random(f"{SEED} real {split}")
    by_source = BenignPool(benign.read(data, split)).by_source
    chats = [chat for chats in by_source.values() for chat in rng.sample(chats, min(count, len(chats)))]
    return [Conversation(c.conversation_id, c.source, 0, c.slice, c.messages[:turns]) for c in chats]


def fit_screen(
    scorer: Scorer, val: list[Scored], real: list[Scored], calibration: calibrate.Calibration, data: Path
) -> screen.Screen:
    """Learns on conversations of the training split what the model finds; the threshold is set on validation."""
    chats = synthetic("train", data, SCREEN_SYNTHETIC) + real_chats("train", data, SCREEN_REAL, SCREEN_TURNS)
    train, held_out = scorer.score(chats), val + real
    messages, kept = (
        [row for one in some for row in screen.conversation(one.chat, scorer.encoder)] for some in (train, held_out)
    )
    return screen.fit(messages, calibration.chance_of_any(train), kept, calibration.fires(held_out))


def fit_screen_only(bundle: Path, data: Path) -> None:
    """Replaces the first stage of a bundle by one fitted to its model."""
    calibration = calibrate.from_manifest(tomllib.loads((bundle / "manifest.toml").read_text(encoding="utf-8")))
    scorer = Scorer(bundle / "model.onnx", Encoder())
    held_out = scorer.score(synthetic("val", data, SYNTHETIC)), scorer.score(real_chats("val", data, REAL_CHATS))
    fitted = fit_screen(scorer, *held_out, calibration, data)
    fitted.save(bundle / "screen.bin")
    replace_screen(bundle, fitted)


def report(sets: Sets, calibration: calibrate.Calibration, risk: fit_risk.RiskFit) -> None:
    """Prints what the held-out sets show."""
    for name in ("val", "test", "second"):
        scored = getattr(sets, name) + sets.real
        figures = fit_risk.report(fit_risk.prefixes(scored, calibration, SCALE), risk)
        figures |= {"messages": calibrate.report(getattr(sets, name), calibration)}
        print(f"held out ({name}) and real benign chats (val):", json.dumps(figures, indent=1))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Trains, exports, calibrates and fits the grooming bundle.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the benign chats (*.jsonl.gz)")
    parser.add_argument("--out", type=Path, nargs="+", help="checkpoints and training.log; of several the mean ships")
    parser.add_argument("--bundle", type=Path, required=True, help="folder of the bundle to write")
    parser.add_argument("--trained", action="store_true", help="take the checkpoint in --out as it is")
    parser.add_argument("--screen-only", action="store_true", help="fit the first stage of the bundle anew, nothing else")
    arguments = parser.parse_args()
    if not arguments.out and not arguments.screen_only:
        parser.error("--out is needed where the model is trained")
    if len(arguments.out or []) > 1 and not arguments.trained:
        parser.error("of several --out the mean is taken, of runs that train.py has made from one --start: add --trained")
    return arguments


if __name__ == "__main__":
    main()
