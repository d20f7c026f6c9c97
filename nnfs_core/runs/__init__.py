"""Experiments from a configuration file: trained, kept in a folder of their own, compared.

Written by hand: how records are kept is not the lesson. A module is loaded when one of its names is
asked for, so that `python -m nnfs_core --help` answers at once.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "config": ["ExperimentConfig", "load_config"],
        "running": ["run_experiment"],
        "folder": ["Run", "load_run"],
        "comparing": ["compare_runs"],
    },
)
