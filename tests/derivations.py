r"""Each derivative that a notebook shows as a formula, with its twin in Python.

A twin is a chain of equal terms, "dz == da * drelu(z)". Its names come from a system: numbers and
arrays that are computed step by step. A name such as dz is the derivative of the last step, J, by
the step z, and is always measured: z is moved a little to both sides, and all behind it is computed
anew. So no twin leans on another one. The key is the formula as it stands in the notebook: who
changes a sign there has to change it here, and the test of this file then says whether it is right.
"""

import functools
import re
from collections.abc import Callable, Iterator

import numpy as np

from nnfs_core import central_differences, drelu, relu
from tools.lib.layout import Notebook, tags

# What shows that a formula is about a derivative: ∂, dZ, dγ, db_i, f'(z).
DERIVATIVE = re.compile(
    r"\\partial|(?<![A-Za-z\\{])d(?:\\[a-zA-Z]+|[A-Za-z])(?![a-z])|(?<!\^)'\s*\(|'\s*="
)
# What is called one in words: "the slope of ... is $...$", "has the derivative $...$".
SAID = re.compile(r"(?:derivative|slope|gradient)\b(?:(?:[^.$]|\$[^$]*\$)*?\bis)? \$([^$]+)\$")
STAGES = ("backpropagation", "layers", "classification", "batch_normalization", "autograd")
Steps = dict[str, Callable]  # of the names before it, what a step computes
H = 1e-5


class System:
    """Arrays that are given, and steps computed from them; the last step is the number J."""

    def __init__(self, given: dict, steps: Steps, **extra):
        self.given = {name: np.array(value, float) for name, value in given.items()}
        self.steps, self.extra = steps, extra

    def run(self, **instead) -> dict:
        """All values, if some of them are other ones."""
        values = {name: instead.get(name, value) for name, value in self.given.items()}
        for name, step in self.steps.items():
            values[name] = instead[name] if name in instead else np.asarray(step(**values), float)
        return values

    def derivative(self, of: str, by: str) -> np.ndarray:
        """The derivative of the sum of a step by another one, by differences."""
        moved = self.run()[by].copy()
        return central_differences(lambda: float(self.run(**{by: moved})[of].sum()), moved, H)

    @functools.cached_property
    def names(self) -> dict:
        """What a twin may use: values, measured derivatives by the name with a d, functions."""
        values, last = self.run(), [*self.steps][-1]
        measured = {f"d{name}": self.derivative(last, name) for name in values}
        functions = {"D": self.derivative, "drelu": drelu, "relu": relu, "slope": slope}
        return vars(np) | functions | values | measured | self.extra


def slope(function, z):
    """The slope of a function at each entry, by differences."""
    return (function(z + H) - function(z - H)) / (2 * H)


def rows(array):
    """Sums over the samples."""
    return array.sum(axis=1, keepdims=True)


# Stage 5, section 2: one neuron, one sample.
NEURON = {
    "z": lambda x, w, b, **_: w * x + b,
    "a": lambda z, **_: relu(z),
    "J": lambda a, y, **_: (a - y) ** 2 / 2,
}
one = System({"x": 2.0, "w": 1.5, "b": -1.0, "y": 3.0}, NEURON)
second = System(
    {"x": 1.0, "w": 1.5, "b": -1.0, "y": 1.0}, NEURON | {"J": lambda a, y, **_: (a - y) ** 2 / 4}
)
two_paths = System(
    {"w": 0.7},
    {
        "u": lambda w, **_: w**2,
        "v": lambda w, **_: np.sin(w),
        "J": lambda u, v, **_: u * v + v**2,
    },
    delta=1e-6,
)
two_paths.extra["change"] = (
    two_paths.run(w=np.array(0.7 + 1e-6))["J"] - two_paths.run(w=np.array(0.7 - 1e-6))["J"]
) / 2

# Stage 5, section 3: two layers of a network, with a penalty.
rng = np.random.default_rng(0)
LAYERS = {
    "Z": lambda W, A0, b, **_: W @ A0 + b,
    "A": lambda Z, **_: relu(Z),
    "ZL": lambda V, A, c, **_: V @ A + c,
    "AL": lambda ZL, **_: relu(ZL),
}
GIVEN = {
    "A0": rng.standard_normal((3, 5)),
    "W": rng.standard_normal((4, 3)),
    "b": rng.standard_normal((4, 1)),
    "V": rng.uniform(0.2, 1, (2, 4)),
    "c": rng.uniform(0.5, 1, (2, 1)),
    "Y": rng.standard_normal((2, 5)),
}
network = System(
    GIVEN, LAYERS | {"J": lambda AL, Y, **_: ((AL - Y) ** 2).sum() / 10}, m=5, rows=rows
)
penalised = System(
    GIVEN,
    LAYERS | {"J": lambda AL, Y, W, **_: ((AL - Y) ** 2).sum() / 10 + 0.3 / 10 * (W**2).sum()},
    m=5,
    lam=0.3,
)
by_hand = System(
    {
        "X": [[1, 2], [3, 0]],
        "Y": [[1, 3]],
        "W1": [[1, 0], [-1, 1]],
        "b1": [[0], [-1]],
        "W2": [[1, 2]],
        "b2": [[-1]],
    },
    {
        "Z1": lambda W1, X, b1, **_: W1 @ X + b1,
        "A1": lambda Z1, **_: relu(Z1),
        "Z2": lambda W2, A1, b2, **_: W2 @ A1 + b2,
        "A2": lambda Z2, **_: relu(Z2),
        "J": lambda A2, Y, **_: ((A2 - Y) ** 2).sum() / 4,
    },
)

# Stage 7: functions of one number.
z = np.array([[-1.5, -0.3, 0.4, 2.0]])


def sigma(z):
    """The sigmoid."""
    return 1 / (1 + np.exp(-z))


def u_of(z):
    """What the sigmoid divides by."""
    return 1 + np.exp(-z)


curves = System({"z": z}, {"J": lambda z, **_: z.sum()}, sigma=sigma, u_of=u_of, y=1, w=2.5)

# Stage 11: softmax, and a loss of its probabilities.
logits = System(
    {"z": rng.standard_normal(4)},
    {
        "p": lambda z, **_: np.exp(z) / np.exp(z).sum(),
        "J": lambda p, **_: -np.log(p[1]),
    },
    Y=np.eye(4)[1],
    i=1,
    j=2,
)
logits.extra["s"] = np.exp(logits.given["z"]).sum()
logits.extra["E"] = np.exp(logits.given["z"])
logits.extra["jacobian"] = np.array(
    [
        (
            logits.run(z=logits.given["z"] + H * e)["p"]
            - logits.run(z=logits.given["z"] - H * e)["p"]
        )
        / (2 * H)
        for e in np.eye(4)
    ]
).T
logits.extra["by_log"] = central_differences(
    lambda: float(np.log(np.exp(logits.given["z"]).sum())), logits.given["z"], H
)
targets = np.eye(4)[:, [2, 0, 1, 1, 3]]
batch = System(
    {"Z": rng.standard_normal((4, 5))},
    {
        "P": lambda Z, **_: np.exp(Z) / np.exp(Z).sum(axis=0),
        "J": lambda P, **_: -(targets * np.log(P)).sum() / 5,
    },
    Y=targets,
    m=5,
)

# Stage 12: batch normalization. What is used twice stands here twice, so that each path has a name.
G = rng.standard_normal((3, 5))
NODES = {
    "X1": lambda X, **_: X,
    "X2": lambda X, **_: X,
    "mu": lambda X2, **_: X2.mean(axis=1, keepdims=True),
    "C": lambda X1, mu, **_: X1 - mu,
    "C1": lambda C, **_: C,
    "C2": lambda C, **_: C,
    "v": lambda C2, **_: (C2**2).mean(axis=1, keepdims=True),
    "r": lambda v, **_: np.sqrt(v + 1e-5),
    "X_hat": lambda C1, r, **_: C1 / r,
    "A": lambda X_hat, gamma, beta, **_: gamma * X_hat + beta,
}
STARTS = {
    "X": 1 + 2 * rng.standard_normal((3, 5)),
    "gamma": rng.uniform(0.5, 2, (3, 1)),
    "beta": rng.standard_normal((3, 1)),
}
norm = System(STARTS, NODES | {"J": lambda A, **_: (G * A).sum()}, m=5, rows=rows)
running, root = rng.standard_normal((3, 1)), np.sqrt(rng.uniform(0.5, 2, (3, 1)) + 1e-5)
frozen = System(
    STARTS,
    {
        "A": lambda X, gamma, beta, **_: gamma * (X - running) / root + beta,
        "J": lambda A, **_: (G * A).sum(),
    },
    root=root,
)
behind = System(  # a weight matrix in front of a batch normalization without ε
    {"W": rng.standard_normal((3, 4))},
    {
        "Z": lambda W, **_: W @ np.sin(np.arange(20.0)).reshape(4, 5),
        "J": lambda Z, **_: (
            G * (Z - Z.mean(axis=1, keepdims=True)) / Z.std(axis=1, keepdims=True)
        ).sum(),
    },
)

# Stage 15: a bias that a loop adds to every column; functions of the table.
looped = System(
    {"U": rng.standard_normal((3, 5)), "b": rng.standard_normal(3)},
    {
        "Z": lambda U, b, **_: np.array([[U[i, k] + b[i] for k in range(5)] for i in range(3)]),
        "J": lambda Z, **_: (G * Z**2).sum(),
    },
)
entries = System(
    {"A": rng.standard_normal((3, 5)), "B": rng.standard_normal((3, 5))},
    {"Z": lambda A, B, **_: A * B, "J": lambda Z, **_: (G * Z**2).sum()},
)
quotient = System({"a": 1.7, "b": -0.6}, {"J": lambda a, b, **_: a / b})
positive = System({"a": [0.5, 1.0, 2.5]}, {"J": lambda a, **_: a.sum()})

E = np.einsum
TWINS: dict[str, list[tuple[System, str, str]]] = {
    "backpropagation": [
        (
            one,
            r"\frac{\partial J}{\partial z} = \frac{\partial J}{\partial a} \cdot \frac{\partial "
            r"a}{\partial z}",
            "D('J', 'z') == D('J', 'a') * D('a', 'z')",
        ),
        (one, "da = a - y", "da == a - y"),
        (
            one,
            r"\frac{\partial a}{\partial z} = \mathrm{relu}'(z)",
            "D('a', 'z') == 1.0 * drelu(z)",
        ),
        (one, r"dz = da \cdot \mathrm{relu}'(z)", "dz == da * drelu(z)"),
        (one, r"\frac{\partial z}{\partial w} = x", "D('z', 'w') == x"),
        (one, r"dw = dz \cdot x", "dw == dz * x"),
        (one, r"\frac{\partial z}{\partial b} = 1", "D('z', 'b') == 1"),
        (one, "db = dz", "db == dz"),
        (one, r"\frac{\partial z}{\partial x} = w", "D('z', 'x') == w"),
        (one, r"dx = dz \cdot w", "dx == dz * w"),
        (one, "da = -1", "da == -1"),
        (one, "dz = -1", "dz == -1"),
        (one, "dw = -2", "dw == -2"),
        (one, "db = -1", "db == -1"),
        (one, "dx = -1.5", "dx == -1.5"),
        (second, "dz = -0.5", "2 * dz == -0.5"),  # before the mean over two samples
        (network, r"dA_L = \frac{1}{m} (A_L - Y)", "dAL == 1 / m * (AL - Y)"),
        (network, r"dZ_l = dA_l \odot \mathrm{relu}'(Z_l)", "dZ == dA * drelu(Z)"),
        (
            two_paths,
            r"\frac{\partial J}{\partial u} \frac{\partial u}{\partial w} \Delta w + "
            r"\frac{\partial J}{\partial v} \frac{\partial v}{\partial w} \Delta w",
            "change / delta == (du * D('u', 'w') * delta + dv * D('v', 'w') * delta) / delta",
        ),
        (network, r"dW_{ij} = \sum_k dZ_{ik} A_{jk}", "dW == einsum('ik,jk->ij', dZ, A0)"),
        (network, r"dW_l = dZ_l A_{l-1}^\top", "dW == dZ @ A0.T"),
        (network, r"db_i = \sum_k dZ_{ik}", "db[:, 0] == einsum('ik->i', dZ)"),
        (
            network,
            r"dA_{jk} = \sum_i W_{ij} dZ_{ik} \qquad\text{that is}\qquad dA_{l-1} = W_l^\top dZ_l",
            "dA0 == einsum('ij,ik->jk', W, dZ) == W.T @ dZ",
        ),
        (
            by_hand,
            r"dZ_2 = \tfrac12 (A_2 - Y) = \begin{pmatrix} 0.5 & -1 \end{pmatrix}",
            "dZ2 == 1 / 2 * (A2 - Y) == array([[0.5, -1]])",
        ),
        (
            by_hand,
            r"dW_2 = \begin{pmatrix} 0.5 \cdot 1 - 1 \cdot 2 & 0.5 \cdot 1 - 1 \cdot 0 "
            r"\end{pmatrix} "
            r"= \begin{pmatrix} -1.5 & 0.5 \end{pmatrix}, \quad db_2 = 0.5 - 1 = -0.5",
            "dW2 == array([[0.5 * 1 - 1 * 2, 0.5 * 1 - 1 * 0]]) == array([[-1.5, 0.5]]); "
            "db2 == 0.5 - 1 == -0.5",
        ),
        (
            by_hand,
            r"dA_1 = W_2^\top dZ_2 = \begin{pmatrix} 0.5 & -1 \\ 1 & -2 \end{pmatrix}",
            "dA1 == W2.T @ dZ2 == array([[0.5, -1], [1, -2]])",
        ),
        (
            by_hand,
            r"dZ_1 = \begin{pmatrix} 0.5 & -1 \\ 1 & 0 \end{pmatrix}, \quad dW_1 = dZ_1 X^\top = "
            r"\begin{pmatrix} 0.5 \cdot 1 - 1 \cdot 2 & 0.5 \cdot 3 - 1 \cdot 0 \\ "
            r"1 \cdot 1 + 0 \cdot 2 & 1 \cdot 3 + 0 \cdot 0 \end{pmatrix} = "
            r"\begin{pmatrix} -1.5 & 1.5 \\ 1 & 3 \end{pmatrix}, \quad "
            r"db_1 = \begin{pmatrix} -0.5 \\ 1 \end{pmatrix}",
            "dZ1 == array([[0.5, -1], [1, 0]]); dW1 == dZ1 @ X.T == "
            "array([[0.5 * 1 - 1 * 2, 0.5 * 3 - 1 * 0], [1 * 1 + 0 * 2, 1 * 3 + 0 * 0]]) == "
            "array([[-1.5, 1.5], [1, 3]]); db1 == array([[-0.5], [1]])",
        ),
        (network, "dA_L = (A_L - Y)/m", "dAL == (AL - Y) / m"),
        (
            penalised,
            r"dW_l = dZ_l A_{l-1}^\top + \frac{\lambda}{m} W_l",
            "dW == dZ @ A0.T + lam / m * W",
        ),
        (network, r"(db_l)_i = \sum_k (dZ_l)_{ik}", "db[:, 0] == einsum('ik->i', dZ)"),
        (network, r"dA_{l-1} = W_l^\top dZ_l", "dA0 == W.T @ dZ"),
        (curves, "2x", "slope(square, z) == 2 * z"),
        (network, r"\frac{1}{m}(A_{L,k} - Y_k)", "dAL == 1 / m * (AL - Y)"),
        (
            penalised,
            r"\frac{\lambda}{m} W_{ij}",
            "slope(lambda w: lam / (2 * m) * w**2, W) == lam / m * W",
        ),
    ],
    "layers": [
        (network, r"dW = dZ\, X^\top", "dW == dZ @ A0.T"),
        (network, r"db = \sum_k dZ_k", "db == rows(dZ)"),
        (network, r"dX = W^\top dZ", "dA0 == W.T @ dZ"),
        (curves, "u' = -e^{-z}", "slope(u_of, z) == -exp(-z)"),
        (
            curves,
            r"\sigma'(z) = -u^{-2} \cdot u' = \frac{e^{-z}}{(1 + e^{-z})^2} = "
            r"\frac{1}{1 + e^{-z}} \cdot \frac{e^{-z}}{1 + e^{-z}} = \sigma(z)\,(1 - \sigma(z))",
            "slope(sigma, z) == -(u_of(z) ** -2) * slope(u_of, z) == exp(-z) / (1 + exp(-z)) ** 2 "
            "== 1 / (1 + exp(-z)) * exp(-z) / (1 + exp(-z)) == sigma(z) * (1 - sigma(z))",
        ),
        (
            curves,
            r"\tanh'(z) = 4\sigma(2z)\,(1 - \sigma(2z)) = (1 + \tanh z)(1 - \tanh z) = 1 - "
            r"\tanh^2 z",
            "slope(tanh, z) == 4 * sigma(2 * z) * (1 - sigma(2 * z)) == (1 + tanh(z)) * (1 - "
            "tanh(z)) "
            "== 1 - tanh(z) ** 2",
        ),
        (network, "dA = (A - Y)/m", "dAL == (AL - Y) / m"),
        (curves, "e^z", "slope(exp, z) == exp(z)"),
        (curves, "-e^{-z}", "slope(lambda z: exp(-z), z) == -exp(-z)"),
        (
            curves,
            "-u^{-2} = -1/u^2",
            "slope(lambda u: 1 / u, u_of(z)) == -(u_of(z) ** -2) == -1 / u_of(z) ** 2",
        ),
        (
            penalised,
            r"\frac{\lambda}{m} W",
            "slope(lambda w: lam / (2 * m) * w**2, W) == lam / m * W",
        ),
        (curves, "1/u", "slope(log, u_of(z)) == 1 / u_of(z)"),
    ],
    "classification": [
        (
            logits,
            r"\frac{\partial}{\partial z_j} \log \sum_i e^{z_i} = "
            r"\frac{1}{\sum_i e^{z_i}} \cdot e^{z_j} = p_j",
            "by_log == 1 / exp(z).sum() * exp(z) == p",
        ),
        (batch, r"dZ = \frac{P - Y}{m}", "dZ == (P - Y) / m"),
        (
            logits,
            r"\frac{\partial p_i}{\partial z_i} = \frac{e^{z_i} s - e^{z_i} e^{z_i}}{s^2} = p_i "
            r"(1 - p_i)",
            "diag(jacobian) == (E * s - E * E) / s**2 == p * (1 - p)",
        ),
        (
            logits,
            r"\frac{\partial p_i}{\partial z_j} = \frac{0 \cdot s - e^{z_i} e^{z_j}}{s^2} = -p_i "
            r"p_j",
            "jacobian[i, j] == (0 * s - E[i] * E[j]) / s**2 == -p[i] * p[j]",
        ),
        (
            logits,
            r"dz_j = \sum_i dp_i \frac{\partial p_i}{\partial z_j} = p_j\,dp_j - p_j \sum_i "
            r"p_i\,dp_i "
            r"= p_j \big(dp_j - \sum_i p_i\,dp_i\big)",
            "dz == dp @ jacobian == p * dp - p * (p * dp).sum() == p * (dp - (p * dp).sum())",
        ),
        (logits, "dp_i = -Y_i / p_i", "dp == -Y / p"),
        (logits, r"p_j\,dp_j = -Y_j", "p * dp == -Y"),
        (logits, r"\sum_i p_i\,dp_i = -1", "(p * dp).sum() == -1"),
        (logits, "dz_j = -Y_j + p_j", "dz == -Y + p"),
        (
            curves,
            r"(p - 1)\,p\,(1 - p)",
            "slope(lambda z: (sigma(z) - 1) ** 2 / 2, z) == "
            "(sigma(z) - 1) * sigma(z) * (1 - sigma(z))",
        ),
        (curves, "-1", "slope(negative, z) == -1"),
        (
            curves,
            r"\sigma(z) - y",
            "slope(lambda z: log(1 + exp(z)) - z * y, z) == sigma(z) - y",
        ),
        (
            curves,
            r"w\,(p - y)",
            "slope(lambda z: w * (log(1 + exp(z)) - z * y), z) == w * (sigma(z) - y)",
        ),
        (batch, "(P - Y)/m", "dZ == (P - Y) / m"),
    ],
    "batch_normalization": [
        (norm, r"\;d\gamma = \sum dA\, \hat X", "dgamma == rows(dA * X_hat)"),
        (norm, r"\;d\beta = \sum dA", "dbeta == rows(dA)"),
        (norm, r"\;d\hat X = \gamma\, dA", "dX_hat == gamma * dA"),
        (norm, r"\;dC_1 = d\hat X / r", "dC1 == dX_hat / r"),
        (norm, r"\;dr = -\sum d\hat X\, C / r^2", "dr == -rows(dX_hat * C / r**2)"),
        (norm, r"\;dv = dr / (2r)", "dv == dr / (2 * r)"),
        (norm, r"\;dC_2 = dv \cdot 2C / m", "dC2 == dv * 2 * C / m"),
        (norm, r"\;dC = dC_1 + dC_2", "dC == dC1 + dC2"),
        (norm, "dX_1 = dC", "dX1 == dC"),
        (norm, r"\;d\mu = -\sum dC", "dmu == -rows(dC)"),
        (norm, r"\;dX_2 = d\mu / m", "dX2 == dmu / m * ones_like(X)"),
        (norm, r"\;dX = dX_1 + dX_2", "dX == dX1 + dX2"),
        (norm, r"d\hat X = \gamma\, dA", "dX_hat == gamma * dA"),
        (
            norm,
            r"dr = -\sum \gamma\, dA\, \frac{\hat X}{r} = -\frac{\gamma}{r} \sum dA\, \hat X = "
            r"-\frac{\gamma}{r}\, d\gamma .",
            "dr == -rows(gamma * dA * X_hat / r) == -gamma / r * rows(dA * X_hat) == -gamma / r * "
            "dgamma",
        ),
        (
            norm,
            r"dC_2 = \frac{dr}{2r} \cdot \frac{2 C}{m} = -\frac{\gamma\, d\gamma}{r^2} \cdot "
            r"\frac{r \hat X}{m} = -\frac{\gamma}{r} \cdot \frac{\hat X\, d\gamma}{m} , \qquad "
            r"dC = \frac{\gamma}{r} \Big( dA - \frac{\hat X\, d\gamma}{m} \Big) .",
            "dC2 == dr / (2 * r) * 2 * C / m == -(gamma * dgamma) / r**2 * r * X_hat / m "
            "== -gamma / r * X_hat * dgamma / m; dC == gamma / r * (dA - X_hat * dgamma / m)",
        ),
        (
            norm,
            r"dX = \frac{\gamma}{r} \Big( dA - \frac{d\beta}{m} - \hat X\, \frac{d\gamma}{m} "
            r"\Big) .",
            "dX == gamma / r * (dA - dbeta / m - X_hat * dgamma / m)",
        ),
        (
            frozen,
            r"dX = dA\, \gamma / \sqrt{\text{running variance} + \varepsilon}",
            "dX == dA * gamma / root",
        ),
        (behind, r"\sum W \cdot dW = 0", "1 + (W * dW).sum() == 1"),
        (norm, "-c / r^2", "slope(lambda r: C / r, r) == -C / r**2"),
        (norm, "2 c_k / m", "D('v', 'C2') == 2 * C / m"),
    ],
    "autograd": [
        (one, "da = -1", "da == -1"),
        (one, "dz = -1", "dz == -1"),
        (one, "dw = -2", "dw == -2"),
        (one, "db = -1", "db == -1"),
        (one, "dx = -1.5", "dx == -1.5"),
        (one, "dy = -da = 1", "dy == -da == 1"),
        (network, r"dW = dZ\, X^\top", "dW == dZ @ A0.T"),
        (network, r"dX = W^\top dZ", "dA0 == W.T @ dZ"),
        (looped, r"db_i = \sum_k dZ_{ik}", "db == einsum('ik->i', dZ)"),
        (positive, r"\exp' = \exp", "slope(exp, a) == exp(a)"),
        (
            quotient,
            r"\frac{\partial}{\partial a} \frac{a}{b} = \frac{1}{b}, \qquad "
            r"\frac{\partial}{\partial b} \frac{a}{b} = -\frac{a}{b^2}",
            "da == 1 / b; db == -a / b**2",
        ),
        (positive, r"\log' = 1/a", "slope(log, a) == 1 / a"),
        (positive, r"\tanh' = 1 - \tanh^2", "slope(tanh, a) == 1 - tanh(a) ** 2"),
        (positive, "2e", "slope(square, a) == 2 * a"),
        (entries, r"dZ \odot B", "dA == dZ * B"),
        (curves, r"\sigma (1 - \sigma)", "slope(sigma, z) == sigma(z) * (1 - sigma(z))"),
    ],
}
# No derivatives, though they look like some: what somebody is asked to imagine, and a shape.
ASSUMED = {"batch_normalization": ["dA = 1", r"dA = \hat X"], "autograd": ["(3, 4)"]}


def holds(system: System, twin: str) -> bool:
    """Whether all terms of a twin are equal; several chains stand apart by semicolons."""
    names = system.names
    for chain in twin.split(";"):
        terms = [np.asarray(eval(term.strip(), names), float) for term in chain.split("==")]
        assert len(terms) > 1, twin
        for term in terms[1:]:
            if term.ndim and term.shape != terms[0].shape:
                return False
            if not np.allclose(terms[0], term, rtol=1e-6, atol=1e-7):
                return False
    return True


def formulas(notebook: Notebook) -> Iterator[str]:
    """Each formula about a derivative.

    On lines of its own each with a sign of one, in a sentence those with an =, and what is called
    a derivative, a slope or a gradient.
    """
    for _, cell in notebook.cells():
        if cell.cell_type == "markdown" and "folds" not in tags(cell):
            text = re.sub("```.*?```", "", cell.source, flags=re.DOTALL)
            for displayed, inline in re.findall(r"\$\$(.*?)\$\$|\$([^$]+)\$", text, re.DOTALL):
                formula = " ".join((displayed or inline).split())
                if DERIVATIVE.search(formula) and (displayed or "=" in formula):
                    yield formula
            for formula in SAID.findall(" ".join(text.replace("$$", "$").split())):
                if not re.fullmatch("[A-Za-z]+", formula):
                    yield formula


def unknown(notebook: Notebook) -> list[str]:
    """Formulas about a derivative that have no twin."""
    known = {formula for _, formula, _ in TWINS[notebook.stage]}
    known |= {*ASSUMED.get(notebook.stage, [])}
    return [formula for formula in formulas(notebook) if formula not in known]
