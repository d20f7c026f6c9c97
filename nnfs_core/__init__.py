"""A neural network from scratch in NumPy: what the notebooks built, one module a stage.

Generated from notebooks/ by `make export`: edit the notebooks, not this file.
"""

import warnings

# In reading order.
# isort: off

from nnfs_core.preprocessing import (
    TARGET,
    FEATURES,
    load_tracks,
    extract_year,
    clean_tracks,
    Dataset,
    prepare_dataset,
    scoreboard,
    download_tracks,
)
from nnfs_core.initialization import initialize_parameters
from nnfs_core.activation import relu, drelu
from nnfs_core.forward_pass import feed_forward
from nnfs_core.backpropagation import (
    mse_loss,
    l2_loss,
    backpropagate,
    numerical_gradients,
    gradient_error,
)
from nnfs_core.training_loop import update_parameters, TrainingResult, train, predict
from nnfs_core.layers import (
    Layer,
    ReLU,
    Linear,
    LeakyReLU,
    Sigmoid,
    Tanh,
    Identity,
    MSELoss,
    Sequential,
    check_gradients,
)
from nnfs_core.pure_python import (
    neuron,
    layer_by_loops,
    initialize_by_loops,
    forward_by_loops,
    mse_by_loops,
    backward_by_loops,
    update_by_loops,
    train_by_loops,
)

__all__ = [
    "TARGET",
    "FEATURES",
    "load_tracks",
    "extract_year",
    "clean_tracks",
    "Dataset",
    "prepare_dataset",
    "scoreboard",
    "download_tracks",
    "initialize_parameters",
    "relu",
    "drelu",
    "feed_forward",
    "mse_loss",
    "l2_loss",
    "backpropagate",
    "numerical_gradients",
    "gradient_error",
    "update_parameters",
    "TrainingResult",
    "train",
    "predict",
    "Layer",
    "ReLU",
    "Linear",
    "LeakyReLU",
    "Sigmoid",
    "Tanh",
    "Identity",
    "MSELoss",
    "Sequential",
    "check_gradients",
    "neuron",
    "layer_by_loops",
    "initialize_by_loops",
    "forward_by_loops",
    "mse_by_loops",
    "backward_by_loops",
    "update_by_loops",
    "train_by_loops",
]

# `python -m nnfs_core.layers` would warn that this file has imported that module already.
warnings.filterwarnings("ignore", "'nnfs_core.* found in sys.modules", RuntimeWarning)
