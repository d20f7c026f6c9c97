"""Networks go to ONNX and PyTorch, and come back: held against onnxruntime and torch."""

import copy

import numpy as np
import pytest

from nnfs_core import (
    BatchNorm,
    Dropout,
    Ensemble,
    Identity,
    Layer,
    LeakyReLU,
    Linear,
    Model,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    SoftmaxCrossEntropyLoss,
    Tanh,
    export_onnx,
    from_torch,
    mlp,
    to_torch,
)

X = 3 * np.random.default_rng(0).standard_normal((4, 25))


def stirred(network, seed=0):
    """The network with arrays that are not those of the start: no bias is 0, no variance 1."""
    rng = np.random.default_rng(seed)
    for array in {**network.parameters, **network.buffers}.values():
        array[...] = rng.uniform(0.2, 1.5, array.shape) * rng.choice([-1, 1], array.shape)
    for name, array in network.buffers.items():
        if "variance" in name:
            array[...] = np.abs(array)
    return network


def everything():
    """A network with all layers of the course, nested."""
    block = Sequential(Linear(5, 5, 1), BatchNorm(5, eps=0.01), LeakyReLU(0.2))
    return Sequential(
        BatchNorm(4, momentum=0.7),
        Sequential(Linear(4, 6, 0), BatchNorm(6), ReLU(), Sequential(Dropout(0.5, 0))),
        *(Linear(6, 5, 2), Sigmoid(), block, Identity(), Linear(5, 3, 3), Tanh(), Softmax()),
    )


NETWORKS = {
    "each layer, nested": everything,
    "one linear layer": lambda: mlp([4, 1]),
    "plain": lambda: mlp([4, 8, 3, 2]),
    "leaky, and steeper below 0": lambda: mlp([4, 8, 2], activation=lambda: LeakyReLU(2.5)),
    "sigmoid": lambda: mlp([4, 8, 2], activation=Sigmoid, output=Tanh),
    "dropout of negative numbers": lambda: Sequential(Linear(4, 3, 0), Dropout(0.5, 0)),
    "norm in front": lambda: Sequential(BatchNorm(4), ReLU()),
    "softmax": lambda: mlp([4, 8, 3], output=Softmax),
}
EACH = pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS.keys())


def run_onnx(path, X):
    """What onnxruntime makes of samples in columns."""
    pytest.importorskip("onnxruntime")
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    (given,), (output,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.shape) == ("X", ["m", len(X)])
    (Y,) = session.run(None, {"X": X.T})
    assert output.name == "Y"
    assert output.shape == ["m", Y.shape[1]]
    return Y.T


@EACH
def test_onnxruntime_predicts_the_same(make, tmp_path):
    pytest.importorskip("onnx")
    network = stirred(make())
    before = network.state()
    path = export_onnx(network, tmp_path / "network.onnx")
    assert path == tmp_path / "network.onnx"
    for some in (X, X[:, :1], 100 * X):
        Y = network.forward(some)
        np.testing.assert_allclose(run_onnx(path, some), Y, rtol=1e-6, atol=1e-300)
    assert all(np.array_equal(before[name], array) for name, array in network.state().items())


def test_a_model_gives_its_logits_and_an_ensemble_its_mean(tmp_path):
    pytest.importorskip("onnx")
    models = [Model(mlp([4, 5, 3], seed=s), SoftmaxCrossEntropyLoss()) for s in range(3)]
    for model in (models[0], Ensemble(models), Ensemble([Ensemble(models[:2]), models[2]])):
        path = export_onnx(model, str(tmp_path / "m.onnx"))
        if model is models[0] or len(model.models) == 3:
            np.testing.assert_allclose(run_onnx(path, X), model.predict(X), rtol=1e-6)


class Doubled(Layer):
    """A layer of somebody else."""

    def forward(self, X, training=False):
        return 2 * X


class Shifted(ReLU):
    """A layer of the course, changed."""

    def forward(self, X, training=False):
        return super().forward(X, training) + 1


class Residual(Sequential):
    """A network that does more than its layers."""

    def forward(self, X, training=False):
        return X + super().forward(X, training)


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (Sequential(mlp([4, 4]), Doubled()), TypeError, "layer 1 is a Doubled; expected one of"),
        (Sequential(Linear(4, 4, 0), Shifted()), TypeError, "layer 1 is a Shifted"),
        (Sequential(ReLU(), Residual(Linear(4, 4, 0))), TypeError, "layer 1 is a Residual"),
        (Residual(Linear(4, 4, 0)), TypeError, "the network is a Residual"),
        (Sequential(Linear(4, 3, 0), Linear(5, 2, 0)), ValueError, "1 takes 5 rows, and 3 come"),
        (Sequential(ReLU()), ValueError, "no weights; expected a Linear"),
        ("network", TypeError, "model is a str; expected a Model"),
        (Linear(4, 4, 0), TypeError, "model is a Linear; expected a Model"),
        (
            Ensemble([Model(mlp([4, 1])), Model(mlp([3, 1]))]),
            ValueError,
            r"sizes \(n_0, n_L\) \[\(3, 1\), \(4, 1\)\]; expected one",
        ),
    ],
)
def test_what_cannot_be_translated_is_refused_and_nothing_written(model, error, message, tmp_path):
    with pytest.raises(error, match=message):
        export_onnx(model, tmp_path / "network.onnx")
    assert not list(tmp_path.iterdir())


def test_a_network_that_has_diverged_does_not_travel(tmp_path):
    network = mlp([4, 3, 1])
    network.parameters["b2"][0, 0] = np.nan
    for take in (to_torch, lambda network: export_onnx(network, tmp_path / "network.onnx")):
        with pytest.raises(ValueError, match="b of layer 2 holds 1 NaN"):
            take(network)
    assert not list(tmp_path.iterdir())


def test_an_onnx_file_is_float64_whatever_the_network_is(tmp_path):
    pytest.importorskip("onnx")
    network = mlp([4, 3, 1])
    for layer in network.layers:
        for name, array in layer.parameters.items():
            layer.parameters[name] = array.astype(np.float32)
    path = export_onnx(network, tmp_path / "network.onnx")
    np.testing.assert_allclose(run_onnx(path, X), network.forward(X), rtol=1e-5)


def test_without_a_folder_and_without_the_package(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="there is no folder .*nowhere: make it first"):
        export_onnx(mlp([4, 1]), tmp_path / "nowhere" / "network.onnx")
    with pytest.raises(IsADirectoryError, match="is a folder; expected the name of a file"):
        export_onnx(mlp([4, 1]), tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(ImportError, match="pip install onnx"):
        export_onnx(mlp([4, 1]), tmp_path / "network.onnx")


def test_names_and_shapes_are_pytorchs():
    state = to_torch(everything())
    norm = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    names = [f"0.{name}" for name in norm] + ["1.0.weight", "1.0.bias"]
    names += [f"1.1.{name}" for name in norm] + ["2.weight", "2.bias", "4.0.weight", "4.0.bias"]
    names += [f"4.1.{name}" for name in norm] + ["6.weight", "6.bias"]
    assert list(state) == names
    assert state["1.0.weight"].shape == (6, 4)
    assert state["1.0.bias"].shape == state["1.1.running_var"].shape == (6,)
    assert {array.dtype for name, array in state.items() if "num_" not in name} == {np.dtype(float)}


def test_arrays_come_back_and_are_copies():
    network, other = stirred(everything()), stirred(everything(), seed=1)
    state = to_torch(network)
    for array in state.values():
        array[...] = 0
    assert all(array.any() for array in network.parameters.values())
    from_torch(other, to_torch(network))
    assert np.array_equal(network.forward(X), other.forward(X))
    for array in other.parameters.values():
        array[...] = 0
    assert all(array.any() for array in network.parameters.values())


def torch_twin():
    """What `everything` is in PyTorch, but for the last layers that have no arrays."""
    nn = pytest.importorskip("torch").nn
    block = nn.Sequential(nn.Linear(5, 5), nn.BatchNorm1d(5, eps=0.01), nn.LeakyReLU(0.2))
    first = nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Sequential(nn.Dropout())
    )
    return nn.Sequential(
        nn.BatchNorm1d(4, momentum=1 - 0.7),
        *(first, nn.Linear(6, 5), nn.Sigmoid(), block, nn.Identity(), nn.Linear(5, 3)),
        *(nn.Tanh(), nn.Softmax(dim=1)),
    ).double()


def test_pytorch_predicts_the_same_and_back():
    torch = pytest.importorskip("torch")
    network, module = stirred(everything()), torch_twin().eval()
    state = {name: torch.from_numpy(array) for name, array in to_torch(network).items()}
    module.load_state_dict(state)  # strict: no name too many or too few
    rows = torch.from_numpy(X.T.copy())
    with torch.no_grad():
        np.testing.assert_allclose(module(rows).numpy().T, network.forward(X), rtol=1e-12)
    torch.manual_seed(0)
    other = torch_twin()
    other(rows)  # in training: the running statistics move
    back = everything()
    from_torch(back, other.state_dict())
    with torch.no_grad():
        np.testing.assert_allclose(back.forward(X), other.eval()(rows).numpy().T, rtol=1e-12)
    from_torch(back, other.float().state_dict())
    assert back.parameters["W1"].dtype == np.float64


def test_a_batch_moves_the_running_statistics_of_both_alike():
    torch = pytest.importorskip("torch")
    ours, theirs = stirred(everything()), torch_twin()
    state = {name: torch.from_numpy(array) for name, array in to_torch(ours).items()}
    theirs.load_state_dict(state)
    ours.layers[0].forward(X, training=True)
    theirs[0](torch.from_numpy(X.T.copy()))  # momentum 0.7 here is 0.3 there
    for name in ("running_mean", "running_var"):
        moved = theirs.state_dict()[f"0.{name}"].numpy()
        np.testing.assert_allclose(to_torch(ours)[f"0.{name}"], moved, rtol=1e-12)
        assert not np.allclose(state[f"0.{name}"].numpy(), moved)


def test_a_state_dict_of_another_network_is_refused_whole():
    network = stirred(everything())
    before, good = network.state(), to_torch(stirred(everything(), seed=1))
    bad = {
        "missing 6.bias, unknown none": {k: v for k, v in good.items() if k != "6.bias"},
        "unknown 7.weight": good | {"7.weight": np.ones(3)},
        r"'6.bias'\] has the shape \(2,\); expected \(3,\)": good | {"6.bias": np.ones(2)},
        r"'6.weight'\] has the shape \(5, 3\)": good | {"6.weight": good["6.weight"].T},
        r"'4.1.running_var'\] goes down to -1; expected 0": good
        | {"4.1.running_var": np.array([1.0, -1.0, 2.0, 1.0, 1.0])},
        r"'6.bias'\] holds 1 NaN": good | {"6.bias": np.array([1.0, np.nan, 2.0])},
    }
    for message, state in bad.items():
        with pytest.raises(ValueError, match=message):
            from_torch(network, state)
    with pytest.raises(TypeError, match="state_dict is a list; expected a dict"):
        from_torch(network, list(good))
    with pytest.raises(TypeError, match="network is a Model; expected a Sequential: model.network"):
        from_torch(Model(network), good)
    with pytest.raises(TypeError, match="the network is a Residual"):
        to_torch(Residual(Linear(4, 4, 0)))
    assert all(np.array_equal(before[name], array) for name, array in network.state().items())


def test_a_tensor_that_is_no_array_is_refused():
    torch = pytest.importorskip("torch")
    network = mlp([4, 1])
    learning = dict(copy.deepcopy(torch.nn.Sequential(torch.nn.Linear(4, 1))).named_parameters())
    with pytest.raises(TypeError, match=r"'0.weight'\] is no NumPy array.*state_dict\(\) returns"):
        from_torch(network, learning)
    for kind, works in {torch.float16: True, torch.bfloat16: False}.items():
        state = torch.nn.Sequential(torch.nn.Linear(4, 1)).to(kind).state_dict()
        if works:
            from_torch(network, state)
            assert np.array_equal(network.parameters["W1"], state["0.weight"].double().numpy())
        else:
            with pytest.raises(TypeError, match=r"give what module.cpu\(\).double\(\)"):
                from_torch(network, state)
