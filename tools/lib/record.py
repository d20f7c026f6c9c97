"""A record that only grows: each line holds the SHA-256 of the one before it.

Whoever changes a line, or takes one out, breaks the chain behind it. Lines that are cut off at the
end leave a whole chain: only who holds a receipt, which is such a line, can tell.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from nnfs_core.files import write_whole


def digest(entry: dict) -> str:
    """Return the SHA-256 of the line of an entry."""
    return hashlib.sha256(_line(entry)).hexdigest()


def _line(entry):
    return json.dumps(entry, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _entry(text, where):
    try:
        entry = json.loads(text)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        raise ValueError(f"{where} holds {text[:40]!r}, which is no entry of a record")
    return entry


def as_receipt(entry: dict) -> bytes:
    """Return the bytes of a receipt: an entry, and its SHA-256."""
    receipt = entry | {"sha256": digest(entry)}
    return (json.dumps(receipt, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


class Record:
    """The entries of a file, in order."""

    def __init__(self, path: Path):
        self.path = path
        text = path.read_text("utf-8") if path.exists() else ""
        self.entries = [_entry(line, path.name) for line in text.splitlines()]

    def append(self, **entry: object) -> dict:
        """Write an entry with its time, down to the disk; return it as it stands there."""
        before = digest(self.entries[-1]) if self.entries else ""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.entries.append({**entry, "number": len(self.entries), "time": now, "before": before})
        write_whole(self.path, b"".join(map(_line, self.entries)))
        return self.entries[-1]

    def faults(self) -> Iterator[str]:
        """What shows that it was altered."""
        before = ""
        for number, entry in enumerate(self.entries):
            if entry.get("number") != number or entry.get("before") != before:
                yield f"{self.path.name}, line {number + 1} does not follow on the one before it"
            before = digest(entry)

    def receipt_fault(self, text: str) -> str:
        """Why the text of a receipt does not belong to this record; "" if it does."""
        receipt = _entry(text, "the receipt")
        entry = {key: value for key, value in receipt.items() if key != "sha256"}
        if digest(entry) != receipt.get("sha256"):
            return "the receipt was altered: its SHA-256 does not fit"
        if entry not in self.entries:
            return "it is not in the record: the record was cut, exchanged, or is an older copy"
        return ""
