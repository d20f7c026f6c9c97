"""Scores of predictions, and models of scikit-learn to set them beside, on the same test rows."""

import logging
import time
import warnings

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nnfs_core.validation import Array

logger = logging.getLogger(__name__)
Scores = dict[str, float]
SHOWN = {"r2": "R²", "mae": "MAE", "accuracy": "accuracy", "log_loss": "log-loss"}
FORMATS = {"r2": ".3f", "mae": ".4g", "accuracy": ".3f", "log_loss": ".3f"}


def is_score(found: object, task: str) -> bool:
    """Return whether a value is the scores and seconds of a model, as metrics.json keeps them."""
    names = {"regression": {"r2", "mae"}, "classification": {"accuracy", "log_loss"}}[task]
    return (
        isinstance(found, dict)
        and found.keys() == names | {"seconds"}
        and all(type(value) in (int, float) for value in found.values())
    )


def score(Y: Array, predictions: Array, classes: list[str]) -> Scores:
    """Return R² and mean absolute error, or accuracy and log-loss, of predictions for Y."""
    if not classes:
        r2 = float(r2_score(Y[0], predictions[0])) if Y.shape[1] > 1 else float("nan")
        return {"r2": r2, "mae": float(mean_absolute_error(Y[0], predictions[0]))}
    truth, places = Y.argmax(axis=0), range(len(classes))
    return {
        "accuracy": float(accuracy_score(truth, predictions.argmax(axis=0))),
        "log_loss": float(log_loss(truth, predictions.T, labels=places)),
    }


def baselines(hidden: list[int], classes: list[str]) -> dict:
    """Return models of scikit-learn by name; hidden: the sizes of the network's layers."""
    shape = {"hidden_layer_sizes": tuple(hidden), "early_stopping": True, "random_state": 0}
    size = "-".join(map(str, hidden)) or "no hidden layer"
    if classes:
        return {
            "most frequent class": DummyClassifier(strategy="prior"),
            "logistic regression": make_pipeline(
                StandardScaler(), LogisticRegression(max_iter=1_000)
            ),
            f"scikit-learn MLP {size}": make_pipeline(StandardScaler(), MLPClassifier(**shape)),
        }
    return {
        "mean predictor": DummyRegressor(),
        # Raw columns of unlike sizes: scikit-learn 1.9 would leave some of them out in silence.
        "linear regression": make_pipeline(StandardScaler(), LinearRegression()),
        f"scikit-learn MLP {size}": make_pipeline(StandardScaler(), MLPRegressor(**shape)),
    }


def baseline_scores(learn, test, hidden: list[int], classes: list[str]) -> dict[str, Scores]:
    """Return the scores of the baselines; learn and test: pairs of raw X (n, m) and Y."""
    (X, Y), (X_test, Y_test) = learn, test
    target = Y.argmax(axis=0) if classes else Y[0]
    found = {}
    for name, model in baselines(hidden, classes).items():
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of no convergence: its score says enough
            try:
                model.fit(X.T, target)  # scikit-learn keeps a sample a row
            except ValueError as error:  # too few of a class, for one
                logger.warning("%s could not be trained, and is left out: %s", name, error)
                continue
        if classes:
            guess = np.zeros((len(classes), X_test.shape[1]))
            guess[model.classes_] = model.predict_proba(X_test.T).T
        else:
            guess = model.predict(X_test.T)[None]
        found[name] = score(Y_test, guess, classes)
        found[name]["seconds"] = round(time.perf_counter() - start, 2)
    return found
