"""A run of stage 13 beside gradient boosting, on rows that neither has seen."""

import hashlib
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from nnfs_core.runs import Run
from nnfs_core.runs.loading import load_samples, split
from nnfs_core.runs.rows import load_rows
from nnfs_core.runs.scores import FORMATS, SHOWN, score
from nnfs_core.runs.telling import columns


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
