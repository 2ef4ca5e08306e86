"""Starts the shipped Ward, asks it one age check and one chat, and leaves it serving until Ctrl-C. For `make run`.

    .venv/bin/python scripts/run.py [--listen HOST:PORT] [--admin-listen HOST:PORT]
"""

import argparse
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
    arguments = parse_arguments()
    for option in ("listen", "admin_listen"):
        require_free(option.replace("_", "-"), getattr(arguments, option))
    program = cargo.program("ward", "release")
    server = subprocess.Popen(
        [program, "serve", "--config", CONFIGURATION, "--listen", arguments.listen,
         "--admin-listen", arguments.admin_listen],
        # Its own session, so that Ctrl-C reaches it once and through `stop`, with a terminal and without.
        start_new_session=True,
    )
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stop(server))
    if is_ready(server, arguments.admin_listen):
        subprocess.run([sys.executable, cargo.PROJECT / "scripts" / "ask.py", "--address", arguments.listen])
        print(f"\nWard serves gRPC at {arguments.listen} and metrics at http://{arguments.admin_listen}/metrics. "
              "Ctrl-C stops it.", flush=True)
    sys.exit(server.wait())


def parse_arguments():
    parser = argparse.ArgumentParser(description="Starts Ward, asks it two questions and leaves it serving.")
    parser.add_argument("--listen", default=configured("listen"), help="gRPC (default %(default)s)")
    parser.add_argument("--admin-listen", default=configured("admin_listen"), help="HTTP (default %(default)s)")
    return parser.parse_args()


def configured(key):
    """The address in ward.toml. Python knows TOML only from 3.11 on; a line is enough here."""
    return re.search(rf'^{key} = "(.*)"', CONFIGURATION.read_text(encoding="utf-8"), re.MULTILINE).group(1)


def require_free(option, address):
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as error:
            sys.exit(f"run: {address} cannot be listened on ({error.strerror}): stop what uses it, "
                     f"or name another with `make run {option.upper().replace('-', '_')}=127.0.0.1:PORT`.")


def is_ready(server, admin):
    """Waits until Ward is ready; False when it has ended instead, having said why."""
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
