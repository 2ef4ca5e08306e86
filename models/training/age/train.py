"""Trains the age network from scratch and writes its bundle.

    python models/training/age/train.py --data DIR --out DIR [--teacher FILE] [--packs utkface aaf]
    python models/training/age/train.py --data DIR --out DIR [--teacher FILE] --start FILE --rate 0.001 --seed 20266

About 150 minutes on one core with bf16. --start trains an earlier model.onnx of this recipe further, the shipped one for
instance, at full size from the first step. Interrupted, it goes on from the last checkpoint in --out. --minutes bounds
the run: learning rate and size of the views follow whichever is further on, the steps or the clock, so that a slow
machine still ends with an annealed network (and the log says how many steps it had). With one of --packs the other is
unseen: the honest way to see how far an answer carries.
"""

import argparse
import math
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch

sys.path.append(str(Path(__file__).resolve().parents[1]))
import data  # noqa: E402
import loss  # noqa: E402
import teacher  # noqa: E402
from bundle import sha256  # noqa: E402
from calibrate import challenge  # noqa: E402
from finish import finish, predict  # noqa: E402
from half import half  # noqa: E402
from net import AGES, SIZE, Taught  # noqa: E402
from progress import Run  # noqa: E402
from start import go_on  # noqa: E402

BATCH, SEED, PEAK_RATE = 128, 20264, 2e-3
SIZES = ((0.3, 80), (0.65, 96), (1.0, 112))  # until that share of the run, views of so many pixels: small is quick
OPINION_SHARE = 0.25  # how far a label moves towards what the second teacher says
REPORT_EVERY = 1000
EXAMPLES_OF = 40  # one training face in so many fixes the ranges of int8


def main():
    args = arguments()
    torch.manual_seed(args.seed)
    cv2.setNumThreads(1)
    lesson = Lesson(args)
    net = Taught(lesson.width)
    if args.start:
        go_on(net.net, args.start, images_of(lesson.batch(0, SIZE)[0]))
    run = Run(args.out, net, args.rate, args.steps, args.minutes)
    run.log(f"settings batch={BATCH} seed={args.seed} rate={args.rate} steps={args.steps} packs={','.join(args.packs)}")
    if args.start:
        run.log(f"goes on from a file of sha256 {sha256(args.start)}")
    run.log(lesson.origin)
    val = data.load_all_served(args.data, "val")
    run.log(f"faces train={len(lesson.labels)} val={ {pack: len(rows) for pack, (_, rows) in val.items()} }")
    for step, (views, targets) in ahead(lesson, run):
        cost = run.update(lambda net: cost_of(net, views, targets))
        if step % 100 == 0:
            run.log(f"step={step} size={views.shape[1]} loss={cost:.3f} rate={run.rate():.5f}")
        if step % REPORT_EVERY == 0 and step:
            report(run, val)
    examples = [data.load_served(args.data, pack, "train", EXAMPLES_OF)[0] for pack in args.packs]
    finish(run.averaged().net, np.concatenate(examples), val, args.out, run.log)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the face packs")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint, log and bundle")
    parser.add_argument("--teacher", type=Path, help="another age model to learn from beside the labels (teacher.py)")
    parser.add_argument("--packs", nargs="+", choices=data.PACKS, default=data.PACKS, help="sets to train on")
    parser.add_argument("--steps", type=int, default=14000)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--start", type=Path, help="model.onnx to go on from")
    parser.add_argument("--rate", type=float, default=PEAK_RATE, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=SEED, help="another one for other views than the run before")
    return parser.parse_args()


class Lesson:
    """The faces, what is to be learnt of each, and the batches drawn from them."""

    def __init__(self, args):
        faces = data.load_faces(args.data, args.packs)
        self.patches, self.faces, self.seed = faces.patches, faces, args.seed
        self.sizes = ((1.0, SIZE),) if args.start else SIZES
        self.weights = data.sampling_weights(faces.ages)
        self.labels, self.opinions, self.width = faces.ages.astype(np.float32), None, 1
        self.origin = "taught by the labels alone"
        if args.teacher:
            self.opinions = teacher.opinions(args.teacher, faces.for_teacher, print)
            self.width = self.opinions.features.shape[-1]
            self.labels = teacher.agreed(faces.ages, self.opinions.ages.mean(axis=1), faces.sets, OPINION_SHARE)
            self.origin = f"taught by the labels and a model of sha256 {sha256(args.teacher)}"
        faces.for_teacher = None  # a gigabyte that is needed no more

    def batch(self, step, size):
        """Views uint8 [128,size,size,3] and their `loss.Targets`; the same for the same step and size."""
        rng = np.random.default_rng([self.seed, step])
        picks = rng.choice(len(self.labels), BATCH, p=self.weights)
        views, mirrored = zip(*(data.augment(self.patches[i], size, rng) for i in picks))
        return np.stack(views), self._targets(picks, np.array(mirrored, int))

    def _targets(self, picks, mirrored):
        opinions = features = None
        if self.opinions:
            opinions = torch.from_numpy(self.opinions.ages[picks, mirrored])
            features = torch.from_numpy(self.opinions.features[picks, mirrored].astype(np.float32))
        sexes = torch.from_numpy(self.faces.sexes[picks]).float()
        ethnicities = torch.from_numpy(self.faces.ethnicities[picks])
        return loss.Targets(torch.from_numpy(self.labels[picks]), opinions, features, sexes, ethnicities)


def ahead(lesson, run):
    """Steps with their batches, each drawn while the step before it is computed."""
    with ThreadPoolExecutor(1) as pool:
        waiting = None
        for step in run.steps():
            size = next(size for until, size in lesson.sizes if run.progress() <= until)
            ready = waiting or pool.submit(lesson.batch, step, size)
            batch = ready.result()
            waiting = pool.submit(lesson.batch, step + 1, size)
            yield step, batch


def images_of(views):
    return torch.from_numpy(views).permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)


def cost_of(net, views, targets):
    image = images_of(views)
    with half():
        logits, beside = net(image)
    return loss.total(logits, beside, targets)


def report(run, val):
    """What matters first: of the minors who would pass if a quarter of the adults were refused, how many?"""
    parts = []
    for pack, (crops, rows) in val.items():
        shares = predict(run.averaged().net, crops).softmax(dim=1).numpy()
        truth = np.array([float(row["age"]) for row in rows])
        error = np.abs(shares @ np.arange(AGES) - truth)
        minors = (truth >= 13) & (truth <= 17)
        passing = " ".join(f"{refused:.2f}:{rate:.3f}" for refused, rate in challenge(shares, truth).items())
        parts.append(f"{pack} mae={error.mean():.3f} minors={error[minors].mean():.2f} passing {passing}")
    run.log(f"step={run.step} | " + " | ".join(parts))


if __name__ == "__main__":
    main()
