"""What cargo knows of this project."""

import json
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def metadata():
    """The workspace's own packages with their direct dependencies, as `cargo metadata` gives them."""
    words = ["cargo", "metadata", "--no-deps", "--format-version=1"]
    return json.loads(subprocess.run(words, cwd=PROJECT, check=True, stdout=subprocess.PIPE).stdout)


def program(name, profile):
    """The path of a built program; `profile` is the folder's name, `debug` or `release`."""
    return Path(metadata()["target_directory"]) / profile / name
