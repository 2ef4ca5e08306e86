"""Writes bundles: a folder with the files of a model and a manifest that names each with its sha256.

    python models/training/bundle.py FOLDER      # after a file changed by hand: renew the hashes in its manifest
"""

import hashlib
import json
import re
import sys
from pathlib import Path


def write(folder, header, files, tables):
    """`header`: kind, name, version; `tables`: name -> (comment, {key: value})."""
    folder = Path(folder)
    hashes = {name: sha256(folder / name) for name in files}
    parts = [table("bundle", "", header), table("files", "", hashes)]
    parts += [table(name, comment, values) for name, (comment, values) in tables.items()]
    (folder / "manifest.toml").write_text("\n".join(parts), encoding="utf-8")


def table(name, comment, values):
    note = f"# {comment}\n" if comment else ""
    lines = [f"{bare_or_quoted(key)} = {toml(value)}\n" for key, value in values.items()]
    return f"{note}[{name}]\n" + "".join(lines)


def bare_or_quoted(key):
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else json.dumps(key)


def toml(value):
    """A TOML value; JSON's strings, numbers and flat lists are TOML's too."""
    return json.dumps(round(value, 6) if isinstance(value, float) else value, ensure_ascii=False)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def renew(folder):
    manifest = Path(folder) / "manifest.toml"
    text = manifest.read_text(encoding="utf-8")
    renewed = re.sub(
        r'^"([^"]+)" = "[0-9a-f]{64}"$',
        lambda found: f'"{found[1]}" = "{sha256(manifest.parent / found[1])}"',
        text,
        flags=re.MULTILINE,
    )
    manifest.write_text(renewed, encoding="utf-8")


if __name__ == "__main__":
    renew(sys.argv[1])
