"""Face crops in memory and the ways a photograph may spoil them."""

import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1]))
import faces  # noqa: E402
from crop import crop_face  # noqa: E402
from net import AGES, SIZE  # noqa: E402
from teacher import crop_for_teacher  # noqa: E402

PACKS = ("utkface", "aaf")
PATCH, MARGIN = 160, 1.4  # a patch reaches beyond the crop, so that jitter finds picture and not black


@dataclass
class Faces:
    """Training faces: `patches` uint8 [n,160,160,3] RGB with room for jitter, `for_teacher` uint8 [n,112,112,3], and
    what is said of them: `ages` [n], `sets` [n] pack names, `sexes` [n] 0 or 1, `ethnicities` [n], -1 where unknown."""

    patches: np.ndarray
    for_teacher: np.ndarray
    ages: np.ndarray
    sets: np.ndarray
    sexes: np.ndarray
    ethnicities: np.ndarray


def load_faces(data_dir, packs):
    found = []
    for pack in packs:
        for photo in faces.labelled(data_dir, pack, "train"):
            rgb = cv2.cvtColor(photo.image, cv2.COLOR_BGR2RGB)
            patch = patch_of(rgb, photo.boxes[0], photo.points[0])
            labels = [int(photo.row["age"]), pack, int(photo.row["sex"]), int(photo.row.get("ethnicity") or -1)]
            found.append((patch, crop_for_teacher(rgb, photo.boxes[0]), *labels))
    patches, for_teacher, ages, sets, sexes, ethnicities = (np.array(column) for column in zip(*found))
    return Faces(patches, for_teacher, ages.clip(0, AGES - 1), sets, sexes, ethnicities)


def patch_of(image, box, points):
    """`crop_face` with room around it and without its exactness, thirty times quicker: views are jittered anyway."""
    eye_line = points[1] - points[0]
    fine = 2 * PATCH
    turn = turning(-np.arctan2(eye_line[1], eye_line[0]), fine / (max(box[2:]) * MARGIN))
    shift = fine / 2 - turn @ (box[:2] + box[2:] / 2)
    large = cv2.warpAffine(image, np.hstack([turn, shift[:, None]]), (fine, fine), flags=cv2.INTER_LINEAR)
    return cv2.resize(large, (PATCH, PATCH), interpolation=cv2.INTER_AREA)


def load_served(data_dir, pack, split, every=1):
    """Crops as served, one in `every`: uint8 [n,112,112,3] RGB, and their rows of the label table."""
    crops, rows = [], []
    for photo in islice(faces.labelled(data_dir, pack, split), 0, None, every):
        rgb = cv2.cvtColor(photo.image, cv2.COLOR_BGR2RGB)
        crops.append(crop_face(rgb, photo.boxes[0], photo.points[0], SIZE, 1.0))
        rows.append(photo.row)
    return np.stack(crops), rows


def load_all_served(data_dir, split, every=1):
    return {pack: load_served(data_dir, pack, split, every) for pack in PACKS}


def sampling_weights(ages):
    """Rarer ages more often (by the square root), 8 to 24 more by half, 12 to 18 by half again: there decisions fall."""
    counts = np.bincount(ages, minlength=AGES).astype(float)
    kernel = np.exp(-0.5 * (np.arange(-6, 7) / 2.0) ** 2)
    density = np.convolve(counts, kernel / kernel.sum(), mode="same")
    weights = 1.0 / np.sqrt(density[ages] + 20.0)
    weights[(ages >= 8) & (ages <= 24)] *= 1.5
    weights[(ages >= 12) & (ages <= 18)] *= 1.5
    return weights / weights.sum()


def augment(patch, size, rng):
    """One training view, uint8 [size,size,3], and whether it is mirrored: jittered box, and what cameras and codecs do."""
    image = jittered_crop(patch, size, rng)
    mirrored = rng.random() < 0.5
    if mirrored:
        image = image[:, ::-1]
    if rng.random() < 0.2:
        small = int(size * rng.uniform(0.28, 0.85))
        image = cv2.resize(cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA), (size, size))
    if rng.random() < 0.15:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.6))
    if rng.random() < 0.15:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    image = relight(image.astype(np.float32), rng)
    if rng.random() < 0.2:
        quality = int(rng.integers(25, 85))
        image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return cover(image, rng), mirrored


def jittered_crop(patch, size, rng):
    """The detector's box is never exact: +-12 % of scale, +-6 % of shift, +-10 degrees, a little of shear and stretch."""
    side = PATCH / MARGIN * rng.uniform(0.88, 1.14)
    centre = PATCH / 2 + rng.uniform(-0.06, 0.06, 2) * side
    turn = turning(np.radians(rng.uniform(-10, 10)), size / side)
    turn = turn @ (np.eye(2) + rng.uniform(-0.05, 0.05, (2, 2)))
    shift = size / 2 - turn @ centre
    return cv2.warpAffine(patch, np.hstack([turn, shift[:, None]]), (size, size), flags=cv2.INTER_LINEAR)


def turning(angle, scale):
    """The 2x2 matrix of a rotation and a scaling."""
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    return np.array([[cos, -sin], [sin, cos]])


def relight(image, rng):
    """Exposure, contrast, gamma and white balance; uint8 out."""
    mean = image.mean()
    image = (image - mean) * rng.uniform(0.65, 1.35) + mean + rng.uniform(-35, 35)
    image = image * rng.uniform(0.92, 1.08, 3)
    if rng.random() < 0.3:
        image = 255.0 * (image.clip(0, 255) / 255.0) ** rng.uniform(0.6, 1.7)
    if rng.random() < 0.15:
        image = image + rng.normal(0, rng.uniform(2, 10), image.shape)
    return image.clip(0, 255).astype(np.uint8)


def cover(image, rng):
    """Sometimes a patch over the face, sometimes a black strip where the photo would end."""
    image = np.ascontiguousarray(image)
    size = len(image)
    if rng.random() < 0.2:
        width, height = rng.integers(size // 8, size // 2, 2)
        x, y = rng.integers(0, size - width), rng.integers(0, size - height)
        image[y : y + height, x : x + width] = rng.integers(0, 256, 3)
    if rng.random() < 0.15:
        strip = int(rng.integers(2, size // 7))
        edge = rng.integers(4)
        np.rot90(image, edge)[:strip] = 0
    return image
