"""What each part of the age recipe gives: short runs on small views, each without one part, compared with the whole.

    python models/training/age/ablate.py --data DIR --teacher FILE --out DIR [--without PART...] [--steps 1000]

Seven minutes a run on one core; prints a row of EXPERIMENTS.md for each. A short run is no shipped one: what matters late
(strong augmentation, averaged weights) shows less here than it may give in the end.
"""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import torch

sys.path.append(str(Path(__file__).resolve().parents[1]))
import data  # noqa: E402
import loss  # noqa: E402
import train  # noqa: E402
from calibrate import BINS, challenge, quantile  # noqa: E402
from finish import ages_of, predict  # noqa: E402
from net import Taught  # noqa: E402
from progress import Run  # noqa: E402

VIEW = 80  # pixels
PARTS = ("nothing", "teacher", "moved-labels", "groups", "questions", "distance", "soft-labels", "sampling", "spoiling")


def main():
    args = arguments()
    cv2.setNumThreads(1)
    lesson = train.Lesson(args)
    lesson.sizes = ((1.0, VIEW),)
    val = {pack: (shrunk(crops), ages_of(rows)) for pack, (crops, rows) in data.load_all_served(args.data, "val").items()}
    for part in args.without:
        run = taught_without(part, lesson, args)
        if part == "nothing":
            print(row_of("nothing, the last weights instead of averaged ones", run.net.eval(), val), flush=True)
            print(row_of("nothing, the median instead of the mean", run.averaged(), val, middle), flush=True)
        print(row_of(part, run.averaged(), val), flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the face packs")
    parser.add_argument("--teacher", type=Path, required=True, help="the other age model (teacher.py)")
    parser.add_argument("--out", type=Path, required=True, help="folder for a checkpoint and a log of each run")
    parser.add_argument("--without", nargs="+", choices=PARTS, default=PARTS, help="one run for each")
    parser.add_argument("--steps", type=int, default=1000)
    parser.set_defaults(packs=data.PACKS, seed=train.SEED, start=None)
    return parser.parse_args()


def taught_without(part, lesson, args):
    torch.manual_seed(args.seed)
    run = Run(args.out / part, Taught(lesson.width), train.PEAK_RATE, args.steps)
    with ExitStack() as changed:
        for change in changes(part, lesson):
            changed.enter_context(change)
        for step, (views, targets) in train.ahead(lesson, run):
            cost = run.update(lambda net: train.cost_of(net, views, targets))
            if step % 100 == 0:
                run.log(f"without {part}: step={step} loss={cost:.3f}")
    return run


def changes(part, lesson):
    """What stands in for `part` while a network is taught without it."""
    without, labels = mock.patch.multiple, lesson.faces.ages.astype(np.float32)
    return {
        "nothing": [],
        "teacher": [without(loss, FEATURE_WEIGHT=0.0, OPINION_WEIGHT=0.0), without(lesson, labels=labels)],
        "moved-labels": [without(lesson, labels=labels)],
        "groups": [without(loss, GROUP_WEIGHT=0.0)],
        "questions": [without(loss, DECISION_WEIGHT=0.0)],
        "distance": [without(loss, L1_WEIGHT=0.0)],
        "soft-labels": [without(loss, SIGMA=0.5)],
        "sampling": [without(lesson, weights=np.full(len(labels), 1 / len(labels)))],
        "spoiling": [without(data, augment=only_jittered)],
    }[part]


def only_jittered(patch, size, rng):
    image, mirrored = data.jittered_crop(patch, size, rng), rng.random() < 0.5
    return image[:, ::-1] if mirrored else image, mirrored


def shrunk(crops):
    return np.stack([cv2.resize(crop, (VIEW, VIEW), interpolation=cv2.INTER_AREA) for crop in crops])


def mean(shares):
    return shares @ BINS


def middle(shares):
    return quantile(shares, np.full(len(shares), 0.5))


def row_of(name, taught, val, read=mean):
    """| name | MAE | MAE of 13-17 | of them called 25 or older | passing, 15 % and 25 % of the adults refused |, each UTKFace / All-Age-Faces"""
    cells = [answered(predict(taught.net, crops).softmax(dim=1).double().numpy(), ages, read) for crops, ages in val.values()]
    return "| " + " | ".join([name, *(" / ".join(pair) for pair in zip(*cells))]) + " |"


def answered(shares, ages, read):
    found, minors = read(shares), (ages >= 13) & (ages <= 17)
    error, passing = np.abs(found - ages), challenge(shares, ages)
    return [f"{error.mean():.2f}", f"{error[minors].mean():.2f}", f"{(found[minors] >= 25).mean():.1%}"] + [
        f"{rate:.1%}" for rate in passing.values()
    ]


if __name__ == "__main__":
    main()
