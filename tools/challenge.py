"""Hold rows of a table back, and score each run of stage 13 on them once, beside boosting.

python -m tools.challenge seal [TABLE]            a fold for the teacher, the rest to hand out;
                       [--group COLUMN]           no value of it, such as an artist, in both
python -m tools.challenge score RUN --name NAME   a run on the fold, once, with a receipt
python -m tools.challenge check [RECEIPT ...]     whether fold, record and receipts fit
"""

import argparse
import hashlib
import io
import os
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from nnfs_core.files import guard_table, hold_folder, write_whole
from nnfs_core.runs import load_run
from nnfs_core.tracks import SHIPPED
from tools.lib.layout import ROOT, Refused
from tools.lib.paired import compare, learnt, told
from tools.lib.record import Record, as_receipt, digest

FOLDER = ROOT / "challenge"
SHARE = 0.2  # of the rows that are held back
LEAST, GROUPS = 100, 10  # rows of a table, and groups to draw from
FOLD, RECORD, RECEIPTS = "fold.csv", "record.jsonl", "receipts"
OPEN, SEAL = "open/table.csv", "open/seal.json"
SAME = ("id", "track_id")  # rows that share one of these never stand on both sides


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def cut(keys: list[pd.Series], rows: int, seed: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return masks of the rows to hold back, and of those to leave out.

    keys: columns of texts. By the first one rows are drawn together. What shares a value of any,
    or one between ;, with a held row is left out. An empty field shares nothing.
    """
    alone = pd.Series([f"row {row}" for row in range(rows)])
    first = keys[0].str.partition(";")[0].str.strip() if keys else alone
    first = first.where(first != "", alone)
    order = np.random.default_rng(seed).permutation(first.unique())
    if len(order) < GROUPS:
        raise Refused(f"{len(order)} groups to draw from; expected {GROUPS} or more")
    held = first.isin(order[: round(SHARE * len(order))]).to_numpy()
    out = np.zeros(rows, bool)
    for key in keys:
        named = [{part.strip() for part in text.split(";")} - {""} for text in key]
        seen = set().union(*(named[row] for row in np.flatnonzero(held)))
        out |= [bool(names & seen) for names in named]
    return held, out & ~held


def seal(table: Path, folder: Path, group: str | None = None, seed: int | None = None) -> dict:
    """Cut a table at random into a fold to hold back and one to hand out; return the seal.

    group: a column, as data.group of a run: rows that share a value stand on one side. seed:
    without one the cut comes from the system's source of randomness, and nobody can draw it again.
    """
    if folder.exists() and any(folder.iterdir()):
        other = "python -m tools.challenge --folder NAME seal TABLE"
        raise Refused(
            f"{folder} holds a challenge, which stays as it is: move it away, or use {other}"
        )
    content, names = guard_table(table)
    rows = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    if len(rows) < LEAST:
        raise Refused(f"{table} has {len(rows)} rows; expected {LEAST} or more")
    asked = [] if group is None else [group.strip().lower()]
    if unknown := {*asked} - {*names}:
        raise Refused(f"{table} has no column {min(unknown)!r} to group by; it has {names}")
    together = [*asked, *(name for name in names if name in SAME and name not in asked)]
    held, out = cut([rows.iloc[:, names.index(name)] for name in together], len(rows), seed)
    rest = ~held & ~out
    if (few := min(held.sum(), rest.sum())) < SHARE * LEAST:
        raise Refused(f"{few} rows on one side: group by another column, or draw once more")
    for name, part in ((FOLD, rows[held]), (OPEN, rows[rest])):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, part.to_csv(index=False, lineterminator="\n").encode())
    sealed = Record(folder / RECORD).append(
        event="sealed",
        table=table.name,
        rows=int(held.sum()),
        open_rows=int(rest.sum()),
        left_out=int(out.sum()),
        group=group,
        fold_sha256=_sha256(folder / FOLD),
        open_sha256=_sha256(folder / OPEN),
    )
    write_whole(folder / SEAL, as_receipt(sealed))
    return sealed


def whole_record(folder: Path) -> Record:
    """Return the record of a challenge; refuse one that does not fit, or another fold."""
    record = Record(folder / RECORD)
    if not record.entries:
        raise Refused(f"{folder} holds no challenge: `make challenge` seals one")
    faults = list(record.faults())
    for name, kind in ((FOLD, "fold_sha256"), (OPEN, "open_sha256")):
        if not (folder / name).exists() or _sha256(folder / name) != record.entries[0].get(kind):
            faults.append(f"{name} is not what was sealed")
    if faults:
        raise Refused(f"{folder}: {'; '.join(faults)}")
    return record


def look(folder: Path, run_folder: Path, name: str) -> dict:
    """Score a run on the fold and return the receipt; refuse a second look, and record that."""
    if not re.fullmatch(r"[\w-]{1,40}", name):
        raise Refused(f"--name {name!r}: expected up to 40 letters, digits, - and _")
    whole_record(folder)
    with hold_folder(folder):
        record = whole_record(folder)
        run = load_run(run_folder)
        own = {"name": name.casefold(), "learnt_sha256": learnt(run)}
        looked = [entry for entry in record.entries if entry["event"] == "opened"]
        scored = [entry["look"] for entry in record.entries if entry["event"] == "scored"]
        again = None  # this run's own look, if it broke off before there was a score
        for entry in looked:
            same = [key for key in own if own[key] == entry[key]]
            if len(same) == len(own) and entry["number"] not in scored:
                again = entry
            elif same:
                record.append(event="refused", **own)
                who = name if "name" in same else f"this run, as {entry['name']},"
                raise Refused(
                    f"{who} has looked at the fold on {entry['time']}, and once is all (line "
                    f"{entry['number'] + 1} of {RECORD}). This refusal is recorded, too"
                )
        if run.data["sha256"] != record.entries[0]["open_sha256"]:
            raise Refused(f"{run_folder} was not trained on {OPEN} of this challenge")
        run.predict(folder / OPEN)  # whatever stops, stops before the fold is opened
        opened = again or record.append(event="opened", **own)
        with threadpool_limits(1):  # one thread adds in one order
            found = compare(run, folder / OPEN, folder / FOLD)
        found |= {"look": opened["number"], "looks": len(looked) + (again is None)}
        found["fold_sha256"] = record.entries[0]["fold_sha256"]
        receipt = record.append(event="scored", run=run_folder.name, **own, **found)
        (folder / RECEIPTS).mkdir(exist_ok=True)
        write_whole(folder / RECEIPTS / f"{own['name']}.json", as_receipt(receipt))
    return receipt


def check(folder: Path, receipts: list[Path]) -> list[str]:
    """Return what was found whole, a line each; refuse what does not fit."""
    record = whole_record(folder)
    events = [entry["event"] for entry in record.entries]
    lines = [f"fold and table are as sealed on {record.entries[0]['time']}"]
    counts = f"looks {events.count('opened')}, refused {events.count('refused')}"
    lines.append(f"the record's chain of {len(events)} lines is whole; {counts}")
    for path in receipts:
        if fault := record.receipt_fault(path.read_text("utf-8")):
            raise Refused(f"{path}: {fault}")
        lines.append(f"{path.name} is in the record")
    return lines


def main(argv: list[str]) -> None:
    """Run the command."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("tools.challenge", description=__doc__, formatter_class=form)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the teacher")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("seal")
    one.add_argument("table", nargs="?", default=os.environ.get("NNFS_DATA") or SHIPPED)
    one.add_argument("--group", metavar="COLUMN", help="rows that share a value stay together")
    one = commands.add_parser("score")
    one.add_argument("run", type=Path, metavar="RUN")
    one.add_argument("--name", required=True, help="of who hands the run in")
    one = commands.add_parser("check")
    one.add_argument("receipts", nargs="*", type=Path, metavar="RECEIPT")
    asked = parser.parse_args(argv)
    try:
        if asked.command == "seal":
            sealed = seal(Path(asked.table).expanduser(), asked.folder, asked.group or None)
            print(f"{sealed['rows']:,} rows of {sealed['table']} are held back in {asked.folder}")
            print(f"hand out {asked.folder / 'open'}: {sealed['open_rows']:,} rows, and the seal")
            if sealed["left_out"]:
                print(f"left out, since they share a value with held rows: {sealed['left_out']:,}")
            print(f"SHA-256 of the fold: {sealed['fold_sha256']}")
        elif asked.command == "score":
            receipt = look(asked.folder, asked.run, asked.name)
            print(told(receipt))
            print(
                f"receipt: {asked.folder / RECEIPTS / receipt['name']}.json, {digest(receipt)[:16]}"
            )
        else:
            print("\n".join(check(asked.folder, asked.receipts)))
    except (ValueError, OSError) as error:
        raise Refused(str(error)) from None


if __name__ == "__main__":
    main(sys.argv[1:])
