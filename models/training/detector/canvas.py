"""Training pictures: photos placed on a square canvas, singly or in a grid, then spoilt as cameras and codecs do.

Coordinates are transformed with the pixels. A face whose middle or most of whose area leaves the canvas becomes an
ignore region: nothing is learnt from it.
"""

from dataclasses import dataclass

import cv2
import numpy as np

SIZE = 256
MAX_TURN = 30.0  # degrees
MIN_VISIBLE = 0.35  # share of a face's box that must be seen


@dataclass
class Pools:
    """The photos to draw from, each a list of `faces.Photo`."""

    portraits: list
    scenes: list
    negatives: list


class Canvas:
    """A picture in the making: `image` [256,256,3] BGR with boxes (corners), points and ignore regions."""

    def __init__(self, rng):
        self.rng = rng
        shade = rng.integers(0, 256, 3) if rng.random() < 0.5 else (0, 0, 0)
        self.image = np.full((SIZE, SIZE, 3), shade, np.uint8)
        self.boxes, self.points, self.ignore = [], [], []

    def place(self, photo, turn, cell):
        """Warps `photo` by the 2x3 matrix `turn` into `cell` (x0, y0, x1, y1); what lies behind stays around it."""
        x0, y0, x1, y1 = cell
        matrix = turn - np.array([[0, 0, x0], [0, 0, y0]])
        self._paint(photo.image, matrix, cell)
        for box, marks in zip(photo.boxes, photo.points):
            moved = moved_box(box, turn)
            if visible(moved, cell):
                self.boxes.append(moved)
                self.points.append(marks @ turn[:, :2].T + turn[:, 2])
            elif shared_area(moved, cell) > 0:
                self.ignore.append(clip(moved, cell))
        self.ignore.extend(clip(moved_box(box, turn), cell) for box in photo.ignore)

    def _paint(self, image, matrix, cell):
        x0, y0, x1, y1 = cell
        shape = (x1 - x0, y1 - y0)
        scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
        if scale < 0.6:  # shrink by area first, or the warp would alias
            small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            ratio = np.array([image.shape[1] / small.shape[1], image.shape[0] / small.shape[0], 1.0])
            image, matrix = small, matrix * ratio
        region = np.ascontiguousarray(self.image[y0:y1, x0:x1])
        cv2.warpAffine(image, matrix, shape, dst=region, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT)
        self.image[y0:y1, x0:x1] = region

    def mirror(self):
        self.image = np.ascontiguousarray(self.image[:, ::-1])
        for box in self.boxes + self.ignore:
            box[[0, 2]] = SIZE - box[[2, 0]]
        order = [1, 0, 2, 4, 3]  # left and right are those of the picture
        self.points = [(np.array([SIZE, 0]) + marks * np.array([-1, 1]))[order] for marks in self.points]


def draw(pools, rng):
    """One training picture: image uint8 [256,256,3], boxes [g,4], points [g,5,2], ignore [m,4]."""
    canvas = Canvas(rng)
    whole = (0, 0, SIZE, SIZE)
    kind = rng.random()
    if kind < 0.30:
        served(canvas, pick(pools.portraits, rng))
    elif kind < 0.50:
        fill(canvas, pools, whole)
        portrait(canvas, pick(pools.portraits, rng), whole, 240)
    elif kind < 0.64:
        scattered(canvas, pick(pools.scenes, rng), whole)
    elif kind < 0.80:
        fill(canvas, pools, whole, always=True)
    else:
        grid(canvas, pools)
    if rng.random() < 0.5:
        canvas.mirror()
    occlude(canvas, pools)
    canvas.image = spoil(canvas.image, rng)
    return (
        canvas.image,
        np.array(canvas.boxes, np.float32).reshape(-1, 4),
        np.array(canvas.points, np.float32).reshape(-1, 5, 2),
        np.array(canvas.ignore, np.float32).reshape(-1, 4),
    )


def served(canvas, photo):
    """The whole photo on black with a border, as the service feeds it."""
    rng = canvas.rng
    canvas.image[:] = 0
    height, width = photo.image.shape[:2]
    scale = rng.uniform(90, 240) / max(height, width)
    turn = matrix_of(scale, tilt(rng))
    middle = SIZE / 2 + rng.uniform(-1, 1, 2) * max(4.0, (SIZE - scale * max(height, width)) / 2)
    turn[:, 2] = middle - turn[:, :2] @ np.array([width / 2, height / 2])
    canvas.place(photo, turn, (0, 0, SIZE, SIZE))


def tilt(rng):
    """Degrees by which a photo is turned; most photos show upright heads, so most are turned."""
    return rng.uniform(-MAX_TURN, MAX_TURN) if rng.random() < 0.6 else 0.0


def portrait(canvas, photo, cell, largest):
    """A face of any size, anywhere in the cell, turned a little."""
    rng = canvas.rng
    width = np.exp(rng.uniform(np.log(11), np.log(largest)))
    anchored(canvas, photo, photo.boxes[0], width / photo.boxes[0][2], cell)


def scattered(canvas, photo, cell):
    """A scene about its natural size, moved so that one of its faces is in the cell."""
    rng = canvas.rng
    face = photo.boxes[rng.integers(len(photo.boxes))]
    anchored(canvas, photo, face, np.exp(rng.uniform(np.log(0.6), np.log(2.0))), cell)


def anchored(canvas, photo, box, scale, cell):
    rng = canvas.rng
    turn = matrix_of(scale, tilt(rng))
    low, high = np.array(cell[:2]), np.array(cell[2:])
    target = low + rng.uniform(0.05, 0.95, 2) * (high - low)
    turn[:, 2] = target - turn[:, :2] @ (box[:2] + box[2:] / 2)
    canvas.place(photo, turn, cell)


def fill(canvas, pools, cell, always=False):
    """A photo without a face as background, at any scale and turn; sometimes the plain shade stays."""
    rng = canvas.rng
    if not always and rng.random() < 0.35:
        return
    photo = pick(pools.negatives, rng)
    height, width = photo.image.shape[:2]
    span = max(cell[2] - cell[0], cell[3] - cell[1])
    scale = span / min(height, width) * np.exp(rng.uniform(np.log(0.7), np.log(2.5)))
    turn = matrix_of(scale, rng.uniform(-180, 180) if rng.random() < 0.2 else rng.uniform(-30, 30))
    inside = np.array([width, height]) * rng.uniform(0.3, 0.7, 2)
    turn[:, 2] = (np.array(cell[:2]) + np.array(cell[2:])) / 2 - turn[:, :2] @ inside
    canvas.place(photo, turn, cell)


def grid(canvas, pools):
    """Four cells of random share, each with a face, a scene or neither."""
    rng = canvas.rng
    x, y = rng.integers(72, SIZE - 72, 2)
    for cell in ((0, 0, x, y), (x, 0, SIZE, y), (0, y, x, SIZE), (x, y, SIZE, SIZE)):
        kind = rng.random()
        if kind < 0.45:
            fill(canvas, pools, cell)
            portrait(canvas, pick(pools.portraits, rng), cell, min(cell[2] - cell[0], cell[3] - cell[1]))
        elif kind < 0.70:
            scattered(canvas, pick(pools.scenes, rng), cell)
        else:
            fill(canvas, pools, cell, always=True)


def occlude(canvas, pools):
    """A hand, a mask, a pair of dark glasses: a patch over a part of some faces."""
    rng = canvas.rng
    for x0, y0, x1, y1 in canvas.boxes:
        if rng.random() > 0.18 or x1 - x0 < 24:
            continue
        width, height = (x1 - x0) * rng.uniform(0.25, 0.9), (y1 - y0) * rng.uniform(0.12, 0.38)
        left, top = rng.uniform(x0, x1 - width), rng.uniform(y0, y1 - height)
        area = [int(v) for v in clip(np.array([left, top, left + width, top + height]), (0, 0, SIZE, SIZE))]
        if area[2] - area[0] < 3 or area[3] - area[1] < 3:
            continue
        if rng.random() < 0.5:
            canvas.image[area[1] : area[3], area[0] : area[2]] = rng.integers(0, 256, 3)
        else:
            texture = pick(pools.negatives, rng).image
            patch = cv2.resize(texture, (area[2] - area[0], area[3] - area[1]), interpolation=cv2.INTER_AREA)
            canvas.image[area[1] : area[3], area[0] : area[2]] = patch


def spoil(image, rng):
    """Exposure, colour, noise, blur, compression."""
    if rng.random() < 0.6:
        gain, shift = rng.uniform(0.5, 1.5), rng.uniform(-50, 50)
        table = (np.arange(256) - 128) * gain + 128 + shift
        if rng.random() < 0.4:
            table = 255 * (table.clip(0, 255) / 255) ** rng.uniform(0.5, 2.2)
        image = cv2.LUT(image, table.clip(0, 255).astype(np.uint8))
    if rng.random() < 0.3:
        table = np.arange(256)[:, None] * rng.uniform(0.85, 1.15, 3)[None]
        image = cv2.LUT(image, table.clip(0, 255).astype(np.uint8)[None])
    if rng.random() < 0.15:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if rng.random() < 0.15:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 2.0))
    if rng.random() < 0.1:
        noise = rng.integers(-18, 19, image.shape, dtype=np.int16)
        image = (image + noise).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 85))]
        image = cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR)
    return image


def matrix_of(scale, degrees):
    """2x3: rotation and scaling, no shift yet."""
    angle = np.radians(degrees)
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0]])


def moved_box(box, turn):
    """x, y, w, h -> corners after the warp; a face is taken as an ellipse, whose extent a rotation changes little."""
    middle = turn[:, :2] @ (box[:2] + box[2:] / 2) + turn[:, 2]
    half = np.sqrt((turn[:, :2] ** 2) @ (box[2:].astype(float) ** 2)) / 2
    return np.concatenate([middle - half, middle + half])


def visible(box, cell):
    """Whether a face counts as seen: its middle in the cell, and enough of it."""
    middle = (box[:2] + box[2:]) / 2
    inside = cell[0] <= middle[0] < cell[2] and cell[1] <= middle[1] < cell[3]
    return inside and shared_area(box, cell) >= MIN_VISIBLE * np.prod(box[2:] - box[:2])


def shared_area(box, cell):
    return np.prod((np.minimum(box[2:], cell[2:]) - np.maximum(box[:2], cell[:2])).clip(min=0))


def clip(box, cell):
    return np.concatenate([np.clip(box[:2], cell[:2], cell[2:]), np.clip(box[2:], cell[:2], cell[2:])])


def pick(photos, rng):
    return photos[rng.integers(len(photos))]
