"""Minors' rates over all labelled faces: each is judged by a network that no step showed it.

    python models/training/age/folds.py split --data DIR --folds 3 --out FOLDS
    python models/training/age/train.py --data FOLDS/0 --out RUNS/0 --teacher FILE --minutes 90         # and 1, and 2
    ward-eval age --manifest FOLDS/0/utkface.csv --images PHOTOS --split val --group-by sex --group-by ethnicity \\
        --bundle RUNS/0/bundle --robustness 0 --out REPORTS/0/utkface              # and aaf.csv, by sex; and 1, and 2
    python models/training/age/folds.py rates --reports REPORTS

`split` deals the faces of training and validation out anew: FOLDS/0 is the data folder in which the first share is the
validation split and the rest the training split. `rates` puts together what `ward-eval` says of the held-out shares.
Each network is calibrated on the very faces that it is asked about: a few numbers on some ten thousand faces.
"""

import argparse
import csv
import itertools
import json
import os
import sys
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

sys.path.append(str(Path(__file__).resolve().parents[1]))
import faces  # noqa: E402
from data import PACKS  # noqa: E402

SEED = 20267
REFUSED = (0.15, 0.25)
# By what a face may pass.
SCORES = {f"P(at least {age})": lambda face, age=age: face["over"][str(age)] for age in (18, 21, 25)} | {
    "the age": lambda face: face["age_years"]
}
BANDS = ((0, 7), (8, 12), (13, 17), (18, 24), (25, 120))
ADULT_BANDS = ((25, 40), (41, 60), (61, 120))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    split = commands.add_parser("split", help="deal the faces out anew")
    split.add_argument("--data", type=Path, required=True, help="folder with the face packs")
    split.add_argument("--folds", type=int, default=3)
    split.add_argument("--out", type=Path, required=True, help="gets a data folder for each fold")
    rates = commands.add_parser("rates", help="put the held-out shares together")
    rates.add_argument("--reports", type=Path, required=True, help="REPORTS/FOLD/PACK/samples.jsonl of ward-eval")
    args = parser.parse_args()
    if args.command == "split":
        deal_out(args.data, args.folds, args.out)
    else:
        print_rates(args.reports)


def deal_out(data_dir, folds, out):
    for fold in range(folds):
        folder = out / str(fold)
        folder.mkdir(parents=True)
        for tar in data_dir.glob("*.tar"):
            (folder / tar.name).symlink_to(os.path.abspath(tar))
    for pack in PACKS:
        rows = faces.read_rows(data_dir / f"{pack}.csv")
        held = shares_of([int(row["age"]) for row in rows], folds)
        for fold in range(folds):
            anew = [{**row, "split": "val" if mine == fold else "train"} for row, mine in zip(rows, held)]
            write_rows(out / str(fold) / f"{pack}.csv", anew)


def shares_of(ages, folds):
    """Which share each face belongs to: every share has its part of every age."""
    shuffled = np.random.default_rng(SEED).permutation(len(ages))
    by_age = shuffled[np.argsort(np.array(ages)[shuffled], kind="stable")]
    shares = np.empty(len(ages), int)
    shares[by_age] = np.arange(len(ages)) % folds
    return shares


def write_rows(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def print_rates(reports):
    by_pack = [[read_samples(path) for path in sorted(reports.glob(f"*/{pack}/samples.jsonl"))] for pack in PACKS]
    both = [sum(shares, []) for shares in zip(*by_pack)]
    for name, folds in zip((*PACKS, "both"), (*by_pack, both)):
        tables = (table_of_errors(folds), table_of_passing(folds), table_of_groups(folds))
        print(f"## {name}, {len(folds)} folds\n", *tables, sep="\n", end="\n\n")


def read_samples(path):
    """The answered faces of one held-out share."""
    with open(path, encoding="utf-8") as file:
        return [sample for sample in map(json.loads, file) if "age_years" in sample]


def table_of_errors(folds):
    lines = ["| true age | n | MAE | bias | in the interval | called 18 or older | 25 or older |", "|---|" + "---|" * 6]
    for low, high in ((0, 120), *BANDS, *ADULT_BANDS):
        band = [face for fold in folds for face in aged(fold, low, high)]
        error = np.array([face["age_years"] - face["age"] for face in band])
        within = np.mean([face["low"] <= face["age"] <= face["high"] for face in band])
        adult = (share(sum(face["age_years"] >= age for face in band), len(band)) for age in (18, 25))
        cells = [f"{low}–{high}", len(band), f"{np.abs(error).mean():.2f}", f"{error.mean():+.2f}", f"{within:.1%}", *adult]
        lines.append(row_of(cells))
    return "\n".join([*lines, ""])


def table_of_passing(folds):
    """By each score with so many adults refused, the limit set in each fold by its own network; and by the policies."""
    lines = ["| passes by | " + " | ".join(f"{low}–{high}" for low, high in BANDS) + " |", "|---|" + "---|" * len(BANDS)]
    for refused, (name, score) in itertools.product(REFUSED, SCORES.items()):
        lines.append(passing_row(f"{name}, {refused:.0%} of 25 and older refused", passing_by(score, folds, refused)))
    for policy in folds[0][0]["policies"]:
        passing = [(face, face["policies"][policy] == "PASS") for fold in folds for face in fold]
        lines.append(passing_row(f"`{policy}`", passing))
    return "\n".join([*lines, ""])


def passing_by(score, folds, refused):
    """Every face, and whether it passes."""
    limits = [np.quantile([score(face) for face in aged(fold, 25, 120)], refused) for fold in folds]
    return [(face, score(face) >= limit) for fold, limit in zip(folds, limits) for face in fold]


def table_of_groups(folds):
    """Who passes by P(at least 18) and who is refused, group by group, as the data sets code them."""
    head = [f"13–17 who pass, {refused:.0%} of all 25 and older refused" for refused in REFUSED]
    head = ["group", *head, "13–17 called 25 or older", "25 and older called under 25"]
    passing = [passing_by(SCORES["P(at least 18)"], folds, refused) for refused in REFUSED]
    lines = [row_of(head), "|---|" + "---|" * (len(head) - 1)]
    groups = {(key, value) for face, _ in passing[0] for key, value in face["groups"].items()}
    for key, value in sorted(groups):
        members = [[(face, passes) for face, passes in of if face["groups"].get(key) == value] for of in passing]
        minors = [[passes for face, passes in of if 13 <= face["age"] <= 17] for of in members]
        looks = {low: [face["age_years"] >= 25 for face in aged([face for face, _ in members[0]], low, high)] for low, high in BANDS}
        refused = [not older for older in looks[25]]
        cells = [share(sum(of), len(of)) if of else "" for of in (*minors, looks[13], refused)]
        lines.append(row_of([f"{key} {value}", *cells]))
    return "\n".join(lines)


def passing_row(name, passing):
    cells = [name]
    for low, high in BANDS:
        band = [passes for face, passes in passing if low <= face["age"] <= high]
        cells.append(share(sum(band), len(band)))
    return row_of(cells)


def share(hits, of):
    """With the exact (Clopper-Pearson) 95 % interval."""
    interval = binomtest(int(hits), of).proportion_ci()
    return f"{hits} of {of}: {hits / of:.1%} ({interval.low:.1%} to {interval.high:.1%})"


def aged(samples, low, high):
    return [face for face in samples if low <= face["age"] <= high]


def row_of(cells):
    return "| " + " | ".join(map(str, cells)) + " |"


if __name__ == "__main__":
    main()
