"""After training: ONNX, calibration on validation faces, manifest.

    python models/training/age/finish.py --data DIR --bundle DIR     # calibrate a bundle's model.onnx anew
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch

sys.path.append(str(Path(__file__).resolve().parents[1]))
import bundle  # noqa: E402
import data  # noqa: E402
from calibrate import BINS, COVERAGE, INTERVAL_KNOTS, OVER_KNOTS, calibrate, challenge, distribution  # noqa: E402
from export import export, to_int8  # noqa: E402
from net import AGES, SIZE  # noqa: E402

THRESHOLDS = [13, 16, 18, 21, 25]
LEAN, LEAN_UNTIL, LEAN_WIDTH = 2.2, 17, 1.5  # nats, years, years
BANDS = ((0, 12), (13, 17), (18, 24), (25, 40), (41, 60), (61, 120))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the face packs")
    parser.add_argument("--bundle", type=Path, required=True, help="folder with model.onnx; its manifest is written")
    args = parser.parse_args()
    describe(args.bundle, data.load_all_served(args.data, "val"), print)


def finish(net, examples, val, out, log):
    """`examples`: crops by which the ranges of int8 are fixed; `val`: crops and rows by set."""
    folder = out / "bundle"
    folder.mkdir(exist_ok=True)
    model = folder / "model.onnx"
    lean(net)
    difference = export(net, torch.rand(3, 3, SIZE, SIZE) * 255, ["logits"], {0: "batch"}, model)
    log(f"torch and ONNX Runtime differ by at most {difference:.2e}")
    exact = errors(model, val)
    to_int8(model, batches(examples, 16))
    log(f"MAE in fp32 {exact}, in int8 {errors(model, val)}")
    describe(folder, val, log)


def lean(net):
    """Moves the odds of every age up to 17 by LEAN, in the bias of the head.

    Minors are few among the faces, so a doubtful one is drawn to the crowd of 25 to 35, and the minor who is taken for an
    adult is the costlier error. Who passes where so many adults are refused hardly changes; the age of minors does. A run
    that goes on from the file unlearns it first.
    """
    with torch.no_grad():
        net.head.bias += torch.from_numpy(lean_of(LEAN)).float()


def lean_of(nats):
    """What is added to the logit of each age, [101]."""
    return nats / (1 + np.exp((np.arange(AGES) - LEAN_UNTIL) / LEAN_WIDTH))


def errors(model, val):
    """MAE by set."""
    found = {pack: answers(model, crops) @ BINS for pack, (crops, _) in val.items()}
    return {pack: round(float(np.abs(found[pack] - ages_of(rows)).mean()), 3) for pack, (_, rows) in val.items()}


def describe(folder, val, log):
    """Calibrates `folder`/model.onnx on the validation faces and writes its manifest."""
    shares = np.concatenate([answers(folder / "model.onnx", crops) for crops, _ in val.values()])
    ages = np.concatenate([ages_of(rows) for _, rows in val.values()])
    report(shares, ages, val, log)
    write_manifest(folder, calibrate(shares, ages, THRESHOLDS, log))


def ages_of(rows):
    """Whole years; the oldest count as 100, where the distribution ends."""
    return np.array([int(row["age"]) for row in rows]).clip(0, AGES - 1)


def answers(model, crops):
    """What is served: the mean of the distributions of a face and of its mirror image, float64 [n,101]."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    views = (crops, crops[:, :, ::-1])
    return np.mean([distribution(logits_of(session, view)) for view in views], axis=0)


def logits_of(session, crops):
    return np.concatenate([session.run(["logits"], {"input": batch})[0] for batch in batches(crops, 128)])


def batches(crops, size):
    """uint8 [n,112,112,3] -> float32 [size,3,112,112] one after the other."""
    for start in range(0, len(crops), size):
        yield np.ascontiguousarray(crops[start : start + size].transpose(0, 3, 1, 2), np.float32)


def predict(net, crops, batch=256):
    """uint8 [n,112,112,3] -> logits float32 [n,101]."""
    parts = (torch.from_numpy(crops[i : i + batch]) for i in range(0, len(crops), batch))
    with torch.inference_mode():
        return torch.cat([net(part.permute(0, 3, 1, 2).float()) for part in parts])


def report(shares, ages, val, log):
    """Errors by set and band; `over18` and `over25` are the shares called at least that old."""
    found = shares @ BINS
    sets = np.repeat(list(val), [len(crops) for crops, _ in val.values()])
    for pack in val:
        passing = challenge(shares[sets == pack], ages[sets == pack]).items()
        log(f"{pack} minors passing " + " ".join(f"with {refused} refused: {rate:.3f}" for refused, rate in passing))
        for low, high in ((0, 120), *BANDS):
            band = (sets == pack) & (ages >= low) & (ages <= high)
            error, older = found[band] - ages[band], [(found[band] >= t).mean() for t in (18, 25)]
            log(
                f"{pack} {low}-{high} n={band.sum()} mae={np.abs(error).mean():.2f} bias={error.mean():+.2f}"
                f" cs5={(np.abs(error) <= 5).mean():.3f} over18={older[0]:.3f} over25={older[1]:.3f}"
            )


def write_manifest(folder, fitted):
    tables = {
        "crop": (
            "A square of scale x the longer side of the detector's box, eyes level, shrunk to size x size.",
            {"size": SIZE, "scale": 1.0},
        ),
        "input": ("A face and its mirror image are both looked at.", {"mirror": True}),
        "calibration": (
            "Fitted on the validation split by models/training/age/calibrate.py.",
            {"temperature": 1.0, "coverage": COVERAGE},
        ),
        "calibration.interval_mass": (
            "Share of the distribution that an interval holds, by apparent age.",
            {"at": list(INTERVAL_KNOTS), "value": rounded(fitted["interval_mass"])},
        ),
        "calibration.over.slope": (
            "P(at least that age) = sigmoid(slope * logit(share) + offset), by the age asked about.",
            {"at": list(OVER_KNOTS), "value": rounded(fitted["over"]["slope"])},
        ),
        "calibration.over.offset": ("", {"at": list(OVER_KNOTS), "value": rounded(fitted["over"]["offset"])}),
        "answer": (
            "Ages answered by default; an interval wider than this decides nothing.",
            {"thresholds": THRESHOLDS, "max_interval_years": fitted["max_interval_years"]},
        ),
        "quality": (
            "Mild: only what no estimate should rest on. Measured on validation photos, see the model card.",
            {
                "min_size_pixels": 32.0,
                "min_visible_share": 0.7,
                "min_sharpness": 0.01,
                "min_brightness": 0.1,
                "max_brightness": 0.93,
                "max_turn": 0.8,
            },
        ),
    }
    bundle.write(folder, {"kind": "age", "name": "ward-age", "version": "0.3.0"}, ["model.onnx"], tables)


def rounded(values):
    return [round(value, 4) for value in values]


if __name__ == "__main__":
    main()
