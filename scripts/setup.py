"""Sets up what building, testing and running Ward need beside Rust, all of it inside the project's folder.

- `.venv`: a Python environment with the packages of client-requirements.txt.
- `.onnxruntime`: the ONNX Runtime library with its licence, out of the wheel in onnxruntime-requirement.txt.

What is already there is left alone. Every download is done by pip, from wherever pip is set to look, and is checked
against its sha256. Needs Python 3.9 or later with venv, and nothing else.
"""

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent
PROJECT = SCRIPTS.parent
VENV = PROJECT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
RUNTIME = PROJECT / ".onnxruntime"
CLIENT_REQUIREMENTS = SCRIPTS / "client-requirements.txt"
RUNTIME_REQUIREMENT = SCRIPTS / "onnxruntime-requirement.txt"

# For each platform: the tag of its wheel, and what its library must be called.
WHEELS = {
    ("Linux", "x86_64"): ("manylinux_2_28_x86_64", "libonnxruntime.so"),
    ("Linux", "aarch64"): ("manylinux_2_28_aarch64", "libonnxruntime.so"),
    ("Darwin", "arm64"): ("macosx_14_0_arm64", "libonnxruntime.dylib"),
}


class SetupError(Exception):
    """Setting up cannot go on. The text is one sentence with the mend."""


def main():
    try:
        set_up_client()
        set_up_runtime()
    except SetupError as error:
        sys.exit(f"setup: {error}")


def set_up_client():
    """Makes `.venv` and installs the client's packages into it."""
    stamp = VENV / "client-requirements.sha256"
    wanted = sha256(CLIENT_REQUIREMENTS.read_bytes() + sys.version.encode())
    if is_done(stamp, wanted):
        say(".venv is ready")
        return
    started = time.monotonic()
    say(f"making .venv with Python {platform.python_version()}")
    make_venv()
    say(f"installing the packages of {CLIENT_REQUIREMENTS.relative_to(PROJECT)}")
    # A wheel only, never a source: nothing is compiled and no package's own script runs.
    pip("install", "--only-binary=:all:", "--require-hashes", "-r", CLIENT_REQUIREMENTS)
    stamp.write_text(wanted)
    say(f".venv is ready ({time.monotonic() - started:.0f} s)")


def make_venv():
    if sys.version_info < (3, 9):
        raise SetupError(f"Python 3.9 or later is needed and this is {platform.python_version()}: "
                         "name a later one, as in `make setup PYTHON=python3.12`.")
    # Debian and Ubuntu ship venv without the pip that it would install.
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupError("this Python cannot make an environment with pip: install python3-venv "
                         "(on Debian and Ubuntu: `sudo apt install python3-venv`) and run `make setup` again.")
    try:
        venv.EnvBuilder(clear=True, with_pip=True, symlinks=True).create(VENV)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(f"{VENV} cannot be made ({error}): check that the folder can be written to.") from error


def set_up_runtime():
    """Fetches the ONNX Runtime library and its licence into `.onnxruntime`."""
    if os.environ.get("ORT_DYLIB_PATH"):
        say("ORT_DYLIB_PATH names the ONNX Runtime library to use: none is fetched")
        return
    machine = (platform.system(), platform.machine())
    if machine not in WHEELS:
        known = ", ".join(" ".join(known) for known in WHEELS)
        raise SetupError(f"there is no ONNX Runtime wheel for {' '.join(machine)} (there is for {known}): "
                         "install ONNX Runtime 1.28 yourself and set ORT_DYLIB_PATH to its library.")
    tag, library = WHEELS[machine]
    stamp = RUNTIME / "requirement.sha256"
    wanted = sha256(RUNTIME_REQUIREMENT.read_bytes() + tag.encode())
    if is_done(stamp, wanted) and (RUNTIME / library).is_file():
        say(".onnxruntime is ready")
        return
    started = time.monotonic()
    say(f"fetching ONNX Runtime for {' '.join(machine)}, about 20 MB")
    with tempfile.TemporaryDirectory() as folder:
        wheel = download_runtime(Path(folder), tag)
        unpack_runtime(wheel, library)
    stamp.write_text(wanted)
    say(f".onnxruntime is ready ({time.monotonic() - started:.0f} s)")


def download_runtime(folder, tag):
    """Answers the path of the wheel. Its Python tag is fixed, so that the user's own Python does not matter."""
    pip("download", "--dest", folder, "--no-deps", "--only-binary=:all:", "--require-hashes",
        "--implementation=cp", "--python-version=3.11", "--abi=cp311", "--platform", tag, "-r", RUNTIME_REQUIREMENT)
    return next(folder.glob("onnxruntime-*.whl"))


def unpack_runtime(wheel, library):
    """Takes the library and its licences out of the wheel."""
    RUNTIME.mkdir(exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        stem = library.split(".")[0]
        versioned = next(name for name in archive.namelist() if name.startswith(f"onnxruntime/capi/{stem}."))
        extract(archive, versioned, RUNTIME / library)
        extract(archive, "onnxruntime/LICENSE", RUNTIME / "LICENSE")
        extract(archive, "onnxruntime/ThirdPartyNotices.txt", RUNTIME / "ThirdPartyNotices.txt")


def extract(archive, name, path):
    """Writes beside `path` first and renames, so that a run cut short or a running server never sees half a file."""
    partial = path.with_suffix(".partial")
    with archive.open(name) as source, partial.open("wb") as target:
        shutil.copyfileobj(source, target)
    partial.replace(path)


def pip(command, *arguments):
    """Runs the environment's pip: with its progress bar where a person watches, quiet elsewhere."""
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    words = [VENV_PYTHON, "-m", "pip", "--disable-pip-version-check", command, *quiet, *arguments]
    if subprocess.run(words).returncode != 0:
        raise SetupError(f"`pip {command}` failed, for the reason it gives above: "
                         "check the network and pip's own settings, and run `make setup` again.")


def is_done(stamp, wanted):
    return stamp.is_file() and stamp.read_text() == wanted


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def say(text):
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    main()
