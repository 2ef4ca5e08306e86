"""Makes the grooming bundle, from nothing to manifest: the one command of this recipe.

    python build.py --data DIR --out DIR --bundle ../../bundles/grooming

Trains (or resumes) in `--out`, exports model.onnx, scores held-out conversations with it, calibrates, fits the
conversation's risk, writes the bundle, and prints the figures of the model card.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path

import torch

import benign
import calibrate
import export
import fit_risk
from benign import BenignPool
from compose import Composer
from conversation import Conversation
from encode import open_encoder, tokenizer_json
from manifest import write_manifest
from net import MessageNet
from risk import Fading
from score import Scored, Scorer

SEED = 20261124
# Conversations of each label and split, and real chats of each source (IRC days are long: their first turns).
SYNTHETIC, REAL_CHATS, REAL_TURNS = 200, 80, 50
FADING = Fading(floor=0.1, pattern_step=0.35)


def main() -> None:
    arguments = parse_arguments()
    train = [sys.executable, Path(__file__).with_name("train.py"), "--data", arguments.data, "--out", arguments.out]
    if not arguments.trained:
        subprocess.run(train, check=True)
    torch.set_num_threads(1)
    arguments.bundle.mkdir(parents=True, exist_ok=True)
    model = arguments.bundle / "model.onnx"
    export.export(trained_net(arguments.out), model)
    (arguments.bundle / "tokenizer.json").write_text(tokenizer_json(), encoding="utf-8")

    scorer = Scorer(model, open_encoder())
    held_out = {split: scorer.score(synthetic(split, arguments.data)) for split in ("train", "val", "test")}
    real = {split: scorer.score(real_chats(split, arguments.data)) for split in ("train", "val")}
    calibration = calibrate.fit(held_out["val"] + real["val"])

    def prefixes(scored: list[Scored]) -> list[fit_risk.Prefix]:
        return fit_risk.prefixes(scored, calibration, FADING)

    fitting = prefixes(held_out["train"] + held_out["val"] + real["train"] + real["val"])
    fitted = fit_risk.fit(fitting, prefixes(held_out["val"] + real["val"]), FADING)
    write_manifest(arguments.bundle, calibration, fitted)
    for split in ("val", "test"):
        scored = held_out[split] + real["val"]
        figures = fit_risk.report(prefixes(scored), fitted) | {"messages": calibrate.report(scored, calibration)}
        print(f"held-out families ({split}) and real benign chats (val):", json.dumps(figures, indent=1))


def trained_net(out: Path) -> MessageNet:
    net = MessageNet()
    net.load_state_dict(torch.load(out / "checkpoint.pt", weights_only=True)["net"])
    return net.eval()


def synthetic(split: str, data: Path) -> list[Conversation]:
    """As many positives as hard negatives of the split's families; test borrows its hosts from val."""
    hosts = BenignPool(benign.read(data, "train" if split == "train" else "val"))
    composer = Composer(split, hosts, random.Random(f"{SEED} {split}"))
    return [composer.positive(n) for n in range(SYNTHETIC)] + [composer.negative(n) for n in range(SYNTHETIC)]


def real_chats(split: str, data: Path) -> list[Conversation]:
    """Some real chats of each source, cut to their first turns."""
    rng = random.Random(f"{SEED} real {split}")
    by_source = BenignPool(benign.read(data, split)).by_source
    chats = [chat for chats in by_source.values() for chat in rng.sample(chats, min(REAL_CHATS, len(chats)))]
    return [Conversation(c.conversation_id, c.source, 0, c.slice, c.messages[:REAL_TURNS]) for c in chats]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Trains, exports, calibrates and fits the grooming bundle.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the benign chats (*.jsonl.gz)")
    parser.add_argument("--out", type=Path, required=True, help="checkpoints and training.log")
    parser.add_argument("--bundle", type=Path, required=True, help="folder of the bundle to write")
    parser.add_argument("--trained", action="store_true", help="take the checkpoint in --out as it is")
    return parser.parse_args()


if __name__ == "__main__":
    main()
