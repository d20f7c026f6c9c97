"""The patients of the bug zoo: networks with a bug each. Solve the zoo before you read on.

Network is healthy. A patient differs from it in a few lines, typed as its author would have typed
them. Nothing is guarded here: the guards of nnfs_core would refuse half of the bugs.
"""

import numpy as np
import pandas as pd
from sklearn.preprocessing import MinMaxScaler
from threadpoolctl import threadpool_limits

from nnfs_core import FEATURES, initialize_parameters

threadpool_limits(1, "blas")  # the arrays are small: more threads wait for each other


class Network:
    """A network that learns popularity, by full-batch gradient descent and ReLU in every layer.

    tables: {"training": half of the tracks, "test": a quarter, "later": the quarter that comes in
    when all is done}; parts: {"training": (X, Y), ...}, scaled, a sample a column. seed: a start.
    """

    hidden = (16, 8)
    outputs = 1
    relu_at_the_end = True
    learning_rate = 0.1
    epochs = 300
    splits = 1  # a score is a mean over so many

    def __init__(self, tracks, seed=0):
        self.tracks = tracks
        self.seed = seed
        self.rng = np.random.default_rng(seed)
        self.tables = self.split(tracks)
        self.prepare()
        self.initialize()

    def split(self, tracks):
        """Return the tables."""
        quarter = len(tracks) // 4
        ends = {"training": (0, 2), "test": (2, 3), "later": (3, 4)}
        return {part: tracks[a * quarter : b * quarter] for part, (a, b) in ends.items()}

    def prepare(self):
        """Set the parts: the features are scaled to [0, 1] on the training tracks."""
        features = [name for name in FEATURES if name in self.tables["training"]]
        scaler = MinMaxScaler().fit(self.tables["training"][features])
        self.parts = {
            part: (scaler.transform(table[features]).T, self.target(table))
            for part, table in self.tables.items()
        }

    def target(self, table):
        """Return the popularity, scaled to [0, 1]."""
        return table[["popularity"]].to_numpy().T / 100

    def initialize(self):
        """Take the first He initialization that is above 0 for nine samples in ten."""
        X = self.parts["training"][0]
        for seed in range(1000 * self.seed, 1000 * self.seed + 1000):
            self.parameters = initialize_parameters([len(X), *self.hidden, self.outputs], seed)
            if (self.forward(X)[0] > 0).mean() > 0.9:
                break

    def forward(self, X):
        """Return the predictions, and the cache {"A0": X, "Z1": ..., "A1": ...}."""
        A, cache, depth = X, {"A0": X}, len(self.parameters) // 2
        for layer in range(1, depth + 1):
            Z = self.parameters[f"W{layer}"] @ A + self.parameters[f"b{layer}"]
            A = Z if layer == depth and not self.relu_at_the_end else np.maximum(Z, 0)
            cache |= {f"Z{layer}": Z, f"A{layer}": A}
        return A, cache

    def loss(self, X, Y):
        """Return the loss of stage 5."""
        return np.sum((self.forward(X)[0] - Y) ** 2) / (2 * X.shape[1])

    def gradients(self, X, Y):
        """Return the gradients of stage 5."""
        A, cache = self.forward(X)
        gradients, depth = {}, len(self.parameters) // 2
        dA = (A - Y) / X.shape[1]
        for layer in range(depth, 0, -1):
            last = layer == depth and not self.relu_at_the_end
            dZ = dA if last else dA * (cache[f"Z{layer}"] > 0)
            gradients[f"dW{layer}"] = dZ @ cache[f"A{layer - 1}"].T
            gradients[f"db{layer}"] = dZ.sum(axis=1, keepdims=True)
            dA = self.parameters[f"W{layer}"].T @ dZ
        return gradients

    def update(self, gradients):
        """Take one step."""
        for key, array in self.parameters.items():
            self.parameters[key] = array - self.learning_rate * gradients[f"d{key}"]

    def batches(self, m):
        """Return the places of the samples of each step of an epoch: all samples in one."""
        return [slice(None)]

    def train(self):
        """Return the losses on all training samples, at the start and after each epoch."""
        X, Y = self.parts["training"]
        losses = [self.loss(X, Y)]
        for _ in range(self.epochs):
            for batch in self.batches(X.shape[1]):
                self.update(self.gradients(X[:, batch], Y[:, batch]))
            losses.append(self.loss(X, Y))
        return losses

    def fresh(self, seed=None):
        """Return the patient as it was before training, or with another seed."""
        return type(self)(self.tracks, self.seed if seed is None else seed)

    def only(self, count):
        """Keep the first training samples alone; return the patient itself."""
        X, Y = self.parts["training"]
        self.parts["training"] = X[:, :count], Y[:, :count]
        return self

    def predictions(self, part):
        """Return predictions and targets of a part, in one unit."""
        X, Y = self.parts[part]
        return self.forward(X)[0], Y


class Toy(Network):
    """A small network that learns |x1| from 200 made-up samples of two features."""

    def split(self, tracks):
        """Return no tables: there are no tracks."""
        return {}

    def prepare(self):
        """Draw the samples of each part."""
        rng = np.random.default_rng(0)
        drawn = {part: rng.uniform(-1, 1, (2, 200)) for part in ("training", "test", "later")}
        self.parts = {part: (X, self.target(X)) for part, X in drawn.items()}

    def target(self, X):
        """Return |x1|."""
        return np.abs(X[:1])


class Patient1(Network):
    """Patient 1: a network of one layer."""

    hidden = ()
    relu_at_the_end = False
    learning_rate = 1.0
    epochs = 30

    def initialize(self):
        """Start from 0: with one layer there is no symmetry to break."""
        n = len(self.parts["training"][0])
        self.parameters = {"W1": np.zeros((1, n)), "b1": np.zeros((1, 1))}


class Patient2(Network):
    """Patient 2."""

    hidden = (16,)
    learning_rate = 0.002
    epochs = 400

    def gradients(self, X, Y):
        """Return the gradients."""
        A, cache = self.forward(X)
        dZ2 = (A - Y) * (cache["Z2"] > 0)
        dZ1 = (self.parameters["W2"].T @ dZ2) * (cache["Z1"] > 0)
        gradients = {"dW1": dZ1 @ X.T, "db1": dZ1.sum(axis=1, keepdims=True)}
        gradients |= {"dW2": dZ2 @ cache["A1"].T, "db2": dZ2.sum(axis=1, keepdims=True)}
        return gradients


class Patient3(Network):
    """Patient 3: no ReLU on the output, so that it cannot die."""

    relu_at_the_end = False

    def target(self, table):
        """Return the target."""
        return table[["popularity"]].to_numpy(float).T


class Patient4(Network):
    """Patient 4: popularity and danceability (the first feature) in one network."""

    outputs = 2

    def prepare(self):
        """Move the first feature to the targets."""
        super().prepare()
        for part, (X, Y) in self.parts.items():
            self.parts[part] = X[1:], np.vstack([Y, X[:1]])

    def initialize(self):
        """Draw weights by He, biases 0."""
        n = len(self.parts["training"][0])
        self.parameters = initialize_parameters([n, *self.hidden, self.outputs], self.seed)


class Patient5(Toy):
    """Patient 5."""

    hidden = (3,)
    learning_rate = 0.05
    epochs = 200

    def target(self, X):
        """Return what is to be learnt."""
        return 2 * np.abs(X[:1] - X[1:]) + 1

    def initialize(self):
        """Start from weights chosen by hand."""
        self.parameters = {
            "W1": np.array([[-2, 1], [3, -3], [0, 3]]),
            "b1": np.array([[1], [0], [0]]),
            "W2": np.array([[1, 3, 0]]),
            "b2": np.array([[2]]),
        }

    def update(self, gradients):
        """Take one step, in place: that saves memory."""
        for key, array in self.parameters.items():
            array[:] = array - self.learning_rate * gradients[f"d{key}"]


class Patient6(Toy):
    """Patient 6."""

    hidden = (16, 16)
    epochs = 400

    def gradients(self, X, Y):
        """Return the gradients."""
        A, cache = self.forward(X)
        gradients, depth = {}, len(self.parameters) // 2
        dA = (A - Y) / X.shape[1]
        for layer in range(depth, 0, -1):
            # At exactly 0 the derivative may be chosen freely.
            dZ = dA * (cache[f"A{layer}"] >= 0)
            gradients[f"dW{layer}"] = dZ @ cache[f"A{layer - 1}"].T
            gradients[f"db{layer}"] = dZ.sum(axis=1, keepdims=True)
            dA = self.parameters[f"W{layer}"].T @ dZ
        return gradients


class Patient7(Patient1):
    """Patient 7: one layer, from 200 tracks."""

    learning_rate = 0.2
    epochs = 1000

    def split(self, tracks):
        """Return the tables, with few tracks for training."""
        tables = super().split(tracks)
        return tables | {"training": tables["training"][:200]}

    def target(self, table):
        """Return the popularity, scaled to [0, 1]."""
        return table[["popularity"]].to_numpy() / 100

    def loss(self, X, Y):
        """Return half the mean squared error."""
        return np.mean((self.forward(X)[0] - Y) ** 2) / 2

    def gradients(self, X, Y):
        """Return the gradients of the one layer."""
        error = self.forward(X)[0] - Y
        return {"dW1": error @ X.T / X.shape[1], "db1": error.mean(axis=1, keepdims=True)}


class Patient8(Network):
    """Patient 8: mini-batches of 50."""

    learning_rate = 0.05
    epochs = 30

    def split(self, tracks):
        """Return the tables; the training tracks are from the charts, number 1 first."""
        tables = super().split(tracks)
        charts = tables["training"].sort_values("popularity", ascending=False, kind="stable")
        return tables | {"training": charts}

    def batches(self, m):
        """Return the batches of an epoch, shuffled."""
        firsts = np.arange(0, m, 50)
        self.rng.shuffle(firsts)
        return [np.arange(first, min(first + 50, m)) for first in firsts]


class Patient9(Network):
    """Patient 9: how far is a track above the level of its playlist?"""

    def level(self, table):
        """Return the level of each track's playlist: the mean of what is known by now."""
        known = pd.concat([self.tables["training"], self.tables["test"]])
        return table["playlist"].map(known.groupby("playlist")["popularity"].mean())

    def target(self, table):
        """Return how far each track is above the level, scaled."""
        above = table["popularity"] - self.level(table)
        return above.to_numpy()[None] / 100 + 0.5

    def predictions(self, part):
        """Return predictions and targets, with the level added again."""
        level = self.level(self.tables[part]).to_numpy()[None] / 100 - 0.5
        A, Y = super().predictions(part)
        return A + level, Y + level


class Patient10(Network):
    """Patient 10: few tracks, so five networks, stopped early; the best state is kept."""

    hidden = (16,)
    epochs = 200
    learning_rate = 0.2
    splits = 30
    chosen_by = "test"

    def split(self, tracks):
        """Return the tables, with 60 tracks for training and 15 for the test."""
        mixed = tracks.sample(frac=1, random_state=self.seed)
        return {"training": mixed[:60], "test": mixed[60:75], "later": mixed[75:]}

    def train(self):
        """Return the losses of the five networks, one after the other."""
        X, Y = self.parts["training"]
        losses, best = [], np.inf
        for network in range(5):
            self.parameters = initialize_parameters([len(X), 16, 1], 5 * self.seed + network)
            for epoch in range(self.epochs):
                self.update(self.gradients(X, Y))
                if epoch % 20 == 19:
                    losses.append(self.loss(X, Y))
                    loss = self.loss(*self.parts[self.chosen_by])
                    if loss < best:
                        best, kept = loss, dict(self.parameters)
        self.parameters = kept
        return losses


class Normalized(Network):
    """A healthy network with batch normalization in front of each hidden ReLU; b is its shift.

    It has no scale: behind a ReLU the next weights do the same. running: mean and variance of each
    hidden layer, for predicting (stage 12).
    """

    relu_at_the_end = False
    learning_rate = 0.3
    epochs = 30

    def initialize(self):
        """Draw weights by He; the running statistics start at 0 and 1."""
        n = len(self.parts["training"][0])
        self.parameters = initialize_parameters([n, *self.hidden, self.outputs], self.seed)
        self.running = [[np.zeros((n, 1)), np.ones((n, 1))] for n in self.hidden]

    def batches(self, m):
        """Return the batches of an epoch: 50 samples each, in an order drawn anew."""
        order = self.rng.permutation(m)
        return [order[first : first + 50] for first in range(0, m, 50)]

    def statistics(self, Z, layer, training):
        """Return mean and variance: of the batch in training, else the running ones."""
        if not training:
            return self.running[layer - 1]
        batch = [Z.mean(axis=1, keepdims=True), Z.var(axis=1, keepdims=True)]
        pairs = zip(self.running[layer - 1], batch, strict=True)
        self.running[layer - 1] = [0.9 * old + 0.1 * new for old, new in pairs]
        return batch

    def forward(self, X, training=False):
        """Return the predictions, and the cache, with the root and what was divided by it."""
        A, cache, depth = X, {"A0": X}, len(self.parameters) // 2
        for layer in range(1, depth + 1):
            Z, b = self.parameters[f"W{layer}"] @ A, self.parameters[f"b{layer}"]
            if layer < depth:
                mean, variance = self.statistics(Z, layer, training)
                root = np.sqrt(variance + 1e-5)
                cache |= {f"root{layer}": root, f"hat{layer}": (Z - mean) / root}
                Z = cache[f"hat{layer}"] + b
                A = np.maximum(Z, 0)
            else:
                A = Z = Z + b
            cache |= {f"Z{layer}": Z, f"A{layer}": A}
        return A, cache

    def gradients(self, X, Y):
        """Return the gradients, with the line of stage 12."""
        A, cache = self.forward(X, training=True)
        gradients, depth = {}, len(self.parameters) // 2
        dZ = (A - Y) / X.shape[1]
        for layer in range(depth, 0, -1):
            gradients[f"db{layer}"] = dZ.sum(axis=1, keepdims=True)
            if layer < depth:
                hat = cache[f"hat{layer}"]
                along = hat * (dZ * hat).mean(axis=1, keepdims=True)
                dZ = (dZ - dZ.mean(axis=1, keepdims=True) - along) / cache[f"root{layer}"]
            gradients[f"dW{layer}"] = dZ @ cache[f"A{layer - 1}"].T
            if layer > 1:
                dZ = (self.parameters[f"W{layer}"].T @ dZ) * (cache[f"Z{layer - 1}"] > 0)
        return gradients


class Patient11(Normalized):
    """Patient 11: with batch normalization, to learn in fewer epochs."""

    def statistics(self, Z, layer, training):
        """Return the mean and the variance of what comes into a layer."""
        return Z.mean(axis=1, keepdims=True), Z.var(axis=1, keepdims=True)


class LastPatient(Patient8):
    """The last patient."""

    gradients = Patient6.gradients
