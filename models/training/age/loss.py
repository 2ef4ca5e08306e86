"""What an answer of the network costs in training."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from net import AGES

SIGMA = 2.5  # years: how far a label is trusted
L1_WEIGHT, DECISION_WEIGHT = 0.2, 0.5
FEATURE_WEIGHT, OPINION_WEIGHT, GROUP_WEIGHT = 0.5, 0.2, 0.1
DECISIONS = (13, 16, 18, 21, 25)
MIDDLE, SPREAD = 33, 20  # years: the teacher's ages are learnt on a scale of about -1 to 1


@dataclass
class Targets:
    """Of one batch: `ages` [n] years; `opinions` [n] years and `features` [n,d] of the second teacher, or None;
    `sexes` [n] 0 or 1; `ethnicities` [n] 0 to 4, or -1 where the data set has none."""

    ages: torch.Tensor
    opinions: torch.Tensor
    features: torch.Tensor
    sexes: torch.Tensor
    ethnicities: torch.Tensor


def total(logits, beside, targets):
    cost = age_loss(logits.float(), targets.ages)
    features, opinion, sex, ethnicity = (part.float() for part in beside)
    cost = cost + GROUP_WEIGHT * F.binary_cross_entropy_with_logits(sex[:, 0], targets.sexes)
    if (targets.ethnicities >= 0).any():
        cost = cost + GROUP_WEIGHT * F.cross_entropy(ethnicity, targets.ethnicities, ignore_index=-1)
    if targets.features is not None:
        cost = cost + FEATURE_WEIGHT * F.smooth_l1_loss(features, targets.features)
        cost = cost + OPINION_WEIGHT * (opinion[:, 0] - (targets.opinions - MIDDLE) / SPREAD).abs().mean()
    return cost


def age_loss(logits, ages):
    """Cross-entropy to a Gaussian around the age, the distance of the expectation from it, and the cross-entropy of
    the five questions that are asked: is the person that old?"""
    bins = torch.arange(AGES)
    soft = torch.softmax(-0.5 * ((bins - ages[:, None]) / SIGMA) ** 2, dim=1)
    shares = logits.softmax(dim=1)
    distance = ((shares * bins).sum(dim=1) - ages).abs().mean()
    over, wanted = (torch.stack([part[:, t:].sum(dim=1) for t in DECISIONS], dim=1) for part in (shares, soft))
    decisions = F.binary_cross_entropy(over.clamp(1e-6, 1 - 1e-6), wanted.clamp(0, 1))
    return F.cross_entropy(logits, soft) + L1_WEIGHT * distance + DECISION_WEIGHT * decisions
