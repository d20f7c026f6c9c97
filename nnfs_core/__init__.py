"""A neural network from scratch in NumPy: what the notebooks built, one module a stage.

A module is loaded when one of its names is asked for, so that the network needs NumPy alone.
Generated from notebooks/ by `make export`: edit the notebooks, not this file.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "validation",
        "files",
        "screen",
        "tracks",
        "preprocessing",
        "initialization",
        "activation",
        "forward_pass",
        "backpropagation",
        "training_loop",
        "layers",
        "pure_python",
        "solver",
        "generalization",
    ],
    submod_attrs={
        "tracks": ["scoreboard", "download_tracks", "guard_tracks"],
        "preprocessing": [
            "TARGET",
            "FEATURES",
            "load_tracks",
            "extract_year",
            "clean_tracks",
            "Dataset",
            "prepare_dataset",
        ],
        "initialization": ["initialize_parameters"],
        "activation": ["relu", "drelu"],
        "forward_pass": ["feed_forward"],
        "backpropagation": [
            "mse_loss",
            "l2_loss",
            "backpropagate",
            "central_differences",
            "numerical_gradients",
            "gradient_error",
        ],
        "training_loop": ["update_parameters", "TrainingResult", "train", "predict"],
        "layers": [
            "Part",
            "Layer",
            "ReLU",
            "Linear",
            "LeakyReLU",
            "Sigmoid",
            "Tanh",
            "Identity",
            "Loss",
            "MSELoss",
            "Sequential",
            "Model",
            "mlp",
            "check_gradients",
        ],
        "solver": [
            "minibatches",
            "Optimizer",
            "SGD",
            "Momentum",
            "Adam",
            "AdamW",
            "constant",
            "exponential_decay",
            "cosine",
            "clip_gradients",
            "History",
            "Solver",
        ],
        "generalization": ["PiecewiseLinear", "Dropout", "Ensemble"],
    },
)
