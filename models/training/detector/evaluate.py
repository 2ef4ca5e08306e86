"""What a detector finds and what it imagines, on photos no training step has seen.

    python models/training/detector/evaluate.py --data DIR --model FILE [--threshold T...] [--max-side N] [--border N]
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

sys.path.append(str(Path(__file__).resolve().parents[1]))
import faces  # noqa: E402
from detect import Geometry, find_faces, iou, onnx_raw  # noqa: E402

SMALLEST = 40  # px: scenes' faces below this do not count
TURNS, TURNED_OF = (-20, 20), 4  # degrees; one photo in so many is turned
FOUND = 0.6  # the score at which a turned face counts as found
LOOSEST = 0.2  # the lowest threshold looked at


def load(data_dir):
    """Validation photos by set."""
    return {
        "utkface": list(faces.labelled(data_dir, "utkface", "val")),
        "aaf": list(faces.labelled(data_dir, "aaf", "val")),
        "scenes": faces.hold_out(faces.scenes(data_dir))[1],
        "negatives": faces.hold_out(faces.negatives(data_dir))[1],
    }


class Findings:
    """The best score at which each labelled face is found, each negative photo's highest score, and how far off the
    line of the eyes is measured, in degrees, where a portrait is turned by TURNS."""

    def __init__(self, raw_of, sets, geometry):
        self.found, self.point_error = {}, []
        for name in ("utkface", "aaf", "scenes"):
            self.found[name] = np.array([s for photo in sets[name] for s in self._match(raw_of, photo, name, geometry)])
        tops = [find_faces(raw_of, photo.image, geometry, LOOSEST)[2] for photo in sets["negatives"]]
        portraits = [photo for name in ("utkface", "aaf") for photo in sets[name][::TURNED_OF]]
        self.tilt = np.array([off for photo in portraits for off in tilt_errors(raw_of, photo, geometry)])
        self.imagined = np.array([scores[0] if len(scores) else 0.0 for scores in tops])

    def _match(self, raw_of, photo, name, geometry):
        boxes, points, scores = find_faces(raw_of, photo.image, geometry, LOOSEST)
        wanted = zip(photo.boxes, photo.points)
        if name == "scenes":
            wanted = [(box, marks) for box, marks in wanted if max(box[2:]) >= SMALLEST]
        else:
            wanted = list(wanted)[:1]
        for box, marks in wanted:
            corners = np.concatenate([box[:2], box[:2] + box[2:]])
            hits = [k for k in range(len(scores)) if iou(corners, boxes[k]) >= 0.5]
            if hits:
                between = np.linalg.norm(marks[1] - marks[0])
                self.point_error.append(np.linalg.norm(points[hits[0]] - marks, axis=1).mean() / between)
            yield scores[hits[0]] if hits else 0.0

    def at(self, threshold):
        """Shares found by set, share of negatives with a false face, mean point error in eye distances."""
        shares = {name: float((scores >= threshold).mean()) for name, scores in self.found.items()}
        return shares, float((self.imagined >= threshold).mean()), float(np.mean(self.point_error or [np.nan]))

    def line(self, threshold):
        shares, false, error = self.at(threshold)
        found = " ".join(f"{name}={share:.4f}" for name, share in shares.items())
        tilted = f"turned found={np.isfinite(self.tilt).mean():.4f} tilt off by={np.nanmean(np.abs(self.tilt)):.1f}"
        return f"threshold={threshold:.2f} found: {found} false images={false:.4f} points={error:.3f} {tilted}"


def tilt_errors(raw_of, photo, geometry):
    """Measured less true tilt of the eyes in the photo turned by each of TURNS, degrees; NaN where it is not found."""
    height, width = photo.image.shape[:2]
    for degrees in TURNS:
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.8)
        image = cv2.warpAffine(photo.image, turn, (width, height), flags=cv2.INTER_AREA, borderValue=(128, 128, 128))
        _, points, _ = find_faces(raw_of, image, geometry, FOUND)
        truth = tilt(photo.points[0] @ turn[:, :2].T)
        yield tilt(points[0]) - truth if len(points) else np.nan


def tilt(points):
    """Of the line through the eyes, degrees; right eye lower is positive."""
    across, down = points[1] - points[0]
    return np.degrees(np.arctan2(down, across))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--threshold", type=float, nargs="*", default=[0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7])
    parser.add_argument("--max-side", type=int, default=Geometry.max_side)
    parser.add_argument("--border", type=int, default=Geometry.border)
    args = parser.parse_args()
    session = onnxruntime.InferenceSession(args.model, providers=["CPUExecutionProvider"])
    findings = Findings(onnx_raw(session), load(args.data), Geometry(args.max_side, args.border))
    print({name: len(scores) for name, scores in findings.found.items()}, "negatives:", len(findings.imagined))
    for threshold in args.threshold:
        print(findings.line(threshold))


if __name__ == "__main__":
    main()
