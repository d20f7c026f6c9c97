"""Random graphs for the tests of stage 15: drawn once, run on NumPy, our tensors and PyTorch.

A graph is its steps, (name, place, place): what is computed from which of the results before. The
steps keep numbers small. relu and max have corners: a graph that comes near one is not used.
"""

import functools
from types import SimpleNamespace

import numpy as np

NUMBERS = {
    "+": lambda f, a, b: a + b,
    "-": lambda f, a, b: 0.5 - a - b,
    "*": lambda f, a, b: f.tanh(a) * b,
    "/": lambda f, a, b: a / (1.5 + b * b),
    "1/": lambda f, a, b: 2.0 / (1 + a**2) + -b,
    "**": lambda f, a, b: f.tanh(a) ** 3 - b,
    "exp": lambda f, a, b: f.exp(-(a**2)) * b,
    "log": lambda f, a, b: f.log(1 + a * a) + b,
    "tanh": lambda f, a, b: f.tanh(a - b),
    "relu": lambda f, a, b: f.relu(a) - 0.5 * b,
    "maximum": lambda f, a, b: f.maximum(a, b),
}
ARRAYS = NUMBERS | {
    "@": lambda f, a, b: f.tanh(f.full(a)) @ f.tanh(f.full(b)),
    "T": lambda f, a, b: f.T(f.full(a)) + b,
    "sum": lambda f, a, b: a - 0.3 * f.sum(b, 0),
    "mean": lambda f, a, b: f.tanh(a) * f.mean(b, 1),
    "max": lambda f, a, b: f.max(f.full(a), 1) + b,
    "row": lambda f, a, b: a + f.full(b)[1:2],
    "twice": lambda f, a, b: f.full(a)[[0, 2, 0]] + b,
    "reshape": lambda f, a, b: f.reshape(f.reshape(f.full(a), 9)[[8, 1, 2, 3, 4, 8, 6, 7, 0]]) + b,
}
SHAPES = [(3, 3), (3, 1), (1, 3), (3, 3)]
corner = [np.inf]  # how near the last run on NumPy came to one


def _kept(a, b):
    """Note how near two numbers are that a corner lies between; where they are equal is fine."""
    distance = np.abs(a - b)
    corner[0] = min(corner[0], np.min(distance, initial=np.inf, where=distance > 0))


def _relu(a):
    _kept(a, 0)
    return np.maximum(a, 0)


def _maximum(a, b):
    _kept(a, b)
    return np.maximum(a, b)


def _max(a, axis):
    _kept(a, a.max(axis, keepdims=True))
    return a.max(axis, keepdims=True)


PLAIN = SimpleNamespace(
    exp=np.exp,
    log=np.log,
    tanh=np.tanh,
    relu=_relu,
    maximum=_maximum,
    max=_max,
    sum=lambda a, axis: a.sum(axis, keepdims=True),
    mean=lambda a, axis: a.mean(axis, keepdims=True),
    T=np.transpose,
    reshape=lambda a, *shape: a.reshape(shape or (3, 3)),
    full=lambda a: a + np.zeros((3, 3)),
)
OURS = SimpleNamespace(
    exp=lambda a: a.exp(),
    log=lambda a: a.log(),
    tanh=lambda a: a.tanh(),
    relu=lambda a: a.relu(),
    maximum=lambda a, b: a.maximum(b),
    max=lambda a, axis: a.max(axis),
    sum=lambda a, axis: a.sum(axis),
    mean=lambda a, axis: a.mean(axis),
    T=lambda a: a.T,
    reshape=lambda a, *shape: a.reshape(*(shape or (3, 3))),
    full=lambda a: a + np.zeros((3, 3)),
)


def of_torch(torch):
    """PyTorch's functions by the same names."""
    return SimpleNamespace(
        exp=torch.exp,
        log=torch.log,
        tanh=torch.tanh,
        relu=torch.relu,
        maximum=torch.maximum,
        max=lambda a, axis: a.amax(axis, keepdim=True),
        sum=lambda a, axis: a.sum(axis, keepdim=True),
        mean=lambda a, axis: a.mean(axis, keepdim=True),
        T=lambda a: a.T,
        reshape=lambda a, *shape: a.reshape(shape or (3, 3)),
        full=lambda a: a + torch.zeros(3, 3, dtype=a.dtype),
    )


def draw(seed, arrays, steps=12):
    """Leaves and steps of a graph. Places are drawn with many repeats: values are used twice."""
    rng = np.random.default_rng(seed)
    leaves = [rng.uniform(-1.5, 1.5, shape if arrays else ()) for shape in SHAPES]
    names = list(ARRAYS if arrays else NUMBERS)
    graph = []
    for count in range(len(leaves), len(leaves) + steps):
        places = rng.integers(max(0, count - 6), count, 2)
        graph.append((names[rng.integers(len(names))], *places.tolist()))
    return leaves, graph


def run(graph, leaves, f, arrays):
    """The number that a graph gives; every leaf has a part in it."""
    results = list(leaves)
    for name, a, b in graph:
        results.append(ARRAYS[name](f, results[a], results[b]))
    out = results[-1] + results[-2] * results[-3]
    for leaf in leaves:
        out = out + 0.1 * leaf * leaf
    return (out * out).sum() if arrays else out * out


def usable(leaves, graph, arrays):
    """Whether a graph keeps away from corners, and stays small."""
    corner[0] = np.inf
    loss = run(graph, leaves, PLAIN, arrays)
    return corner[0] > 1e-3 and abs(loss) < 1e4


@functools.cache
def graphs(count, arrays):
    """The first usable graphs."""
    found, seed = [], 0
    while len(found) < count:
        one = draw(seed, arrays)
        found += [one] if usable(*one, arrays) else []
        seed += 1
    return found
