"""A conversation with its labels, and its JSONL form: that of the benign chats plus `label`, `slice` and `signals`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Iterable, Iterator


SYNTHETIC = ("synthetic", "synthetic_second", "synthetic_platform")


@dataclass
class Message:
    """`signals` None: unsettled, it teaches nothing. `risk`: does the message belong to the pattern of grooming? `sent_at`: seconds
    since any moment that the conversation shares, where known. `half`: of a message that showed a signal, sent in two."""

    speaker: str
    text: str
    signals: frozenset[str] | None = frozenset()
    risk: bool = False
    sent_at: float | None = None
    half: bool = False


@dataclass
class Conversation:
    """`label` 1: grooming. `slice`: the persona of a hard negative, the source of a benign chat, or "grooming".

    Conversations of one `original_id` are variants of each other, and intervals must know it.
    """

    conversation_id: str
    source: str
    label: int
    slice: str
    messages: list[Message] = field(default_factory=list)
    original_id: str = ""


    @property
    def is_synthetic(self) -> bool:
        """Whether it comes from a generator of ours, so that all of its labels are known."""
        return self.source in SYNTHETIC


def write_jsonl(conversations: Iterable[Conversation], path: Path, split: str) -> int:
    """Writes one conversation a line and returns how many."""
    count = 0
    with path.open("w", encoding="utf-8") as out:
        for conversation in conversations:
            out.write(json.dumps(_to_row(conversation, split), ensure_ascii=False) + "\n")
            count += 1
    return count


def read_jsonl(lines: Iterable[str], unlabelled: int | None = None) -> Iterator[tuple[str, Conversation]]:
    """Yields (split, conversation) from rows of either form. Rows without a label have the label `unlabelled`; without one they are
    refused, since a label is never guessed. Messages without text are left out, as in service."""
    for line in lines:
        row = json.loads(line)
        label = row.get("label", unlabelled)
        if label not in (0, 1):
            said = "no label" if label is None else f"the label {label!r}"
            raise SystemExit(f"conversation {row['conversation_id']} has {said}: give it \"label\" 0 or 1")
        messages = [_message(item) for item in row["messages"] if item["text"].strip()]
        source = row.get("source") or ""
        yield row.get("split") or "train", Conversation(
            row["conversation_id"], source, int(label), row.get("slice") or source, messages
        )


def _message(item: dict) -> Message:
    signals, risk = frozenset(item.get("signals") or ()), bool(item.get("risk", False))
    return Message(item["speaker"], item["text"], signals, risk, _seconds(item.get("sent_at")))


def _seconds(moment: float | str | None) -> float | None:
    """Of a time as `ward-eval` reads it: seconds, or RFC 3339."""
    if not isinstance(moment, str):
        return moment
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


def _to_row(conversation: Conversation, split: str) -> dict:
    return {
        "conversation_id": conversation.conversation_id,
        "original_id": conversation.original_id or conversation.conversation_id,
        "source": conversation.source,
        "license": "Apache-2.0",
        "split": split,
        "label": conversation.label,
        "slice": conversation.slice,
        "messages": [_message_row(message) for message in conversation.messages],
    }


def _message_row(message: Message) -> dict:
    row: dict = {"speaker": message.speaker, "text": message.text}
    if message.signals is not None:
        row["signals"] = sorted(message.signals)
    row["risk"] = message.risk
    return row
