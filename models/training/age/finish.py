"""After training: ONNX, calibration on validation faces, manifest."""

import numpy as np
import torch

import bundle
from calibrate import calibrate, expected_age
from export import export
from net import SIZE

THRESHOLDS = [13, 16, 18, 21, 25]
COVERAGE = 0.9
BANDS = ((0, 12), (13, 17), (18, 24), (25, 40), (41, 60), (61, 120))


def finish(net, val, out, log):
    folder = out / "bundle"
    folder.mkdir(exist_ok=True)
    example = torch.rand(3, 3, SIZE, SIZE) * 255
    difference = export(net, example, ["logits"], {0: "batch"}, folder / "model.onnx")
    log(f"torch and ONNX Runtime differ by at most {difference:.2e}")
    logits = torch.cat([predict(net, crops) for crops, _ in val.values()]).numpy()
    ages = np.array([int(row["age"]) for _, rows in val.values() for row in rows])
    fitted = calibrate(logits, ages, THRESHOLDS, COVERAGE, log)
    report(logits, ages, val, fitted["temperature"], log)
    write_manifest(folder, fitted)


def predict(net, crops, batch=256):
    """uint8 [n,96,96,3] -> logits float32 [n,101]."""
    parts = (torch.from_numpy(crops[i : i + batch]) for i in range(0, len(crops), batch))
    with torch.inference_mode():
        return torch.cat([net(part.permute(0, 3, 1, 2).float()) for part in parts])


def report(logits, ages, val, temperature, log):
    """Errors by set and band; `over18` and `over25` are the shares called at least that old."""
    found = expected_age(logits, temperature)
    sets = np.repeat(list(val), [len(crops) for crops, _ in val.values()])
    for pack in val:
        for low, high in ((0, 120), *BANDS):
            band = (sets == pack) & (ages >= low) & (ages <= high)
            error, over = found[band] - ages[band], [(found[band] >= t).mean() for t in (18, 25)]
            log(
                f"{pack} {low}-{high} n={band.sum()} mae={np.abs(error).mean():.2f} bias={error.mean():+.2f}"
                f" cs5={(np.abs(error) <= 5).mean():.3f} over18={over[0]:.3f} over25={over[1]:.3f}"
            )


def write_manifest(folder, fitted):
    tables = {
        "crop": (
            "A square of scale x the longer side of the detector's box, eyes level, shrunk to size x size.",
            {"size": SIZE, "scale": 1.0},
        ),
        "calibration": (
            "Fitted on the validation split by models/training/age/calibrate.py.",
            {"temperature": fitted["temperature"], "coverage": COVERAGE, "interval_mass": fitted["interval_mass"]},
        ),
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
    bundle.write(folder, {"kind": "age", "name": "ward-age", "version": "0.1.0"}, ["model.onnx"], tables)
