"""From a picture to faces as the service does it (models/src/age/detect.rs): letterbox, network, decode, NMS."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from net import STRIDES, cell_grid, decode


@dataclass(frozen=True)
class Geometry:
    """How a photo is fed: shrunk until its long side is `max_side`, on black with `border` px all round."""

    max_side: int = 256
    border: int = 32
    overlap: float = 0.3  # NMS


def letterbox(image, geometry):
    """Returns the network's input uint8 [H,W,3], H and W multiples of 32, and the scale applied to the photo."""
    height, width = image.shape[:2]
    scale = min(1.0, geometry.max_side / max(height, width))
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    height, width = image.shape[:2]
    padded = [(extent + 2 * geometry.border + 31) // 32 * 32 for extent in (height, width)]
    canvas = np.zeros((*padded, 3), np.uint8)
    canvas[geometry.border : geometry.border + height, geometry.border : geometry.border + width] = image
    return canvas, scale


def find_faces(raw_of, image, geometry, threshold):
    """Faces of a photo, best first: corners [k,4], points [k,5,2], scores [k], in pixels of the photo.

    `raw_of`: uint8 [H,W,3] -> (score [N], raw cells [N,16]).
    """
    canvas, scale = letterbox(image, geometry)
    score, raw = raw_of(canvas)
    keep = np.flatnonzero(score >= threshold)
    boxes, points = decode(torch.from_numpy(raw[keep]), *(part[keep] for part in cell_grid(*canvas.shape[:2])))
    boxes, points, score = boxes.numpy(), points.numpy(), score[keep]
    kept = suppress(boxes, score, geometry.overlap)
    return (boxes[kept] - geometry.border) / scale, (points[kept] - geometry.border) / scale, score[kept]


def suppress(boxes, score, overlap):
    """Non-maximum suppression; indices of what is kept, best first."""
    kept = []
    for index in np.argsort(-score, kind="stable"):
        if all(iou(boxes[index], boxes[other]) <= overlap for other in kept):
            kept.append(index)
    return np.array(kept, int)


def iou(a, b):
    meet = np.prod((np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])).clip(min=0))
    return meet / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - meet + 1e-9)


def torch_raw(net):
    """Adapter for a network in training."""

    def raw_of(canvas):
        with torch.inference_mode():
            raw = net(torch.from_numpy(canvas).permute(2, 0, 1)[None].float())[0]
        score = raw[:, :2].sigmoid().prod(dim=1).sqrt()
        return score.numpy(), raw.numpy()

    return raw_of


def onnx_raw(session):
    """Adapter for an exported file, ours or the official YuNet."""

    def raw_of(canvas):
        outputs = session.run(None, {"input": canvas.transpose(2, 0, 1)[None].astype(np.float32)})
        found = dict(zip((output.name for output in session.get_outputs()), outputs))
        levels = [[found[f"{kind}_{stride}"][0] for kind in ("cls", "obj", "bbox", "kps")] for stride in STRIDES]
        raw = np.concatenate([np.concatenate(level, axis=1) for level in levels])
        return np.sqrt(raw[:, 0].clip(0, 1) * raw[:, 1].clip(0, 1)), raw

    return raw_of
