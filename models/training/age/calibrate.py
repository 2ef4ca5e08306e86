"""Fits what the manifest says about the network's confidence: temperature and interval mass.

The same arithmetic as models/src/age/estimate.rs: bin i holds the probability of the age i, spread over i +- 1/2.
"""

import numpy as np

BINS = np.arange(101)


def distribution(logits, temperature):
    scaled = logits.astype(np.float64) / temperature
    weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def expected_age(logits, temperature):
    return distribution(logits, temperature) @ BINS


def quantile(shares, share):
    """The age below which `share` of each distribution lies."""
    above = shares.cumsum(axis=1)
    index = (above < share).sum(axis=1).clip(max=len(BINS) - 1)
    rows = np.arange(len(shares))
    here = shares[rows, index]
    within = (share - (above[rows, index] - here)) / np.maximum(here, 1e-12)
    return (index - 0.5 + within).clip(0, BINS[-1])


def interval(shares, mass):
    tail = (1 - mass) / 2
    return quantile(shares, tail), quantile(shares, 1 - tail)


def calibration_error(probability, happened, bins=10):
    """Expected calibration error with equally filled bins."""
    order = np.argsort(probability)
    groups = np.array_split(order, bins)
    return sum(abs(probability[g].mean() - happened[g].mean()) * len(g) for g in groups) / len(order)


def errors_at(shares, ages, thresholds):
    return {t: calibration_error(shares[:, t:].sum(axis=1), ages >= t) for t in thresholds}


def calibrate(logits, ages, thresholds, coverage, log):
    """Temperature by the mean calibration error at the thresholds, interval mass by measured coverage."""
    candidates = np.geomspace(0.5, 3.0, 73)
    mean_error = [np.mean(list(errors_at(distribution(logits, t), ages, thresholds).values())) for t in candidates]
    temperature = float(candidates[int(np.argmin(mean_error))])
    shares = distribution(logits, temperature)
    masses = np.linspace(0.5, 0.995, 496)
    covered = [inside(interval(shares, mass), ages) for mass in masses]
    mass = float(masses[int(np.argmin(np.abs(np.array(covered) - coverage)))])
    low, high = interval(shares, mass)
    widest = float(np.ceil(np.percentile(high - low, 99)))
    errors = errors_at(shares, ages, thresholds)
    log(f"temperature={temperature:.3f} ECE " + " ".join(f"{t}:{error:.3f}" for t, error in errors.items()))
    covered = inside((low, high), ages)
    log(f"interval mass={mass:.3f} covers {covered:.3f}, median width {np.median(high - low):.1f} years")
    return {"temperature": temperature, "interval_mass": mass, "max_interval_years": widest}


def inside(ends, ages):
    return float(((ages >= ends[0]) & (ages <= ends[1])).mean())
