"""A page as a real browser lays it out: a headless Chromium, which the page is opened in and asked about."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from html import unescape
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

# Without a sandbox, since a container has none to give; what is opened is our own.
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
         "--enable-logging=stderr")

# The longest that a page may take, seconds. It takes about two; a busy machine may need more.
PATIENCE = 120

# Notes what goes wrong from the first byte on.
WATCH = """<script>
const probe = { errors: [] };
addEventListener("error", event => probe.errors.push(event.message || "not loaded: " + event.target.outerHTML), true);
</script>"""


def find():
    """The browser's path. Without one the test is skipped, or fails where WARD_REQUIRE_CHROMIUM is set, as in CI."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and not os.environ.get("WARD_REQUIRE_CHROMIUM"):
        raise unittest.SkipTest("there is no Chromium or Chrome to open the report in")
    if found is None:
        raise RuntimeError("WARD_REQUIRE_CHROMIUM is set, and there is no Chromium or Chrome")
    return found


def ask(page, script, scheme="light", width=1200):
    """Opens a copy of `page` and runs `script` in it, which fills `probe`. Answers it and what the console said."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "page.html"
        asking = f"<script>{script}\nconst answer = document.createElement('pre'); answer.id = 'probe';" \
                 "answer.textContent = JSON.stringify(probe); document.body.append(answer);</script>"
        text = page.read_text(encoding="utf-8")
        text = text.replace("<head>", f"<head>{WATCH}", 1).replace("</body>", f"{asking}</body>", 1)
        copy.write_text(text, encoding="utf-8")
        run = open_page(copy, "--dump-dom", "--virtual-time-budget=10000", f"--window-size={width},2000",
                        f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}")
    answer = re.search(r'<pre id="probe">(.*?)</pre>', run.stdout, re.DOTALL)
    if answer is None:
        raise RuntimeError(f"the page was not laid out:\n{run.stderr}")
    return json.loads(unescape(answer.group(1))), re.findall(r".*CONSOLE.*", run.stderr)


def open_page(page, *options):
    with tempfile.TemporaryDirectory() as profile:
        words = [find(), *QUIET, f"--user-data-dir={profile}", *options, page.as_uri()]
        return subprocess.run(words, check=True, timeout=PATIENCE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              encoding="utf-8", errors="replace")
