"""What another age model sees in the training faces: a second opinion beside labels that are years off.

Written for the age model of face-api.js (MIT): RGB 0 to 255, the detector's box on a black square of 112 pixels; output
`age` in years, read from one pooled layer. Nothing of it is in the network that is trained here but what it says of the
training faces. Its own training photos include those of UTKFace, so on that set its opinion is no independent one.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import onnx
import onnxruntime

SIDE = 112


@dataclass
class Opinions:
    """Per face and per mirroring (0: as it is, 1: mirrored): `ages` [n,2] years, `features` [n,2,d], standardised."""

    ages: np.ndarray
    features: np.ndarray


def opinions(path, crops, log, batch=256):
    """Asks the model at `path` about `crops`, uint8 [n,112,112,3] RGB."""
    session, names = session_with_features(path)
    answers = []
    for start in range(0, len(crops), batch):
        image = crops[start : start + batch].transpose(0, 3, 1, 2).astype(np.float32)
        views = (image, np.ascontiguousarray(image[..., ::-1]))
        answers.append([session.run(names, {"input": view}) for view in views])
        if start % (20 * batch) == 0:
            log(f"teacher: {start} of {len(crops)} faces")
    ages = join(answers, 0)[..., 0]
    features = join(answers, 1)
    flat = features.reshape(-1, features.shape[-1])
    standardised = (features - flat.mean(axis=0)) / (flat.std(axis=0) + 1e-6)
    return Opinions(ages, standardised.astype(np.float16))


def session_with_features(path):
    """The model with one more output: the layer that its age is read from."""
    model = onnx.load(path)
    last = next(node for node in model.graph.node if "age" in node.output)
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(last.input[0]))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session, ["age", last.input[0]]


def join(answers, index):
    return np.stack([np.concatenate([pair[view][index] for pair in answers]) for view in (0, 1)], axis=1)


def crop_for_teacher(image, box):
    """The box alone, upright, on black."""
    x, y, width, height = box
    scale = 2 * SIDE / max(width, height)
    turn = np.array([[scale, 0, SIDE - (x + width / 2) * scale], [0, scale, SIDE - (y + height / 2) * scale]])
    large = cv2.warpAffine(image, turn, (2 * SIDE, 2 * SIDE), flags=cv2.INTER_LINEAR)
    crop = cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    across, down = (int(round((SIDE - extent * scale / 2) / 2)) for extent in (width, height))
    crop[:down], crop[SIDE - down :] = 0, 0
    crop[:, :across], crop[:, SIDE - across :] = 0, 0
    return crop


def agreed(ages, opinion, sets, share):
    """Labels moved by `share` towards the opinion, once its bias by set and age is taken out of it.

    Both are off by years, each in its own way: a little of the second makes the first less noisy. The bias is the median
    label among faces of a like opinion.
    """
    moved = ages.astype(np.float32)
    for name in np.unique(sets):
        mine = sets == name
        order = np.argsort(opinion[mine])
        mended = np.empty(mine.sum(), np.float32)
        mended[order] = running_median(ages[mine][order], 401)
        moved[mine] = (1 - share) * ages[mine] + share * mended
    return moved


def running_median(values, width):
    """The median of the `width` values around each; fewer at the ends."""
    half = width // 2
    return np.array([np.median(values[max(0, i - half) : i + half + 1]) for i in range(len(values))], np.float32)
