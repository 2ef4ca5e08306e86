"""Holds the floors of ARCHITECTURE.md: says in one sentence for each dependency that breaks them.

It reads what each crate depends on directly, for its program and its build script. Tests may reach further.
"""

import sys

import cargo

PROGRAMS = {"service", "eval", "loadtest"}

# The four arrows: which of our crates each crate may use.
ARROWS = {
    "proto": set(),
    "models": set(),
    "service": {"proto", "models"},
    "eval": {"models"},
    "loadtest": {"proto"},
}

# Which of our crates may use these of others. A name stands for its whole family: `tonic` is `tonic-health` too.
SEAMS = {
    "ort": {"models"},
    "ndarray": {"models"},
    # eval spoils photos for its robustness table; what is judged is always decoded by models.
    "image": {"models", "eval"},
    "fast_image_resize": {"models"},
    "tokenizers": {"models"},
    "prost": {"proto", "service", "loadtest"},
    "tonic": {"proto", "service", "loadtest"},
    "tokio": {"service", "loadtest"},
    "axum": {"service"},
    "h2": {"loadtest"},
    "metrics": {"service"},
    "plotters": {"eval", "loadtest"},
    "parquet": {"eval"},
    "anyhow": PROGRAMS,
    "clap": PROGRAMS,
}


def main():
    breaches = find_breaches(cargo.metadata()["packages"])
    for breach in breaches:
        print(f"floors: {breach}", file=sys.stderr)
    if breaches:
        sys.exit(1)
    print("floors: every crate uses only what its floor allows")


def find_breaches(packages):
    """One sentence for each dependency that its crate may not have."""
    breaches = []
    for package in packages:
        if package["name"] not in ARROWS:
            breaches.append(f"{package['name']} is a crate without a floor: give it one in scripts/floors.py "
                            "and ARCHITECTURE.md.")
            continue
        for dependency in package["dependencies"]:
            # The kind is null for the crate itself, and `build` for its build script.
            if dependency["kind"] != "dev":
                breaches += breach(package["name"], dependency["name"])
    return breaches


def breach(crate, dependency):
    """An empty list, or a list of one sentence."""
    if dependency in ARROWS:
        if dependency not in ARROWS[crate]:
            return [f"{crate} must not use our crate {dependency}: the floors have no such arrow."]
        return []
    for family, allowed in SEAMS.items():
        if is_of(dependency, family) and crate not in allowed:
            return [f"{crate} must not use {dependency}: of our crates only {', '.join(sorted(allowed))} may."]
    return []


def is_of(dependency, family):
    return dependency == family or dependency.startswith((f"{family}-", f"{family}_"))


if __name__ == "__main__":
    main()
