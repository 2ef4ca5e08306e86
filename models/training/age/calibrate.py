"""Fits what the manifest says about the network's confidence, on validation faces.

The same arithmetic as models/src/age/estimate.rs: bin i holds the probability of the age i, spread over i +- 1/2. The
age itself is the mean of the distribution as the network gives it: bending it to the validation faces' mix of ages would
better the overall error at the cost of the minors, who are few.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression

BINS = np.arange(101)
COVERAGE = 0.9
BANDS = ((8, 12), (13, 17), (18, 24), (25, 40), (41, 60), (61, 120))
OVER_KNOTS = (8, 13, 16, 18, 21, 25, 30, 40, 60)  # ages at which P(at least that age) is calibrated
INTERVAL_KNOTS = (10, 16, 22, 32, 50, 66)  # apparent ages at which the interval's mass is fitted
MASSES = np.linspace(0.7, 0.995, 119)
SMOOTH = 0.001  # neighbouring knots differ no more than they must: they are fitted on some hundred faces each
FOLDS, SEED = 5, 20265


def distribution(logits):
    weights = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def over(shares, age):
    """The share of each distribution at `age` and older."""
    return shares[:, age:].sum(axis=1)


def logit(share):
    share = share.clip(1e-6, 1 - 1e-6)
    return np.log(share / (1 - share))


def fit_over(shares, ages):
    """Slope and offset of a logistic map at each of OVER_KNOTS."""
    fits = [LogisticRegression().fit(logit(over(shares, t))[:, None], ages >= t) for t in OVER_KNOTS]
    return {
        "slope": [float(fit.coef_[0, 0]) for fit in fits],
        "offset": [float(fit.intercept_[0]) for fit in fits],
    }


def probability(shares, age, fitted):
    slope, offset = (np.interp(age, OVER_KNOTS, fitted[name]) for name in ("slope", "offset"))
    return 1 / (1 + np.exp(-(slope * logit(over(shares, age)) + offset)))


def mass_needed(shares, ages):
    """The least mass with which the interval around a distribution's median reaches the true age: |2 F(age) - 1|."""
    rows = np.arange(len(ages))
    before = shares.cumsum(axis=1)[rows, ages] - shares[rows, ages] / 2
    return np.abs(2 * before - 1)


def fit_mass(shares, ages, sweeps=4):
    """Masses at INTERVAL_KNOTS that bring the coverage over all close to the nominal one, and no age band far below it.

    Conformal by apparent age, since the true one is not known when it is asked for; coordinate by coordinate.
    """
    needed, apparent = mass_needed(shares, ages), shares @ BINS
    members = [(ages >= low) & (ages <= high) for low, high in BANDS]
    masses = np.full(len(INTERVAL_KNOTS), 0.93)

    def misfit(candidate):
        covered = np.interp(apparent, INTERVAL_KNOTS, candidate) >= needed
        short = [max(0.0, COVERAGE - covered[member].mean()) ** 2 for member in members if member.any()]
        rough = np.sum(np.diff(logit(candidate)) ** 2)
        return sum(short) + 6 * (covered.mean() - COVERAGE) ** 2 + SMOOTH * rough

    for knot in list(range(len(masses))) * sweeps:
        tried = [np.where(np.arange(len(masses)) == knot, mass, masses) for mass in MASSES]
        masses = min(tried, key=misfit)
    return [float(mass) for mass in masses]


def covers(shares, ages, masses):
    return np.interp(shares @ BINS, INTERVAL_KNOTS, masses) >= mass_needed(shares, ages)


def quantile(shares, share):
    """The age below which `share` of each distribution lies."""
    above = shares.cumsum(axis=1)
    index = (above < share[:, None]).sum(axis=1).clip(max=len(BINS) - 1)
    rows = np.arange(len(shares))
    here = shares[rows, index]
    within = (share - (above[rows, index] - here)) / np.maximum(here, 1e-12)
    return (index - 0.5 + within).clip(0, BINS[-1])


def widths(shares, masses):
    tail = (1 - np.interp(shares @ BINS, INTERVAL_KNOTS, masses)) / 2
    return quantile(shares, 1 - tail) - quantile(shares, tail)


def calibration_error(probability, happened, bins=10):
    """Expected calibration error with equally filled bins."""
    order = np.argsort(probability)
    groups = np.array_split(order, bins)
    return sum(abs(probability[g].mean() - happened[g].mean()) * len(g) for g in groups) / len(order)


def challenge(shares, ages, refused=(0.15, 0.25), limit=18):
    """Share of 13 to 17 who pass where `refused` of those of 25 and more do not, by P(at least `limit`)."""
    adult = over(shares, limit)
    minors, grown = adult[(ages >= 13) & (ages <= 17)], adult[ages >= 25]
    return {share: float((minors >= np.quantile(grown, share)).mean()) for share in refused}


def calibrate(shares, ages, thresholds, log):
    """What the manifest says, fitted on all the faces; what is logged of it is cross-validated."""
    log_cross_validated(shares, ages, thresholds, log)
    masses = fit_mass(shares, ages)
    wide = widths(shares, masses)
    log(f"median interval {np.median(wide):.1f} years")
    return {
        "over": fit_over(shares, ages),
        "interval_mass": masses,
        "max_interval_years": float(np.ceil(np.percentile(wide, 99))),
    }


def log_cross_validated(shares, ages, thresholds, log):
    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(ages))
    said, covered = {t: np.zeros(len(ages)) for t in thresholds}, np.zeros(len(ages), bool)
    for held in range(FOLDS):
        rest, mine = fold != held, fold == held
        fitted = fit_over(shares[rest], ages[rest])
        for t in thresholds:
            said[t][mine] = probability(shares[mine], t, fitted)
        covered[mine] = covers(shares[mine], ages[mine], fit_mass(shares[rest], ages[rest]))
    before = {t: calibration_error(over(shares, t), ages >= t) for t in thresholds}
    after = {t: calibration_error(said[t], ages >= t) for t in thresholds}
    log("ECE as the network says " + " ".join(f"{t}:{error:.3f}" for t, error in before.items()))
    log("ECE calibrated, cross-validated " + " ".join(f"{t}:{error:.3f}" for t, error in after.items()))
    bands = [f"{low}-{high}:{covered[(ages >= low) & (ages <= high)].mean():.3f}" for low, high in BANDS]
    log(f"interval of {COVERAGE}, cross-validated: covers {covered.mean():.3f} " + " ".join(bands))
