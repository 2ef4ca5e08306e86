"""Writes the Parquet files of this folder as pandas and pyarrow write them: `pip install pandas pyarrow`, then run it.

Everything in them is made up.
"""

from datetime import datetime, timezone
from pathlib import Path

import pandas
import pyarrow
from pyarrow import parquet

HERE = Path(__file__).parent

TALK = [
    ("A", "is it going to rain tomorrow", datetime(2026, 5, 1, 15, 30, tzinfo=timezone.utc)),
    ("B", "the forecast says sun ☀", datetime(2026, 5, 1, 15, 30, 20, tzinfo=timezone.utc)),
    ("A", "", None),
]


def photos():
    # A missing number makes pandas write all of the column as floats: 1.0, as does a real table.
    frame = pandas.DataFrame({
        "file": ["a.jpg", "b.jpg", "c.jpg"],
        "age": [17, 40, 9],
        "sex": [1, 0, None],
        "subject": ["s1", "s2", "s1"],
        "split": pandas.Categorical(["val", "train", "val"]),
        "group_device": ["phone", "phone", "tablet"],
        "image": [b"\x00\x01", b"\x02", None],
    })
    frame.to_parquet(HERE / "photos.snappy.parquet", compression="snappy")


def chats():
    message = pyarrow.struct([
        ("speaker", pyarrow.string()),
        ("text", pyarrow.string()),
        ("sent_at", pyarrow.timestamp("us", tz="UTC")),
        ("signals", pyarrow.list_(pyarrow.string())),
        ("risk", pyarrow.bool_()),
    ])
    talk = [{"speaker": speaker, "text": text, "sent_at": sent_at} for speaker, text, sent_at in TALK]
    marked = [
        {"speaker": "A", "text": "keep it between us", "signals": ["SECRECY"]},
        {"speaker": "B", "text": "ok", "signals": []},
    ]
    table = pyarrow.table({
        "conversation_id": pyarrow.array(["made/1/0", "made/1/1", "made/2/0"]),
        "source": pyarrow.array(["made"] * 3),
        "split": pyarrow.array(["val", "val", "train"]),
        "label": pyarrow.array([0, None, 1], pyarrow.int64()),
        "year": pyarrow.array([2026] * 3, pyarrow.uint16()),
        "messages": pyarrow.array([talk, [], marked], pyarrow.list_(message)),
    })
    parquet.write_table(table, HERE / "chats.zstd.parquet", compression="zstd", row_group_size=2)


def times():
    message = pyarrow.struct([
        ("speaker", pyarrow.string()),
        ("text", pyarrow.string()),
        ("sent_at", pyarrow.timestamp("ns")),
    ])
    table = pyarrow.table({
        "conversation_id": pyarrow.array(["made/1/0"]),
        "messages": pyarrow.array([[{"speaker": "A", "text": "hello", "sent_at": 1}]], pyarrow.list_(message)),
    })
    parquet.write_table(table, HERE / "nanoseconds.parquet", compression="none")


if __name__ == "__main__":
    photos()
    chats()
    times()
