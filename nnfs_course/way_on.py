"""The way on: each line of the course in PyTorch and in JAX, as a table that a test keeps true.

Each column is a program that runs from the top to the bottom. The test runs the three where they
are installed, and compares what a line names as its result. The notebook shows this table.
"""

import html
from typing import NamedTuple

from IPython.display import HTML, Markdown


class Line(NamedTuple):
    """What it is about, the same in three programs, and the name of what has to be equal.

    turned: whether PyTorch has that transposed.
    """

    what: str
    ours: str
    torch: str
    jax: str
    equal: str = ""
    turned: bool = False


LINES = [
    Line(
        "the library",
        "from nnfs_core import Tensor, no_grad",
        "import torch\nfrom torch import nn",
        "import jax\nimport jax.numpy as jnp",
    ),
    Line(
        "64 bits for a number",
        "",
        "torch.set_default_dtype(torch.float64)",
        'jax.config.update("jax_enable_x64", True)',
    ),
    Line(
        "samples: ours are columns",
        "inputs, targets = X, Y",
        "inputs, targets = torch.tensor(X.T), torch.tensor(Y.T)",
        "inputs, targets = jnp.asarray(X), jnp.asarray(Y)",
        "inputs",
        True,
    ),
    Line(
        "weights: He's, from stage 2",
        "p = {name: Tensor(a) for name, a in start.items()}",
        "net = nn.Sequential(\n    nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2)\n)",
        "p = {name: jnp.asarray(a) for name, a in start.items()}",
    ),
    Line(
        "our weights in their network: W as it is, b without its second axis",
        "",
        "state = {\n"
        '    "0.weight": torch.tensor(start["W1"]),\n'
        '    "0.bias": torch.tensor(start["b1"][:, 0]),\n'
        '    "2.weight": torch.tensor(start["W2"]),\n'
        '    "2.bias": torch.tensor(start["b2"][:, 0]),\n'
        "}\n"
        "net.load_state_dict(state)",
        "",
    ),
    Line(
        "forward",
        "def f(p, X):\n"
        '    A = (p["W1"] @ X + p["b1"]).relu()\n'
        '    return p["W2"] @ A + p["b2"]\n'
        "A = f(p, inputs)",
        "A = net(inputs)",
        "def f(p, X):\n"
        '    A = jax.nn.relu(p["W1"] @ X + p["b1"])\n'
        '    return p["W2"] @ A + p["b2"]\n'
        "A = f(p, inputs)",
        "A",
        True,
    ),
    Line(
        "loss: the mean is over samples",
        "m = targets.shape[1]\nloss = ((A - targets) ** 2).sum() / (2 * m)",
        "m = len(targets)\nloss = ((A - targets) ** 2).sum() / (2 * m)",
        "m = targets.shape[1]\n"
        "def J(p):\n"
        "    return ((f(p, inputs) - targets) ** 2).sum() / (2 * m)\n"
        "loss = J(p)",
        "loss",
    ),
    Line(
        "backward",
        'loss.backward()\ndW1 = p["W1"].grad',
        "loss.backward()\ndW1 = net[0].weight.grad.clone()",
        'g = jax.grad(J)(p)\ndW1 = g["W1"]',
        "dW1",
    ),
    Line(
        "a step of gradient descent",
        "p = {\n    name: Tensor(t.data - 0.1 * t.grad)\n    for name, t in p.items()\n}",
        "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)\n"
        "optimizer.step()\n"
        "optimizer.zero_grad()",
        "p = {name: w - 0.1 * g[name] for name, w in p.items()}",
    ),
    Line(
        "predict, without a graph",
        "with no_grad():\n    A = f(p, inputs)",
        "with torch.no_grad():\n    A = net(inputs)",
        "A = f(p, inputs)",
        "A",
        True,
    ),
    Line(
        "the weights back to NumPy, where they predict the same",
        "W1, b1, W2, b2 = (t.data for t in p.values())\n"
        "back = W2 @ np.maximum(W1 @ X + b1, 0) + b2",
        "W1, b1, W2, b2 = (\n"
        "    t.detach().numpy() for t in net.parameters()\n"
        ")\n"
        "b1, b2 = b1[:, None], b2[:, None]\n"
        "back = W2 @ np.maximum(W1 @ X + b1, 0) + b2",
        "W1, b1, W2, b2 = map(np.asarray, p.values())\nback = W2 @ np.maximum(W1 @ X + b1, 0) + b2",
        "back",
    ),
    Line(
        "Adam, for the layers of stage 7",
        "from nnfs_core import Adam, Model, mlp\n"
        "model = Model(mlp([3, 5, 2]))\n"
        "state = {name: t.data for name, t in p.items()}\n"
        "model.network.load_state(state)\n"
        "model.loss(X, Y)\n"
        "model.backward()\n"
        "Adam(0.01).step(model.network)\n"
        'W1 = model.network.parameters["W1"]',
        "loss = ((net(inputs) - targets) ** 2).sum() / (2 * m)\n"
        "loss.backward()\n"
        "torch.optim.Adam(net.parameters(), lr=0.01).step()\n"
        "W1 = net[0].weight.detach().numpy()",
        "",
        "W1",
    ),
    Line(
        "a sum over samples",
        "total = Tensor(X).sum(axis=1)",
        "total = inputs.sum(dim=0, keepdim=True)",
        "total = inputs.sum(axis=1, keepdims=True)",
        "total",
        True,
    ),
    Line(
        "classes: logits Z, one-hot or labels",
        "from nnfs_core import SoftmaxCrossEntropyLoss, one_hot\n"
        "right = one_hot(labels, 3)\n"
        "loss = SoftmaxCrossEntropyLoss().forward(Z, right)",
        "logits, right = torch.tensor(Z.T), torch.tensor(labels)\n"
        "loss = nn.functional.cross_entropy(logits, right)",
        "logs = jax.nn.log_softmax(Z, axis=0)\n"
        "loss = -logs[labels, jnp.arange(len(labels))].mean()",
        "loss",
    ),
    Line(
        "batch normalization in training",
        "from nnfs_core import BatchNorm\n"
        "norm = BatchNorm(3, momentum=0.9)\n"
        "A = norm.forward(X, training=True)\n"
        'mean = norm.buffers["running_mean"]',
        "norm = nn.BatchNorm1d(3, momentum=0.1)\n"
        "A = norm(inputs)\n"
        "mean = norm.running_mean[:, None]",
        "",
        "mean",
    ),
    Line(
        "dropout when it predicts",
        "from nnfs_core import Dropout\nA = Dropout(0.5, 0).forward(X)",
        "drop = nn.Dropout(0.5)\ndrop.eval()\nA = drop(inputs)",
        "",
        "A",
        True,
    ),
    Line(
        "the derivative of a derivative",
        "x = Tensor(1.5)\n(slope,) = (x**4).gradients(x)\n(curve,) = slope.gradients(x)",
        "x = torch.tensor(1.5, requires_grad=True)\n"
        "(slope,) = torch.autograd.grad(x**4, x, create_graph=True)\n"
        "(curve,) = torch.autograd.grad(slope, x)",
        "curve = jax.grad(jax.grad(lambda x: x**4))(1.5)",
        "curve",
    ),
    Line(
        "an operation of your own",
        "from nnfs_core import Op\n"
        "cube = Op(\n"
        '    "cube",\n'
        "    lambda a: a**3,\n"
        "    lambda d, out, a: (3 * d * a**2,),\n"
        ")\n"
        "x = Tensor(2.0)\n"
        "cube(x).backward()\n"
        "slope = x.grad",
        "class Cube(torch.autograd.Function):\n"
        "    @staticmethod\n"
        "    def forward(ctx, a):\n"
        "        ctx.save_for_backward(a)\n"
        "        return a**3\n"
        "    @staticmethod\n"
        "    def backward(ctx, d):\n"
        "        (a,) = ctx.saved_tensors\n"
        "        return 3 * d * a**2\n"
        "x = torch.tensor(2.0, requires_grad=True)\n"
        "Cube.apply(x).backward()\n"
        "slope = x.grad",
        "@jax.custom_vjp\n"
        "def cube(a):\n"
        "    return a**3\n"
        "cube.defvjp(\n"
        "    lambda a: (a**3, a),\n"
        "    lambda a, d: (3 * d * a**2,),\n"
        ")\n"
        "slope = jax.grad(cube)(2.0)",
        "slope",
    ),
]


class Difference(NamedTuple):
    """What surprises, and a program for each library that leaves True in `holds`."""

    words: str
    ours: str
    torch: str
    jax: str


DIFFERENCES = [
    Difference(
        "**A sample is a row.** PyTorch's layers take `(m, n)`, ours `(n, m)`. A square batch "
        "the wrong way round raises no error.",
        'holds = (Tensor(start["W1"]) @ X).shape == (5, 6)',
        "holds = nn.Linear(3, 5)(inputs).shape == (6, 5)\n"
        "square = torch.tensor(X[:, :3])\n"
        "holds = holds and nn.Linear(3, 5)(square).shape == nn.Linear(3, 5)(square.T).shape",
        "",
    ),
    Difference(
        "**Gradients pile up.** PyTorch adds each backward to `.grad` until you set it to None "
        "(`zero_grad`), without a word. Ours refuses the second one. JAX has no `.grad`: "
        "`jax.grad(J)` is a function that returns the gradient.",
        "x = Tensor(3.0)\n(2 * x).backward()\n"
        "try:\n    (2 * x).backward()\nexcept RuntimeError:\n    holds = x.grad == 2",
        "x = torch.tensor(3.0, requires_grad=True)\n"
        "(2 * x).backward()\n(2 * x).backward()\nholds = x.grad == 4",
        "holds = jax.grad(lambda x: 2 * x)(3.0) == 2 and jax.grad(lambda x: 2 * x)(3.0) == 2",
    ),
    Difference(
        "**Numbers have 32 bits, unless you say so:** about 7 digits, where ours have 16. A "
        "gradient check needs the 64 of the table's second line.",
        'holds = Tensor([1.0]).data.dtype == "float64"',
        "torch.set_default_dtype(torch.float32)\n"
        "holds = torch.tensor([1.0]).dtype == torch.float32\n"
        "torch.set_default_dtype(torch.float64)",
        'jax.config.update("jax_enable_x64", False)\n'
        'holds = jnp.asarray([1.0]).dtype == "float32"\n'
        'jax.config.update("jax_enable_x64", True)',
    ),
    Difference(
        "**A mean is over all entries.** `mse_loss` divides by the number of entries, and has no "
        "½: with one output it is twice our loss. `cross_entropy` takes logits: a softmax before "
        "it "
        "raises no error, and gives another loss.",
        "",
        "one, other = net(inputs)[:, :1], targets[:, :1]\n"
        "ours = ((one - other) ** 2).sum() / (2 * m)\n"
        "holds = abs(nn.functional.mse_loss(one, other) - 2 * ours) < 1e-12\n"
        "logits, right = torch.tensor(Z.T), torch.tensor(labels)\n"
        "twice = nn.functional.cross_entropy(logits.softmax(1), right)\n"
        "holds = holds and twice != nn.functional.cross_entropy(logits, right)",
        "",
    ),
    Difference(
        "**A network knows whether it trains.** In PyTorch `net.train()` and `net.eval()` switch "
        "dropout and batch normalization for all calls that follow, and a new network trains. Ours "
        "is told at each call, by `training=True`.",
        "from nnfs_core import Dropout\n"
        "holds = (Dropout(0.5, 0).forward(X) == X).all()\n"
        "holds = holds and (Dropout(0.5, 0).forward(X, training=True) != X).any()",
        "drop = nn.Dropout(0.5)\n"
        "holds = drop.training and (drop(inputs) != inputs).any()\n"
        "drop.eval()\nholds = holds and (drop(inputs) == inputs).all()",
        "",
    ),
]


def _cell(code):
    """Return a program as what stands in one cell of a table."""
    return f'<td style="text-align: left"><pre>{html.escape(code, quote=False) or "–"}</pre></td>'


def table():
    """Return the table of all lines, for a notebook."""
    head = "".join(f"<th>{name}</th>" for name in ("ours", "PyTorch", "JAX"))
    rows = [
        f'<tr><th colspan="3" style="text-align: left">{line.what}</th></tr>\n<tr>'
        + "".join(map(_cell, (line.ours, line.torch, line.jax)))
        + "</tr>"
        for line in LINES
    ]
    return HTML("\n".join(["<table>", f"<tr>{head}</tr>", *rows, "</table>"]))


def differences():
    """Return the numbered list of what surprises, as markdown for a notebook."""
    return Markdown("\n".join(f"{i}. {one.words}" for i, one in enumerate(DIFFERENCES, start=1)))
