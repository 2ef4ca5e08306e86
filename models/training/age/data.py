"""Face crops in memory and the ways a photograph may spoil them."""

import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1]))
import faces  # noqa: E402
from crop import crop_face  # noqa: E402
from net import AGES, SIZE  # noqa: E402

PACKS = ("utkface", "aaf")
PATCH, MARGIN = 160, 1.4  # a patch reaches beyond the crop, so that jitter finds picture and not black


def load_patches(data_dir):
    """Training faces with room for jitter: patches uint8 [n,160,160,3] RGB, ages int [n]."""
    patches, ages = [], []
    for pack in PACKS:
        for photo in faces.labelled(data_dir, pack, "train"):
            rgb = cv2.cvtColor(photo.image, cv2.COLOR_BGR2RGB)
            patches.append(patch_of(rgb, photo.boxes[0], photo.points[0]))
            ages.append(int(photo.row["age"]))
    return np.stack(patches), np.array(ages).clip(0, AGES - 1)


def patch_of(image, box, points):
    """`crop_face` with room around it and without its exactness, thirty times quicker: views are jittered anyway."""
    eye_line = points[1] - points[0]
    fine = 2 * PATCH
    turn = turning(-np.arctan2(eye_line[1], eye_line[0]), fine / (max(box[2:]) * MARGIN))
    shift = fine / 2 - turn @ (box[:2] + box[2:] / 2)
    large = cv2.warpAffine(image, np.hstack([turn, shift[:, None]]), (fine, fine), flags=cv2.INTER_LINEAR)
    return cv2.resize(large, (PATCH, PATCH), interpolation=cv2.INTER_AREA)


def load_val(data_dir, pack):
    """Validation crops as served: uint8 [n,96,96,3] RGB, and their rows of the label table."""
    crops, rows = [], []
    for photo in faces.labelled(data_dir, pack, "val"):
        rgb = cv2.cvtColor(photo.image, cv2.COLOR_BGR2RGB)
        crops.append(crop_face(rgb, photo.boxes[0], photo.points[0], SIZE, 1.0))
        rows.append(photo.row)
    return np.stack(crops), rows


def sampling_weights(ages):
    """Rarer ages more often (by the square root), 8 to 24 once more by half: there the decisions fall."""
    counts = np.bincount(ages, minlength=AGES).astype(float)
    kernel = np.exp(-0.5 * (np.arange(-6, 7) / 2.0) ** 2)
    density = np.convolve(counts, kernel / kernel.sum(), mode="same")
    weights = 1.0 / np.sqrt(density[ages] + 20.0)
    weights[(ages >= 8) & (ages <= 24)] *= 1.5
    return weights / weights.sum()


def augment(patch, rng):
    """One training view: jittered box, mirror, and what cameras and codecs do."""
    image = jittered_crop(patch, rng)
    if rng.random() < 0.5:
        image = image[:, ::-1]
    if rng.random() < 0.2:
        small = int(rng.integers(28, 80))
        image = cv2.resize(cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA), (SIZE, SIZE))
    if rng.random() < 0.15:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.5))
    if rng.random() < 0.15:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    image = relight(image.astype(np.float32), rng)
    if rng.random() < 0.2:
        quality = int(rng.integers(25, 85))
        image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return cover(image, rng)


def jittered_crop(patch, rng):
    """The detector's box is never exact: +-12 % of scale, +-6 % of shift, +-8 degrees."""
    side = PATCH / MARGIN * rng.uniform(0.9, 1.14)
    centre = PATCH / 2 + rng.uniform(-0.06, 0.06, 2) * side
    turn = turning(np.radians(rng.uniform(-8, 8)), SIZE / side)
    shift = SIZE / 2 - turn @ centre
    return cv2.warpAffine(patch, np.hstack([turn, shift[:, None]]), (SIZE, SIZE), flags=cv2.INTER_LINEAR)


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
    if rng.random() < 0.15:
        width, height = rng.integers(12, 40, 2)
        x, y = rng.integers(0, SIZE - width), rng.integers(0, SIZE - height)
        image[y : y + height, x : x + width] = rng.integers(0, 256, 3)
    if rng.random() < 0.15:
        strip = int(rng.integers(2, 14))
        edge = rng.integers(4)
        np.rot90(image, edge)[:strip] = 0
    return image
