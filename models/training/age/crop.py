"""The aligned face crop, exactly as the service cuts it (models/src/age/align.rs; both are held to one golden test).

A square of side max(w, h) * scale around the middle of the box, turned so that the eyes lie level, black outside the
picture. Every output pixel is the mean of k x k bilinear samples spread over it, k = ceil(side / size): without that a
large face shrunk to 96 px would alias. Pixel i covers [i, i+1); its centre is i + 0.5.
"""

import numpy as np

MAX_SAMPLES = 8


def crop_face(image, box, points, size, scale):
    """`image` [h,w,3] uint8 -> [size,size,3] uint8. `box` x, y, w, h; `points` [5,2], of which the eyes are used."""
    side = max(box[2], box[3]) * scale
    centre = (box[0] + box[2] / 2, box[1] + box[3] / 2)
    eye_line = points[1] - points[0]
    angle = np.arctan2(eye_line[1], eye_line[0])
    samples = int(np.clip(np.ceil(side / size), 1, MAX_SAMPLES))
    steps = size * samples
    offset = ((np.arange(steps) + 0.5) / steps - 0.5) * side
    cos, sin = np.cos(angle), np.sin(angle)
    x = centre[0] + cos * offset[None, :] - sin * offset[:, None]
    y = centre[1] + sin * offset[None, :] + cos * offset[:, None]
    fine = bilinear(image, x - 0.5, y - 0.5)
    blocks = fine.reshape(size, samples, size, samples, 3)
    return np.floor(blocks.mean(axis=(1, 3)) + 0.5).clip(0, 255).astype(np.uint8)


def bilinear(image, x, y):
    """Samples `image` at pixel indices (0 = first pixel's centre); what lies outside counts as black."""
    height, width = image.shape[:2]
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right_share, bottom_share = (x - left)[..., None], (y - top)[..., None]

    def pixel(column, row):
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        found = image[row.clip(0, height - 1), column.clip(0, width - 1)].astype(np.float32)
        return found * inside[..., None]

    upper = pixel(left, top) * (1 - right_share) + pixel(left + 1, top) * right_share
    lower = pixel(left, top + 1) * (1 - right_share) + pixel(left + 1, top + 1) * right_share
    return upper * (1 - bottom_share) + lower * bottom_share
