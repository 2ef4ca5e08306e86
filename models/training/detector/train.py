"""Trains the face detector from scratch and writes its bundle.

    python models/training/detector/train.py --data DIR --out DIR [--start FILE --rate 0.001]

About 80 minutes on one core. Interrupted, it goes on from the last checkpoint in --out; --minutes bounds the run (see
progress.py). --start trains an earlier model.onnx of this recipe further.
"""

import argparse
import math
import sys
from pathlib import Path

import cv2
import numpy as np
import torch

sys.path.append(str(Path(__file__).resolve().parents[1]))
import canvas  # noqa: E402
import evaluate  # noqa: E402
import faces  # noqa: E402
from detect import Geometry, torch_raw  # noqa: E402
from finish import finish  # noqa: E402
from loss import detection_loss  # noqa: E402
from bundle import sha256  # noqa: E402
from half import half  # noqa: E402
from net import FaceNet  # noqa: E402
from progress import Run  # noqa: E402
from start import go_on  # noqa: E402

BATCH, SEED, PEAK_RATE = 32, 20262, 4e-3


def main():
    args = arguments()
    torch.manual_seed(args.seed)
    cv2.setNumThreads(torch.get_num_threads())
    pools, val, net = load_pools(args.data), evaluate.load(args.data), FaceNet()
    if args.start:
        go_on(net, args.start, images_of(batch(pools, args.seed, 0)))
    run = Run(args.out, net, args.rate, args.steps, args.minutes)
    run.log(f"settings batch={BATCH} seed={args.seed} rate={args.rate} canvas={canvas.SIZE} steps={args.steps}")
    if args.start:
        run.log(f"goes on from a file of sha256 {sha256(args.start)}")
    run.log("photos " + " ".join(f"{name}={len(photos)}" for name, photos in vars(pools).items()))
    for step in run.steps():
        pictures = batch(pools, args.seed, step)
        loss = run.update(lambda net: loss_of(net, pictures))
        if step % 100 == 0:
            run.log(f"step={step} loss={loss:.3f} rate={run.rate():.5f}")
        if step % 2000 == 0 and step:
            findings = evaluate.Findings(torch_raw(run.averaged()), sample(val), Geometry())
            run.log(findings.line(0.5) + " (every 4th)")
    finish(run.averaged(), val, args.out, run.log)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the face packs")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint, log and bundle")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--start", type=Path, help="model.onnx to go on from")
    parser.add_argument("--rate", type=float, default=PEAK_RATE, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=SEED, help="another one for other pictures than the run before")
    return parser.parse_args()


def load_pools(data_dir):
    portraits = [photo for pack in ("utkface", "aaf") for photo in faces.labelled(data_dir, pack, "train")]
    scenes, _ = faces.hold_out(faces.scenes(data_dir))
    negatives, _ = faces.hold_out(faces.negatives(data_dir))
    return canvas.Pools(portraits, scenes, negatives)


def batch(pools, seed, step):
    rng = np.random.default_rng([seed, step])
    return [canvas.draw(pools, rng) for _ in range(BATCH)]


def images_of(pictures):
    images = torch.from_numpy(np.stack([picture[0] for picture in pictures])).permute(0, 3, 1, 2)
    return images.float().contiguous(memory_format=torch.channels_last)


def loss_of(net, pictures):
    images = images_of(pictures)
    targets = [tuple(torch.from_numpy(part) for part in picture[1:]) for picture in pictures]
    with half():
        raw = net(images)
    return detection_loss(raw.float(), targets, canvas.SIZE)


def sample(val):
    """A quarter of each set: enough to see where the training stands."""
    return {name: photos[::4] for name, photos in val.items()}


if __name__ == "__main__":
    main()
