"""The face packs: photographs in uncompressed tars, labels in CSV beside them.

`photos` yields what a recipe needs and nothing else: the decoded picture (BGR, uint8), its faces and the places where
a face is uncertain and nothing may be learnt. Coordinates are pixels of the stored picture and may lie outside it.
"""

import csv
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

SURE = 0.6  # the teacher's score from which a detection counts as a face
POINTS = ("le", "re", "nose", "lm", "rm")  # left and right as seen in the picture


@dataclass
class Photo:
    """A picture with its faces: `boxes` [n,4] as x, y, w, h; `points` [n,5,2]; `ignore` [m,4]."""

    name: str
    image: np.ndarray
    boxes: np.ndarray
    points: np.ndarray
    ignore: np.ndarray
    row: dict = field(default_factory=dict)


def read_rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_tar(path):
    """File name -> encoded bytes."""
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}


def decode(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def labelled(data_dir, name, split):
    """The photos of `utkface` or `aaf` in one split, one labelled face each.

    AAF carries two sets of points; `yn_*` is the one that means the same as UTKFace's.
    """
    data_dir = Path(data_dir)
    rows = [row for row in read_rows(data_dir / f"{name}.csv") if row["split"] == split]
    tars = {shard: read_tar(data_dir / shard) for shard in sorted({row["shard"] for row in rows})}
    prefix = "yn_" if name == "aaf" else ""
    for row in rows:
        extra_faces, ignore = parse_extra(row["extra"])
        boxes = np.array([box_of(row)] + extra_faces, np.float32)
        points = np.full((len(boxes), 5, 2), np.nan, np.float32)  # extra faces have no points
        points[0] = points_of(row, prefix)
        yield Photo(row["file"], decode(tars[row["shard"]][row["file"]]), boxes, points, ignore, row)


def scenes(data_dir):
    """Photographs with several faces, many of them small."""
    data_dir = Path(data_dir)
    pictures = read_tar(data_dir / "scenes.tar")
    by_file = {}
    for row in read_rows(data_dir / "scenes.csv"):
        by_file.setdefault(row["file"], []).append(row)
    for name, rows in sorted(by_file.items()):
        faces = [row for row in rows if row["face"] == "1"]
        doubtful = [box_of(row) for row in rows if row["face"] == "0"]
        yield Photo(
            name,
            decode(pictures[name]),
            np.array([box_of(row) for row in faces], np.float32).reshape(-1, 4),
            np.array([points_of(row) for row in faces], np.float32).reshape(-1, 5, 2),
            np.array(doubtful, np.float32).reshape(-1, 4),
        )


def negatives(data_dir):
    """Photographs without a face."""
    none = np.zeros((0, 4), np.float32)
    for name, data in sorted(read_tar(Path(data_dir) / "negatives.tar").items()):
        yield Photo(name, decode(data), none, np.zeros((0, 5, 2), np.float32), none)


def hold_out(photos, every=5):
    """Split unsplit packs: each `every`-th photo is kept for validation. Returns (train, val)."""
    photos = list(photos)
    return [p for i, p in enumerate(photos) if i % every], photos[::every]


def box_of(row):
    return [float(row[key]) for key in ("bx", "by", "bw", "bh")]


def points_of(row, prefix=""):
    return [[float(row[f"{prefix}{p}_x"]), float(row[f"{prefix}{p}_y"])] for p in POINTS]


def parse_extra(text):
    """`x y w h score; ...` -> (faces the teacher was sure of, regions to ignore [m,4])."""
    found = [[float(v) for v in item.split()] for item in text.split(";") if item.strip()]
    faces = [d[:4] for d in found if d[4] >= SURE]
    doubtful = [d[:4] for d in found if d[4] < SURE]
    return faces, np.array(doubtful, np.float32).reshape(-1, 4)
