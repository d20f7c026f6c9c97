"""Train on two data sets that everybody meets, with batch normalization: a command for each.

`python -m tools.recipes fashion-mnist` takes some minutes on one core and 2 GB of memory,
`python -m tools.recipes california-housing` less than a minute. scikit-learn fetches the data, the
first time over a network. `--stand-in` trains on data of the same shape that needs none: digits
enlarged to 28 x 28 pixels, or made-up houses. It ends with exit code 1 if the mark is missed.
"""

import argparse
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score
from threadpoolctl import threadpool_limits

from nnfs_core import (
    AdamW,
    BatchNorm,
    Dropout,
    Linear,
    Model,
    ReLU,
    Sequential,
    SoftmaxCrossEntropyLoss,
    Solver,
    cosine,
    load_dataset,
)


class Recipe(NamedTuple):
    """A network, and how it is trained; mark: the least test accuracy, for classes."""

    hidden: list[int]
    dropout: float
    epochs: int
    batch_size: int
    mark: float | None
    learning_rate: float = 0.003
    decay: float = 0.1


RECIPES = {
    "fashion-mnist": Recipe([256, 128], 0.2, 15, 128, 0.885),
    "california-housing": Recipe([64, 64], 0.1, 30, 64, None),
}


def stand_in(name: str) -> tuple:
    """Return X and Y of the shape of a data set, and what they are; no network is needed."""
    if name == "california-housing":
        X, Y, _ = load_dataset("synthetic-regression", samples=2_000, features=8)
        return X, Y, "made-up houses"
    X, Y, _ = load_dataset("digits")
    large = X.reshape(8, 8, -1).repeat(3, axis=0).repeat(3, axis=1)
    padded = np.pad(large, ((2, 2), (2, 2), (0, 0)))
    return padded.reshape(784, -1), Y, "digits, enlarged"


def network(sizes: list[int], dropout: float, seed: int) -> Sequential:
    """Return a network of these sizes; BatchNorm, ReLU and Dropout in each hidden layer."""
    rng, layers = np.random.default_rng(seed), []
    for n_in, n_out in pairwise(sizes[:-1]):
        layers += [Linear(n_in, n_out, rng), BatchNorm(n_out), ReLU(), Dropout(dropout, rng)]
    return Sequential(*layers, Linear(*sizes[-2:], rng))


def split(name: str, m: int) -> tuple:
    """Return the places of training and test samples.

    Fashion-MNIST has a test set of its own, the last seventh; of the others a fifth is drawn.
    """
    if name == "fashion-mnist":
        return slice(0, m - m // 7), slice(m - m // 7, m)
    order = np.random.default_rng(0).permutation(m)
    return order[: m - m // 5], order[m - m // 5 :]


def train(name: str, without_network: bool = False, epochs: int | None = None) -> float:
    """Train by a recipe, print how well it does on the test part, and return that.

    It is the accuracy for classes, else R². epochs: in the place of the recipe's.
    """
    recipe = RECIPES[name]
    X, Y, title = stand_in(name) if without_network else (*load_dataset(name)[:2], name)
    learn, test = split(name, X.shape[1])
    m, m_test = X[0, learn].size, X[0, test].size
    axis = None if len(X) == 784 else 1  # pixels have one scale
    X -= X[:, learn].mean(axis=axis, keepdims=True)
    X /= X[:, learn].std(axis=axis, keepdims=True)
    sizes = [len(X), *recipe.hidden, len(Y)]
    print(f"{title}: {m:,} samples to learn from, {m_test:,} for the test")
    print(f"{'-'.join(map(str, sizes))}, BatchNorm and dropout {recipe.dropout}", flush=True)
    classes = len(Y) > 1
    center, spread = (0.0, 1.0) if classes else (Y[:, learn].mean(), Y[:, learn].std())
    loss = SoftmaxCrossEntropyLoss() if classes else None
    model = Model(network(sizes, recipe.dropout, seed=0), loss)
    solver = Solver(model, AdamW(recipe.learning_rate, decay=recipe.decay), schedule=cosine)
    batch_size = recipe.batch_size - (m % recipe.batch_size == 1)  # no last batch of one
    solver.fit(
        (X[:, learn], (Y[:, learn] - center) / spread),
        epochs=recipe.epochs if epochs is None else epochs,
        batch_size=batch_size,
    )
    A = model.predict(X[:, test]) * spread + center
    if classes:
        score = float(np.mean(A.argmax(axis=0) == Y[:, test].argmax(axis=0)))
        print(f"test accuracy {score:.4f}")
        return score
    line = LinearRegression().fit(X[:, learn].T, Y[0, learn]).predict(X[:, test].T)
    for who, guess in {"linear regression": line, "ours": A[0]}.items():
        r2, mae = r2_score(Y[0, test], guess), mean_absolute_error(Y[0, test], guess)
        print(f"{who:18} test R² {r2:.3f}, MAE {mae:.3f}")
    return float(r2)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.recipes", description=__doc__)
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("--stand-in", action="store_true", help="train without a network")
    parser.add_argument("--epochs", type=int, help="in the place of the recipe's")
    asked = parser.parse_args(arguments)
    if asked.epochs is not None and asked.epochs < 1:
        parser.error(f"--epochs is {asked.epochs}; expected 1 or more")
    try:
        with threadpool_limits(1, "blas"):
            score = train(asked.name, asked.stand_in, asked.epochs)
    except ConnectionError as error:
        hint = "\nWithout a network: --stand-in trains on other data of the same shape"
        raise SystemExit(f"{error}{hint}") from None
    mark = RECIPES[asked.name].mark
    if mark is not None and not asked.stand_in:
        print(f"the mark is {mark}: {'reached' if score >= mark else 'MISSED'}")
        if score < mark:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
