"""Hold rows of a table back, and score each run of stage 13 on them once, beside boosting.

python -m tools.challenge seal [TABLE]            a fold for the teacher, the rest to hand out
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
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from nnfs_core.files import guard_table, hold_folder, write_whole
from nnfs_core.runs import Run, load_run
from nnfs_core.runs.loading import load_samples, split
from nnfs_core.runs.rows import load_rows
from nnfs_core.runs.scores import FORMATS, SHOWN, score
from nnfs_core.runs.telling import columns
from nnfs_core.tracks import SHIPPED
from tools.lib.layout import ROOT, Refused
from tools.lib.record import Record, as_receipt, digest

FOLDER = ROOT / "challenge"
SHARE = 0.2  # of the rows that are held back
LEAST = 100  # rows of a table
FOLD, RECORD, RECEIPTS = "fold.csv", "record.jsonl", "receipts"
OPEN, SEAL = "open/table.csv", "open/seal.json"
SAME = ("id", "track_id")  # rows that share one of these stay together


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def seal(table: Path, folder: Path, seed: int | None = None) -> dict:
    """Cut a table at random into a fold to hold back and one to hand out; return the seal.

    seed: without one the cut comes from the system's source of randomness, and nobody can draw it
    again.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"{folder} holds a challenge, which stays as it is: give another --folder")
    content, names = guard_table(table)
    rows = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    if len(rows) < LEAST:
        raise Refused(f"{table} has {len(rows)} rows; expected {LEAST} or more")
    named = [place for place, name in enumerate(names) if name in SAME]
    own = rows.iloc[:, named[0]] if named else rows.index.astype(str)
    order = np.random.default_rng(seed).permutation(own.unique())
    held = np.isin(own, order[: round(SHARE * len(order))])
    for name, part in ((FOLD, rows[held]), (OPEN, rows[~held])):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, part.to_csv(index=False, lineterminator="\n").encode())
    sealed = Record(folder / RECORD).append(
        event="sealed",
        table=table.name,
        rows=int(held.sum()),
        open_rows=int((~held).sum()),
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


def learnt(run: Run) -> str:
    """Return the SHA-256 of all that a run has learnt, whatever its folder is called."""
    found = hashlib.sha256()
    for name, array in sorted(run.predictor.arrays().items()):
        found.update(f"{name} {array.shape} ".encode() + array.tobytes())
    return found.hexdigest()


def compare(run: Run, table: Path, fold: Path) -> dict:
    """Return the scores of a run and of gradient boosting on a fold, and their paired difference.

    Boosting, as scikit-learn sets it, learns from the same rows of the table as the run did.
    """
    data = run.config.data.model_copy(update={"path": str(table)})
    samples = load_samples(data)
    cut, classes = split(samples, data), samples.classes
    learn, rows = np.concatenate([cut.train, cut.validation]), load_rows(fold, run, True)
    X, Y, ours = samples.X[:, learn].T, rows.Y, run.predictor.predict(rows.X)
    if classes:
        model = HistGradientBoostingClassifier(random_state=0)
        model.fit(X, samples.Y[:, learn].argmax(axis=0))
        boosting = np.zeros_like(ours)
        boosting[model.classes_] = model.predict_proba(rows.X.T).T
        right = [A.argmax(axis=0) == Y.argmax(axis=0) for A in (ours, boosting)]
        ahead = right[0].astype(float) - right[1]
    else:
        model = HistGradientBoostingRegressor(random_state=0).fit(X, samples.Y[0, learn])
        boosting = model.predict(rows.X.T)[None]
        ahead = (((boosting - Y) ** 2 - (ours - Y) ** 2) / Y.var())[0]  # its mean: that of R²
    return {
        "target": samples.target,
        "rows": len(ahead),
        "ours": score(Y, ours, classes),
        "boosting": score(Y, boosting, classes),
        "score": "accuracy" if classes else "r2",
        "ahead": float(ahead.mean()),
        "error": float(ahead.std(ddof=1) / np.sqrt(len(ahead))),
    }


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


def told(receipt: dict) -> str:
    """Return a receipt in words."""
    main, kinds = receipt["score"], list(receipt["ours"])
    rows = [[f"{receipt['target']}, {receipt['rows']:,} held rows", *(SHOWN[k] for k in kinds)]]
    for title, key in (("gradient boosting", "boosting"), (receipt["name"], "ours")):
        rows.append([title, *(f"{receipt[key][kind]:{FORMATS[kind]}}" for kind in kinds)])
    ahead, error = receipt["ahead"], receipt["error"]
    which = "level with boosting" if abs(ahead) <= 2 * error else "ahead" if ahead > 0 else "behind"
    pair = f"{SHOWN[main]} minus boosting's, row by row: {ahead:+.3f} ± {error:.3f}, {which}"
    looks = f"looks at this fold so far: {receipt['looks']}; {receipt['name']} has no other"
    return "\n".join([columns(rows), pair, looks])


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
    one = commands.add_parser("score")
    one.add_argument("run", type=Path, metavar="RUN")
    one.add_argument("--name", required=True, help="of who hands the run in")
    one = commands.add_parser("check")
    one.add_argument("receipts", nargs="*", type=Path, metavar="RECEIPT")
    asked = parser.parse_args(argv)
    try:
        if asked.command == "seal":
            sealed = seal(Path(asked.table).expanduser(), asked.folder)
            print(f"{sealed['rows']:,} rows of {sealed['table']} are held back in {asked.folder}")
            print(f"hand out {asked.folder / 'open'}: {sealed['open_rows']:,} rows, and the seal")
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
