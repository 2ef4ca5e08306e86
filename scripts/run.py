"""Starts the shipped Ward, asks it one age check and one chat, and leaves it serving until Ctrl-C. For `make run`.

The addresses are those of ward.toml, or of WARD_LISTEN and WARD_ADMIN_LISTEN.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import cargo

CONFIGURATION = cargo.PROJECT / "ward.toml"
# The longest that Ward may take until it is ready, seconds; it needs about one.
START = 60


def main():
    listen, admin = address("WARD_LISTEN", "listen"), address("WARD_ADMIN_LISTEN", "admin_listen")
    server = subprocess.Popen(
        [cargo.program("ward", "release"), "serve", "--config", CONFIGURATION,
         "--listen", listen, "--admin-listen", admin],
        # Its own session, so that Ctrl-C reaches it once and through `stop`, with a terminal and without.
        start_new_session=True,
    )
    # SIGHUP: the terminal was closed, and Ward in its own session would not hear of it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop(server))
    if is_ready(server, admin):
        subprocess.run([sys.executable, cargo.PROJECT / "scripts" / "ask.py", "--address", listen])
        print(f"\nWard serves gRPC at {listen} and metrics at http://{admin}/metrics. Ctrl-C stops it.", flush=True)
    elif server.poll() is None:
        stop(server)
        server.wait()
        sys.exit(f"run: Ward was not ready after {START} s, and was stopped: is the machine busy with something else?")
    sys.exit(server.wait())


def address(variable, key):
    """The address to listen on, which nothing else may use: another Ward there would answer in this one's place."""
    chosen = os.environ.get(variable) or configured(key)
    host, _, port = chosen.rpartition(":")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except (OSError, ValueError) as error:
            sys.exit(f"run: cannot listen on {chosen} ({getattr(error, 'strerror', None) or error}): "
                     f"stop what uses it, or choose another with `make run {variable}=127.0.0.1:PORT`.")
    return chosen


def configured(key):
    """The address in ward.toml. Python knows TOML only from 3.11 on; a line is enough here."""
    return re.search(rf'^{key} = "(.*)"', CONFIGURATION.read_text(encoding="utf-8"), re.MULTILINE).group(1)


def is_ready(server, admin):
    """Waits until Ward is ready; False when it has ended instead, having said why, or is not ready after START."""
    # Without the environment's proxy: it is for other hosts than one's own server.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START
    while server.poll() is None and time.monotonic() < deadline:
        try:
            opener.open(f"http://{admin}/readyz", timeout=1).close()
            return True
        except OSError:
            time.sleep(0.05)
    return False


def stop(server):
    """Asks Ward to drain; the wait in `main` then ends."""
    if server.poll() is None:
        server.terminate()


if __name__ == "__main__":
    main()
