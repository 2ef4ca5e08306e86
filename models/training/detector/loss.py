"""Which cell answers for which face, and what its answer costs."""

import torch
import torch.nn.functional as F

from net import cell_grid, decode

# A face belongs to the scales whose range holds the square root of its area; ranges overlap.
RANGES = {8.0: (0.0, 56.0), 16.0: (36.0, 130.0), 32.0: (90.0, 1e9)}
SCORE_WEIGHT, BOX_WEIGHT, POINT_WEIGHT = 2.0, 2.0, 2.0
POINT_BEND = 0.2  # below that distance the cost of a point is square; with 1, the tilt of a head was hardly learnt


def detection_loss(raw, targets, size):
    """`raw` [n,N,16]; `targets`: per picture (boxes [g,4] corners, points [g,5,2] or NaN, ignore [m,4] corners)."""
    places, strides = cell_grid(size, size)
    boxes, points = decode(raw, places, strides)
    wanted = torch.zeros(raw.shape[0], raw.shape[1], 2)  # cls: overlap with the face; obj: face or not
    counted = torch.ones(raw.shape[:2], dtype=torch.bool)
    place_costs, point_costs = [], []
    for n, (faces, marks, ignore) in enumerate(targets):
        owner, skip = assign(faces, ignore, places, strides)
        counted[n] = ~skip
        mine = (owner >= 0).nonzero()[:, 0]
        if len(mine) == 0:
            continue
        face = faces[owner[mine]]
        cost, overlap = box_cost(boxes[n, mine], face)
        wanted[n, mine, 0] = overlap.detach().clamp(min=0.0)
        wanted[n, mine, 1] = 1.0
        place_costs.append(cost)
        point_costs.append(point_cost(points[n, mine], marks[owner[mine]], face))
    positives = max(1, sum(len(cost) for cost in place_costs))
    total = SCORE_WEIGHT * focal(raw[..., :2], wanted)[counted].sum() / positives
    if place_costs:
        total = total + BOX_WEIGHT * torch.cat(place_costs).mean() + POINT_WEIGHT * torch.cat(point_costs).mean()
    return total


def assign(faces, ignore, places, strides):
    """For every cell the index of its face or -1, and whether its score counts for nothing.

    A cell answers for a face whose middle is close by and whose size suits its stride. Cells close to the middle of a
    face of another scale are neither right nor wrong, nor are those in an ignore region.
    """
    centres = (places + 0.5) * strides[:, None]
    skip = inside(centres, ignore).any(dim=1)
    owner = torch.full((len(centres),), -1)
    if len(faces) == 0:
        return owner, skip
    extent = faces[:, 2:] - faces[:, :2]
    distance = (centres[:, None] - (faces[:, :2] + faces[:, 2:])[None] / 2).abs().amax(dim=2)
    reach = (extent.amin(dim=1)[None] / 2).clamp(min=0.75 * strides[:, None], max=1.5 * strides[:, None])
    close = distance < reach
    scale = extent.prod(dim=1).sqrt()
    low = torch.tensor([RANGES[float(s)][0] for s in strides])
    high = torch.tensor([RANGES[float(s)][1] for s in strides])
    suits = (scale[None] >= low[:, None]) & (scale[None] < high[:, None])
    taken = torch.where(close & suits, scale[None], torch.inf)  # the smaller face wins a shared cell
    smallest, index = taken.min(dim=1)
    owner = torch.where(smallest.isfinite(), index, owner)
    skip = (skip | close.any(dim=1)) & (owner < 0)
    return owner, skip


def inside(centres, boxes):
    """[N,2], [m,4] -> [N,m]"""
    return ((centres[:, None] >= boxes[None, :, :2]) & (centres[:, None] < boxes[None, :, 2:])).all(dim=2)


def box_cost(found, face):
    """EIoU: one minus the overlap, plus the distances of middles, widths and heights. Returns (cost, overlap)."""
    meet = (torch.min(found[:, 2:], face[:, 2:]) - torch.max(found[:, :2], face[:, :2])).clamp(min=0).prod(dim=1)
    extent, face_extent = found[:, 2:] - found[:, :2], face[:, 2:] - face[:, :2]
    overlap = meet / (extent.prod(dim=1) + face_extent.prod(dim=1) - meet + 1e-6)
    hull = torch.max(found[:, 2:], face[:, 2:]) - torch.min(found[:, :2], face[:, :2]) + 1e-6
    apart = (found[:, :2] + found[:, 2:] - face[:, :2] - face[:, 2:]) / 2
    cost = 1 - overlap + apart.square().sum(dim=1) / hull.square().sum(dim=1)
    return cost + ((extent - face_extent).square() / hull.square()).sum(dim=1), overlap


def point_cost(found, marks, face):
    """Distance of the points in units of a tenth of the face's width; 0 where the label has none."""
    width = (face[:, 2] - face[:, 0])[:, None, None]
    known = ~marks.isnan()
    apart = 10 * (found - torch.where(known, marks, found)) / width
    return F.smooth_l1_loss(apart, torch.zeros_like(apart), reduction="none", beta=POINT_BEND).mean(dim=(1, 2))


def focal(logits, wanted):
    """Quality focal loss: cross-entropy weighted by the squared error, so that easy background weighs nothing."""
    cost = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return cost * (wanted - logits.sigmoid()).square()
