"""Normalises text by the service's own code (`models/examples/normalise.rs`), so that there is nothing to keep alike."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parents[3]
_COMMAND = ("cargo", "run", "--release", "--quiet", "--package", "models", "--example", "normalise", "--")


class Normaliser:
    """A child process that answers every line; what it has answered once is kept."""

    def __init__(self, tokenizer_json: str) -> None:
        self._tokenizer = tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8")
        self._tokenizer.write(tokenizer_json)
        self._tokenizer.flush()
        command = (*_COMMAND, self._tokenizer.name)
        self._process = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        if text not in self._known:
            self._process.stdin.write(json.dumps(text) + "\n")
            self._process.stdin.flush()
            self._known[text] = json.loads(self._process.stdout.readline())
        return self._known[text]
