"""Trains the age network from scratch and writes its bundle.

    python models/training/age/train.py --data DIR --out DIR

About 35 minutes on one core with bf16. Interrupted, it goes on from the last checkpoint in --out. --minutes bounds the
run: the learning rate anneals by whichever is further on, the steps or the clock, so that a slow machine still ends with
an annealed network (and the log says how many steps it had).
"""

import argparse
import math
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

sys.path.append(str(Path(__file__).resolve().parents[1]))
import data  # noqa: E402
from finish import finish, predict  # noqa: E402
from net import AGES, AgeNet  # noqa: E402
from progress import Run  # noqa: E402

BATCH, SEED, SIGMA, L1_WEIGHT, PEAK_RATE = 128, 20261, 2.5, 0.2, 2e-3


def main():
    args = arguments()
    torch.manual_seed(SEED)
    run = Run(args.out, AgeNet(), PEAK_RATE, args.steps, args.minutes)
    run.log(f"settings batch={BATCH} seed={SEED} sigma={SIGMA} l1={L1_WEIGHT} rate={PEAK_RATE} steps={args.steps}")
    patches, ages = data.load_patches(args.data)
    val = {pack: data.load_val(args.data, pack) for pack in data.PACKS}
    run.log(f"faces train={len(ages)} val={ {pack: len(rows) for pack, (_, rows) in val.items()} }")
    weights = data.sampling_weights(ages)
    for step in run.steps():
        rng = np.random.default_rng([SEED, step])
        picks = rng.choice(len(ages), BATCH, p=weights)
        views = np.stack([data.augment(patches[i], rng) for i in picks])
        loss = run.update(lambda net: age_loss(net, views, ages[picks]))
        if step % 500 == 0 and step:
            report(run, step, loss, val)
    finish(run.averaged(), val, args.out, run.log)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the face packs")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint, log and bundle")
    parser.add_argument("--steps", type=int, default=3600)
    parser.add_argument("--minutes", type=float, default=math.inf)
    return parser.parse_args()


def age_loss(net, views, ages):
    """Cross-entropy to a Gaussian around the age, plus the distance of the expectation from it."""
    image = torch.from_numpy(views).permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
    target = torch.from_numpy(ages).float()
    bins = torch.arange(AGES)
    with torch.autocast("cpu", torch.bfloat16):
        logits = net(image)
    logits = logits.float()
    soft = torch.softmax(-0.5 * ((bins - target[:, None]) / SIGMA) ** 2, dim=1)
    expected = (logits.softmax(dim=1) * bins).sum(dim=1)
    return F.cross_entropy(logits, soft) + L1_WEIGHT * (expected - target).abs().mean()


def report(run, step, loss, val):
    errors = []
    for pack, (crops, rows) in val.items():
        age = predict(run.averaged(), crops).softmax(dim=1) @ torch.arange(AGES).float()
        truth = torch.tensor([float(row["age"]) for row in rows])
        minors = (truth >= 13) & (truth <= 17)
        errors.append(
            f"{pack} mae={float((age - truth).abs().mean()):.3f}"
            f" minors>=18={float((age[minors] >= 18).float().mean()):.2f}"
            f" minors>=25={float((age[minors] >= 25).float().mean()):.2f}"
        )
    run.log(f"step={step} loss={loss:.3f} rate={run.rate():.5f} | " + " | ".join(errors))


if __name__ == "__main__":
    main()
