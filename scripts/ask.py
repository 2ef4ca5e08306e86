"""Asks a running Ward one age check and one chat, and prints both answers for a person.

    .venv/bin/python scripts/ask.py [--address HOST:PORT] [--photo FILE] [--chat FILE] [--policy NAME]

The chat is one conversation in one line of JSON, as in examples/chat.jsonl. This is also an example of a client: all
that it knows of Ward's messages it learns from the server.
"""

import argparse
import base64
import json
import os
import sys
from pathlib import Path

import reflected

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
AGE = "ward.age.v1.AgeEstimationService"
GROOMING = "ward.grooming.v1.GroomingDetectionService"

BOLD, DIM, GREEN, YELLOW, RED = 1, 2, 32, 33, 31
COLOURS = {"PASS": GREEN, "REFER": YELLOW, "FAIL": RED, "NONE": GREEN, "WATCH": YELLOW, "ALERT": RED}

# The most pieces of evidence shown, largest first.
EVIDENCE = 6

# What the reasons of an age check mean, for the reader of a terminal.
REASONS = {
    "NO_FACE": "no face was found",
    "MULTIPLE_FACES": "there is more than one face",
    "FACE_TOO_SMALL": "the face is too small",
    "FACE_CUT_OFF": "the face is cut off by the photo's edge",
    "BLURRED": "the face is not sharp",
    "TOO_DARK": "the face is too dark",
    "TOO_BRIGHT": "the face is too bright",
    "EXTREME_POSE": "the head is turned too far",
    "IN_BUFFER_ZONE": "the apparent age lies between failing and passing",
    "INTERVAL_TOO_WIDE": "the estimate is too uncertain",
    "MINOR_RISK": "the risk of passing a minor is too high",
}


def main():
    arguments = parse_arguments()
    with reflected.Server(arguments.address) as server:
        try:
            ask_age(server, arguments.photo, arguments.policy)
            ask_grooming(server, arguments.chat)
        except reflected.Refused as refused:
            sys.exit(f"ask: {refused}")
        except FileNotFoundError as error:
            sys.exit(f"ask: there is no file {error.filename}.")


def parse_arguments():
    parser = argparse.ArgumentParser(description="Asks a running Ward one age check and one chat.")
    parser.add_argument("--address", default="127.0.0.1:50051", help="where Ward serves gRPC (default %(default)s)")
    parser.add_argument("--photo", type=Path, default=EXAMPLES / "astronaut.jpg", help="a JPEG, PNG or WebP file")
    parser.add_argument("--chat", type=Path, default=EXAMPLES / "chat.jsonl", help="one conversation in a line of JSON")
    parser.add_argument("--policy", default="over-18", help="a policy of ward.toml (default %(default)s)")
    return parser.parse_args()


def ask_age(server, photo, policy):
    image = base64.b64encode(photo.read_bytes()).decode()
    answer = server.call(AGE, "CheckAge", {"image": image, "policy_name": policy, "return_estimate": True})
    outcome = plain(answer["outcome"], "OUTCOME")
    heading("Age check", short(photo))
    line("outcome", f"{coloured(outcome)} by policy {policy}")
    for reason in answer["reasons"]:
        key = plain(reason, "REASON")
        line("because", f"{REASONS.get(key, key)} {dim(key)}")
    if "estimate" in answer:
        print_estimate(answer["estimate"])
    print_footer(answer)


def print_estimate(estimate):
    interval = estimate["interval"]
    line("apparent age", f"{estimate['age_years']:.1f} years; {interval['coverage']:.0%} interval "
                         f"{interval['low']:.0f} to {interval['high']:.0f}")
    over = [f"{each['age']}: {each['probability']:.0%}" for each in estimate["over"]]
    if over:
        line("looks over", "   ".join(over))


def ask_grooming(server, chat):
    conversation = json.loads(chat.read_text(encoding="utf-8").splitlines()[0])
    messages = [
        {"message_id": message.get("message_id", str(number)), "author_id": message["speaker"],
         "text": message["text"]}
        for number, message in enumerate(conversation["messages"], start=1)
    ]
    answer = server.call(GROOMING, "ScoreConversation",
                         {"conversation_id": conversation["conversation_id"], "messages": messages})
    heading("Chat", f"{short(chat)}, {len(messages)} messages")
    if answer["abstained"]:
        line("abstained", plain(answer["abstention_reason"], "ABSTENTION_REASON"))
    else:
        print_risk(answer, {message["message_id"]: message["text"] for message in messages})
    print_footer(answer)


def print_risk(answer, texts):
    state = plain(answer["state"], "STATE")
    since = answer["first_alert_message_id"]
    line("risk", f"{answer['risk']:.2f} {coloured(state)}" + (f" since message {since}" if since else ""))
    for author in answer["by_author"]:
        toward = ", ".join(author["toward_author_ids"])
        line("author", f"{author['author_id']} {author['risk']:.2f} {coloured(plain(author['state'], 'STATE'))}"
                       + (f" toward {toward}" if toward else ""))
    stages = ", ".join(plain(stage, "STAGE") for stage in answer["stages"])
    line("stages", stages or "none")
    for evidence in answer["evidence"][:EVIDENCE]:
        line("evidence", f"{evidence['contribution']:4.0%} {plain(evidence['signal'], 'SIGNAL'):<18} "
                         f"{evidence['message_id']:>3}: {texts[evidence['message_id']]}")
    line("note", "this is a reason for a person to look, never proof")


def print_footer(answer):
    """Which model answered, and where the time went."""
    model, timings = answer["model"], answer.get("timings", {})
    times = ", ".join(f"{part} {milliseconds(timings.get(part))}" for part in ("queue", "prepare", "infer"))
    line("model", dim(f"{model['name']} {model['version']} ({model['sha256'][:12]}); {times}"))


def milliseconds(duration):
    """From protobuf's JSON form of a duration, as in `0.0125s`; None is no time at all."""
    return f"{float((duration or '0s')[:-1]) * 1000:.1f} ms"


def heading(title, subject):
    print(f"\n{styled(title, BOLD)}  {subject}")


def line(name, text):
    print(f"  {name:<13} {text}")


def plain(value, prefix):
    """`OUTCOME_PASS` as `PASS`."""
    return value[len(prefix) + 1:]


def short(path):
    """The path from where the reader stands, where it lies below."""
    return os.path.relpath(path) if Path.cwd() in path.resolve().parents else str(path)


def coloured(word):
    return styled(word, BOLD, COLOURS.get(word, BOLD))


def dim(text):
    return styled(text, DIM)


def styled(text, *styles):
    """In colour where a person watches and has not asked for none (the NO_COLOR convention)."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{';'.join(map(str, styles))}m{text}\033[0m"


if __name__ == "__main__":
    main()
