"""What a run has learnt: from raw features to predictions, and to arrays that a file can hold."""

from nnfs_core.layers import Model, Sequential
from nnfs_core.runs.building import build_network, guard_size
from nnfs_core.runs.encoding import Inputs, Targets
from nnfs_core.validation import Array, Arrays


class Predictor:
    """Fitted inputs and targets, and the networks whose predictions are averaged."""

    def __init__(self, inputs: Inputs, targets: Targets, networks: list[Sequential]):
        self.inputs, self.targets, self.networks = inputs, targets, networks

    def predict(self, X: Array) -> Array:
        """Return predictions for raw samples X (n, m): numbers (1, m) or probabilities (K, m)."""
        E = self.inputs.transform(X)
        return self.targets.predict([Model(network).predict(E) for network in self.networks])

    def arrays(self) -> Arrays:
        """Return all that was learnt, by names that a checkpoint takes."""
        found = {f"inputs/{name}": array for name, array in self.inputs.arrays.items()}
        found["targets/ends"] = self.targets.ends
        for place, network in enumerate(self.networks):
            found |= {f"network/{place}/{name}": a for name, a in network.state().items()}
        return found


def restore(config, arrays: Arrays, features: list[str], classes: list[str]) -> Predictor:
    """Return the predictor of these arrays; config: that of its run.

    Raises ValueError if they are not those of such a run.
    """
    inputs = Inputs(config.data.encoding, _under("inputs", arrays))
    ends = _under("targets", arrays).get("ends")
    if ends is None or ends.shape != (2,):
        raise ValueError("it does not say how targets were scaled")
    inputs.guard(len(features))
    guard_size(config.network, inputs, len(features), len(classes) or 1)
    targets = Targets(classes, config.network.output, ends)
    networks = []
    for place in range(config.training.networks):
        network = build_network(config.network, inputs.rows(len(features)), len(classes) or 1, 0)
        network.load_state(_under(f"network/{place}", arrays))
        networks.append(network)
    return Predictor(inputs, targets, networks)


def _under(start, arrays):
    """Return the arrays whose names begin with this, by the rest of their names."""
    start += "/"
    return {name.removeprefix(start): a for name, a in arrays.items() if name.startswith(start)}
