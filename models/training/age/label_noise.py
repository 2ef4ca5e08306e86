"""How many minors would pass by a judge who knows every apparent age exactly, only because labels are noisy.

    python models/training/age/label_noise.py --data DIR

UTKFace's README tells of 375 groups of copies of one photo: 205 carry different labels (55 %), 4.3 years apart in the mean, 11 of them (2.9 %) on
both sides of 18. SHARE and ERROR are set so that two drawn labels of one face do about the same. The ages drawn around are
the labels themselves.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1]))
import faces  # noqa: E402

SHARE, ERROR = 1 / 3, 5.0  # of the labels, years
REFUSED = 0.15
DRAWS, SEED = 20, 20268


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the face packs")
    known = np.array([int(row["age"]) for row in faces.read_rows(parser.parse_args().data / "utkface.csv")])
    rng = np.random.default_rng(SEED)
    differ, apart, across, passing = np.mean([one_draw(known, rng) for _ in range(DRAWS)], axis=0)
    print(f"two labels of one face: {differ:.1%} differ, {apart:.1f} years apart, {across:.1%} on both sides of 18")
    print(f"13-17 who pass by their true apparent age, {REFUSED:.0%} of 25 and older refused: {passing:.1%}")


def one_draw(known, rng):
    """Share of pairs of labels that differ, by how many years, share across 18, and share of minors who pass."""
    true = known + rng.uniform(-0.5, 0.5, len(known))
    labels, others = labelled(true, rng), labelled(true, rng)
    apart = np.abs(labels - others)
    minors = (labels >= 13) & (labels <= 17)
    limit = np.quantile(true[labels >= 25], REFUSED)
    across = (labels < 18) != (others < 18)
    return (apart > 0).mean(), apart[apart > 0].mean(), across.mean(), (true[minors] >= limit).mean()


def labelled(true, rng):
    """Whole years, a share of them off."""
    off = np.where(rng.random(len(true)) < SHARE, rng.normal(0, ERROR, len(true)), 0)
    return np.round(true + off).clip(0)


if __name__ == "__main__":
    main()
