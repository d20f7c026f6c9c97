"""Every symbol of the course: what it is, its shape, its formula, the function that computes it.

The notebooks check their arrays against this table, and REFERENCE.md is made from it.
"""

import re
from typing import NamedTuple

import pandas as pd


class Symbol(NamedTuple):
    """A row: shape in sizes like n_l, formula in LaTeX, the name of a function of nnfs_core."""

    shape: str
    meaning: str
    formula: str = ""
    function: str = ""


SYMBOLS = {
    "m": Symbol("", "number of samples"),
    "L": Symbol("", "number of layers"),
    "n_0": Symbol("", "number of features"),
    "n_l": Symbol("", "number of units in layer l, from 1 to L"),
    "λ": Symbol("", "strength of the L2 penalty, `l2`"),
    "η": Symbol("", "learning rate, `learning_rate`"),
    "α": Symbol("", "slope of a leaky ReLU for negative numbers, `alpha`"),
    "h": Symbol("", "shift in a central difference, 1e-5"),
    "X": Symbol(
        "(n_0, m)",
        "features, a sample a column",
        r"x' = \frac{x - x_{\min}}{x_{\max} - x_{\min}}",
        "prepare_dataset",
    ),
    "Y": Symbol("(n_L, m)", "target, scaled as X is", "", "prepare_dataset"),
    "W_l": Symbol(
        "(n_l, n_(l-1))",
        "weights of layer l",
        r"\text{at first normal, mean } 0 \text{, variance } 2 / n_{l-1}",
        "initialize_parameters",
    ),
    "b_l": Symbol(
        "(n_l, 1)", "biases of layer l", r"b_l = 0 \text{ at first}", "initialize_parameters"
    ),
    "Z_l": Symbol(
        "(n_l, m)", "pre-activations of layer l", "Z_l = W_l A_{l-1} + b_l", "feed_forward"
    ),
    "A_l": Symbol(
        "(n_l, m)",
        "activations of layer l; layer 0 is X",
        r"A_l = \mathrm{relu}(Z_l) = \max(0, Z_l)",
        "relu",
    ),
    "mask_l": Symbol(
        "(n_l, m)",
        "mask of layer l",
        r"\mathrm{relu}'(z) = 1 \text{ if } z > 0 \text{, else } 0",
        "drelu",
    ),
    "leaky ReLU": Symbol(
        "as the array",
        "activation function",
        r"z \text{ if } z > 0 \text{, else } \alpha z",
        "LeakyReLU",
    ),
    "sigmoid": Symbol(
        "as the array",
        "activation function",
        r"\sigma(z) = \frac{1}{1 + e^{-z}}, \quad \sigma' = \sigma (1 - \sigma)",
        "Sigmoid",
    ),
    "tanh": Symbol("as the array", "activation function", r"\tanh' = 1 - \tanh^2", "Tanh"),
    "layer": Symbol(
        "as the array",
        "part of a network: values go forward, gradients come back",
        r"X \to A, \quad dX \leftarrow dA",
        "Layer",
    ),
    "linear layer": Symbol(
        "(n_l, m)", "layer with weights", r"Z = W X + b, \quad dX = W^\top dZ", "Linear"
    ),
    "network": Symbol(
        "(n_L, m)", "layers in a row, itself a layer", r"A_L = f_L(\dots f_1(X))", "Sequential"
    ),
    "plain network": Symbol(
        "(n_L, m)", "ReLU between linear layers, a linear output", "A_L = Z_L", "mlp"
    ),
    "A_L": Symbol(
        "(n_L, m)",
        "prediction, scaled as Y is",
        r"A_L = \mathrm{relu}(Z_L) \text{, from stage 7 on } A_L = Z_L",
        "feed_forward",
    ),
    "MSE": Symbol("", "half the mean squared error", r"\frac{1}{2m} \sum (A_L - Y)^2", "mse_loss"),
    "loss": Symbol(
        "", "MSE as a part, with its way back", r"A_L \to \mathrm{MSE}, \quad dA_L", "MSELoss"
    ),
    "penalty": Symbol(
        "", "L2 penalty, of strength λ", r"\frac{\lambda}{2m} \sum_l \lVert W_l \rVert^2", "l2_loss"
    ),
    "J": Symbol("", "total loss", r"J = \mathrm{MSE} + \mathrm{penalty}", "train"),
    "model": Symbol(
        "", "network, loss and penalty; m in the penalty is that of all training data", "J", "Model"
    ),
    "dA_L": Symbol("(n_L, m)", "gradient at the output", r"dA_L = (A_L - Y) / m", "backpropagate"),
    "dA_l": Symbol(
        "(n_l, m)",
        "gradient of J by A_l, for l < L",
        r"dA_l = W_{l+1}^\top dZ_{l+1}",
        "backpropagate",
    ),
    "dZ_l": Symbol(
        "(n_l, m)",
        "gradient of J by Z_l",
        r"dZ_l = dA_l \odot \mathrm{relu}'(Z_l)",
        "backpropagate",
    ),
    "dW_l": Symbol(
        "(n_l, n_(l-1))",
        "gradient of J by W_l",
        r"dW_l = dZ_l A_{l-1}^\top + \frac{\lambda}{m} W_l",
        "backpropagate",
    ),
    "db_l": Symbol(
        "(n_l, 1)",
        "gradient of J by b_l",
        r"(db_l)_i = \sum_{k=1}^{m} (dZ_l)_{ik}",
        "backpropagate",
    ),
    "central difference": Symbol(
        "as the array",
        "numerical gradient",
        r"\frac{J(w + h) - J(w - h)}{2h}",
        "central_differences",
    ),
    "gradient error": Symbol(
        "",
        "largest over the arrays, of a gradient g and another, n",
        r"\frac{\lVert g - n \rVert}{\lVert g \rVert + \lVert n \rVert}",
        "gradient_error",
    ),
    "update": Symbol(
        "as the array",
        "a step, with the learning rate η",
        r"W_l \leftarrow W_l - \eta\, dW_l, \quad b_l \leftarrow b_l - \eta\, db_l",
        "update_parameters",
    ),
    "mini-batch": Symbol(
        "", "some samples, each once an epoch in an order drawn anew", "", "minibatches"
    ),
    "θ": Symbol("(n_θ, 1)", "all parameters in a row"),
    "g": Symbol("as θ", "gradient of J by θ"),
    "SGD": Symbol("as θ", "step along the gradient", r"\theta \leftarrow \theta - \eta g", "SGD"),
    "momentum": Symbol(
        "as θ",
        "step along a sum of gradients",
        r"v \leftarrow \beta v + g, \quad \theta \leftarrow \theta - \eta v",
        "Momentum",
    ),
    "Adam": Symbol(
        "as θ",
        "step along a mean of gradients, by their size, at step t",
        r"v \leftarrow \beta_1 v + (1 - \beta_1) g, \;"
        r" s \leftarrow \beta_2 s + (1 - \beta_2) g^2, \;"
        r" \theta \leftarrow \theta - \eta \frac{v / (1 - \beta_1^t)}"
        r"{\sqrt{s / (1 - \beta_2^t)} + \varepsilon}",
        "Adam",
    ),
    "weight decay": Symbol(
        "as W_l",
        "share off the weights, before Adam's step",
        r"W \leftarrow (1 - \eta d) W",
        "AdamW",
    ),
    "clipping": Symbol(
        "as θ",
        "gradient of a norm c at most",
        r"g \leftarrow g \min(1, c / \lVert g \rVert)",
        "clip_gradients",
    ),
    "e_j": Symbol("", "edge j of a feature, from 0 to its number of bins"),
    "p": Symbol("", "share of the activations that dropout sets to 0, `rate`; or a probability"),
    "K": Symbol("", "number of networks in an ensemble; from stage 11 on, of classes"),
    "encoding": Symbol(
        "(n_0, m)",
        "a row for each bin; the first is not cut at 0, the last not at 1",
        r"z_j = \frac{x - e_{j-1}}{e_j - e_{j-1}} \text{, cut to } [0, 1]",
        "PiecewiseLinear",
    ),
    "dropout": Symbol(
        "as the array",
        "in training alone; its way back has the same mask",
        r"a \to 0 \text{ with probability } p \text{, else } \frac{a}{1 - p}",
        "Dropout",
    ),
    "ensemble": Symbol(
        "(n_L, m)", "average of predictions", r"\bar A = \frac{1}{K} \sum_{k=1}^{K} A_k", "Ensemble"
    ),
    "y_k": Symbol("", "label of sample k, its class from 0 to K - 1"),
    "τ": Symbol("", "temperature that logits are divided by"),
    "w": Symbol("", "how many times a sample with y = 1 counts, `positive_weight`"),
    "one-hot": Symbol(
        "(n_L, m)",
        "target for classes, K = n_L",
        r"Y_{jk} = 1 \text{ if } j = y_k \text{, else } 0",
        "one_hot",
    ),
    "P": Symbol(
        "(n_L, m)",
        "probabilities of the classes",
        r"P_{jk} = \frac{e^{Z_{jk}}}{\sum_i e^{Z_{ik}}}",
        "softmax",
    ),
    "cross-entropy": Symbol(
        "",
        "loss for classes; its gradient by the logits",
        r"-\frac{1}{m} \sum_k \log p_{y_k}, \quad dZ = \frac{P - Y}{m}",
        "SoftmaxCrossEntropyLoss",
    ),
    "softmax layer": Symbol(
        "as the array",
        "softmax with its Jacobian",
        r"dz_j = p_j \Big(dp_j - \sum_i p_i\, dp_i\Big)",
        "Softmax",
    ),
    "binary cross-entropy": Symbol(
        "",
        "loss for yes or no, of one logit z",
        r"\max(z, 0) - z y + \log(1 + e^{-|z|}), \quad dz = \sigma(z) - y",
        "BinaryCrossEntropyLoss",
    ),
    "batch normalization": Symbol(
        "as the array",
        "each unit over the batch; when it predicts, by the running mean and variance",
        r"\hat X = \frac{X - \mu}{\sqrt{v + \varepsilon}}, \quad A = \gamma \hat X + \beta",
        "BatchNorm",
    ),
    "gamma_l": Symbol(
        "(n_l, 1)", "scale γ behind layer l", r"\gamma_l = 1 \text{ at first}", "BatchNorm"
    ),
    "beta_l": Symbol(
        "(n_l, 1)", "shift β behind layer l", r"\beta_l = 0 \text{ at first}", "BatchNorm"
    ),
    "running_mean_l": Symbol(
        "(n_l, 1)",
        "running mean behind layer l; momentum ρ",
        r"\bar\mu \leftarrow \rho \bar\mu + (1 - \rho) \mu",
        "BatchNorm",
    ),
    "running_variance_l": Symbol(
        "(n_l, 1)",
        "running variance behind layer l",
        r"\bar v \leftarrow \rho \bar v + (1 - \rho) \frac{m}{m - 1} v",
        "BatchNorm",
    ),
    "dgamma_l": Symbol(
        "(n_l, 1)", "gradient of J by γ", r"d\gamma = \sum_k dA_k \odot \hat X_k", "BatchNorm"
    ),
    "dbeta_l": Symbol("(n_l, 1)", "gradient of J by β", r"d\beta = \sum_k dA_k", "BatchNorm"),
    "dX of batch normalization": Symbol(
        "as the array",
        "in training; with running statistics it is γ dA / r alone",
        r"\frac{\gamma}{r} \left(dA - \frac{d\beta}{m} - \hat X \frac{d\gamma}{m}\right)"
        r", \quad r = \sqrt{v + \varepsilon}",
        "BatchNorm",
    ),
    "weights": Symbol("(1, m)", "how much each sample counts, 1 on average; below Y", "w_k"),
    "weighted loss": Symbol(
        "",
        "mean of the samples' losses, each times its weight",
        r"\frac{1}{m} \sum_{k=1}^{m} w_k\, \ell_k, \quad dA_k = \frac{w_k}{m}\, d\ell_k",
        "WeightedLoss",
    ),
    "operation": Symbol(
        "as its result",
        "a way forward, and what each input gets on the way back",
        r"(a, b) \to z, \quad dz \to (da, db)",
        "Op",
    ),
    "value": Symbol(
        "",
        "number that remembers its inputs; gradients of several paths add up",
        r"dx = \sum_z dz\, \frac{\partial z}{\partial x}",
        "Value",
    ),
    "tensor": Symbol("as the array", "the same of an array, read-only", "", "Tensor"),
    "spread": Symbol(
        "as the input",
        "gradient of what broadcasting spread over columns, or over any axes",
        r"db_i = \sum_k dZ_{ik}",
        "unbroadcast",
    ),
    "standard error": Symbol(
        "",
        "of a mean of n paired differences with the standard deviation s",
        r"\frac{s}{\sqrt n}",
        "paired_difference",
    ),
}


def ledger(arrays, layer_sizes, m):
    """Return a table of arrays, {"X": ..., "Z1": ..., "dW1": ...}, with the shape each should have.

    layer_sizes: [n_0, ..., n_L]; m: the number of samples. Raises ValueError for another shape.
    """
    rows = {}
    for name, array in arrays.items():
        letters, number = re.fullmatch(r"(\D+)(\d*)", name).groups()
        symbol = letters + "_l" * bool(number)
        sizes = {"m": m, "1": 1, "n_0": layer_sizes[0], "n_L": layer_sizes[-1]}
        if number:
            sizes["n_(l-1)"], sizes["n_l"] = layer_sizes[int(number) - 1 : int(number) + 1]
        shape = SYMBOLS[symbol].shape
        expected = tuple(sizes[size] for size in shape[1:-1].split(", "))
        if array.shape != expected:
            raise ValueError(f"{name} has the shape {array.shape}; expected {shape} = {expected}")
        rows[name] = {"symbol": symbol, "shape": shape, "here": expected}
        rows[name]["gradient, same shape"] = f"d{name}" if f"d{symbol}" in SYMBOLS else "none"
        rows[name]["what it is"] = SYMBOLS[symbol].meaning
    return pd.DataFrame(rows).T
