"""Networks of this recipe beside each other, by more than shares of 78 minors; prints rows of EXPERIMENTS.md.

    python models/training/age/compare.py --data DIR --models FILE... [--leans 0 2.2 3] [--together]

Each FILE is the model.onnx of a bundle, as it is served: leant by finish.LEAN already, and asked about a face and its mirror
image. Validation faces, cut by the labelled boxes. --together adds a row for the mean of the logits of all of them.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from sklearn.metrics import roc_auc_score

sys.path.append(str(Path(__file__).resolve().parents[1]))
import data  # noqa: E402
from calibrate import BINS, challenge, distribution, over  # noqa: E402
from finish import LEAN, ages_of, lean_of, logits_of  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the face packs")
    parser.add_argument("--models", type=Path, nargs="+", required=True, help="model.onnx of each network")
    parser.add_argument("--leans", type=float, nargs="+", default=[LEAN], help="nats by which young ages are raised")
    parser.add_argument("--together", action="store_true", help="the mean of the networks' logits, too")
    args = parser.parse_args()
    val = data.load_all_served(args.data, "val")
    logits = {str(path): [views(path, crops) for crops, _ in val.values()] for path in args.models}
    if args.together:
        logits["together"] = [np.mean(of_pack, axis=0) for of_pack in zip(*logits.values())]
    print("| | lean | MAE | MAE of 13–17 | 25 and older called under 25 | pass, 15 % refused | 25 % refused | area |\n" + "|---" * 8 + "|")
    for name, by_pack in logits.items():
        for lean in args.leans:
            leant = [distribution_of(both + lean_of(lean - LEAN)) for both in by_pack]
            columns = zip(*(figures(shares, ages_of(rows)) for shares, (_, rows) in zip(leant, val.values())))
            print(" | ".join([f"| {name}", f"{lean:g}", *(" / ".join(packs) for packs in columns)]), "|", flush=True)


def views(path, crops):
    """Logits [2,n,101] of the faces and of their mirror images."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.stack([logits_of(session, view) for view in (crops, crops[:, :, ::-1])])


def distribution_of(both):
    return np.mean([distribution(logits) for logits in both], axis=0)


def figures(shares, ages):
    """The cells of one set; the area is that under the curve of 13 to 17 against 25 and older by P(at least 18)."""
    found, minors, grown = shares @ BINS, (ages >= 13) & (ages <= 17), ages >= 25
    error, asked = np.abs(found - ages), minors | grown
    passing = challenge(shares, ages)
    return [
        f"{error.mean():.2f}",
        f"{error[minors].mean():.2f}",
        f"{100 * (found[grown] < 25).mean():.1f} %",
        *(f"{100 * passing[refused]:.1f} %" for refused in (0.15, 0.25)),
        f"{roc_auc_score(grown[asked], over(shares, 18)[asked]):.3f}",
    ]


if __name__ == "__main__":
    main()
