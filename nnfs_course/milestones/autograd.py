"""Your own autograd trains the same network, and finds the same gradients as your layers."""

import numpy as np
from mine import Model, SoftmaxCrossEntropyLoss, Tensor, load_dataset, mlp

from nnfs_course.judge import Wrong

RATE, STEPS = 0.5, 60


def cross_entropy(X, Y, W1, b1, W2, b2):
    """Return the loss of a network with one hidden layer: a forward pass, and nothing else."""
    Z = W2 @ (W1 @ X + b1).relu() + b2
    shifted = Z - Z.max(axis=0)
    log_probabilities = shifted - shifted.exp().sum(axis=0).log()
    return (log_probabilities * Y).sum() * (-1 / Y.shape[1])


def draw(figure):
    """Train the digits twice from the same weights: by layers, and by tensors."""
    X, Y, _ = load_dataset("digits")
    X = X / 16
    model = Model(mlp([64, 32, 10]), SoftmaxCrossEntropyLoss())
    arrays = {name: array.copy() for name, array in model.network.parameters.items()}
    by_layers, by_tensors = [], []
    for _ in range(STEPS):
        by_layers.append(model.loss(X, Y))
        model.backward()
        for name, array in model.network.parameters.items():
            array -= RATE * model.network.gradients[f"d{name}"]
        tensors = {name: Tensor(array) for name, array in arrays.items()}
        loss = cross_entropy(X, Y, **tensors)
        loss.backward()
        by_tensors.append(float(loss.data))
        arrays = {name: tensor.data - RATE * tensor.grad for name, tensor in tensors.items()}
    axes = figure.subplots()
    axes.plot(by_layers, "C0-", linewidth=5, alpha=0.4, label="layers")
    axes.plot(by_tensors, "C1--", label="tensors")
    axes.set(xlabel="step", ylabel="loss", title="Two programs, one curve")
    axes.legend()
    apart = float(np.abs(np.subtract(by_layers, by_tensors)).max())
    if not apart < 1e-9:
        raise Wrong(f"the losses of tensors and of layers are up to {apart:.2g} apart")
    if not by_tensors[-1] < by_tensors[0] / 2:
        raise Wrong(f"the loss went from {by_tensors[0]:.3f} to {by_tensors[-1]:.3f} only")
    told = f"the loss fell from {by_tensors[0]:.3f} to {by_tensors[-1]:.3f}"
    return f"{told}, with tensors as with layers to within 1e-9"
