"""What tells one training from another, and the guards of a state that a training goes on from.

Written by hand, like the guards: the lesson of stage 9 is what such a state holds.
"""

import copy
import hashlib
import math

import numpy as np

from nnfs_core.validation import describe, guard_state

GROUPS = ("network", "best", "moments")  # an array's name is that of its group, /, and its own
_AFTER = "expected one of this very training: a training of its own begins without state"
_PLACES = (0.0, 0.25, 0.5, 0.75, 0.99)  # where a schedule is looked at: lambdas have no name


def fingerprint(*pairs) -> str:
    """Return the SHA-256 of samples, pairs (X, Y) or None: kinds, shapes and values."""
    digest = hashlib.sha256()
    for place, pair in enumerate(pairs):
        for array in pair or ():
            digest.update(f"{place} {array.dtype.str} {array.shape} ".encode())
            digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def _inside(value, seen):
    """Yield the layers, losses and generators in a value, each once, the outer before the inner."""
    if id(value) in seen:
        return
    seen.add(id(value))
    inner = ()
    if isinstance(value, np.random.Generator):
        yield value
    elif isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, list | tuple):
        inner = value
    elif hasattr(value, "forward") and hasattr(value, "backward"):
        yield value
        inner = (vars(value),)
    for part in inner:
        yield from _inside(part, seen)


def generators(solver) -> list[np.random.Generator]:
    """Return the generators that layers, loss and optimizer draw from, a shared one once."""
    seen = set()
    found = [*_inside(solver.model, seen), *_inside(vars(solver.optimizer), seen)]
    return [part for part in found if isinstance(part, np.random.Generator)]


def generator_state(generator) -> dict:
    """Return where a generator is, in what JSON holds."""

    def plain(value):
        if isinstance(value, dict):
            return {name: plain(inner) for name, inner in value.items()}
        return value.tolist() if isinstance(value, np.ndarray | np.generic) else value

    return plain(generator.bit_generator.state)


def _settings(part) -> str:
    """Return the class of a part, its settings and the shapes of its arrays."""
    told = []
    for name, value in vars(part).items():
        if name in ("parameters", "buffers") and isinstance(value, dict):
            told += [f"{own} {array.shape}" for own, array in value.items()]
            continue
        value = list(value) if isinstance(value, list | tuple) else [value]
        value = [one.item() if isinstance(one, np.generic) else one for one in value]
        numbers = all(one is None or isinstance(one, bool | int | float | str) for one in value)
        if numbers and name[0] != "_" and name not in ("network", "steps", "memory"):
            told.append(f"{name}={', '.join(map(repr, value))}")
    return f"{type(part).__name__}({'; '.join(told)})"


def training_facts(solver, settings, samples) -> dict:
    """Return what has to be the same where a training goes on, in what JSON holds.

    settings: what fit was given, by name. samples: their fingerprint.
    """
    metric, clip_norm = solver.metric, solver.clip_norm
    parts = [part for part in _inside(solver.model, set()) if hasattr(part, "forward")]
    return {
        **{name: value if value is None else int(value) for name, value in settings.items()},
        "samples": samples,
        "model": [_settings(part) for part in parts],
        "optimizer": _settings(solver.optimizer),
        "schedule": [f"{float(solver.schedule(place)):.9g}" for place in _PLACES],
        "clip_norm": clip_norm if clip_norm is None else float(clip_norm),
        "metric": None if metric is None else getattr(metric, "__name__", type(metric).__name__),
    }


def guard_callback(callback):
    """Refuse what cannot be called."""
    if callback is not None and not callable(callback):
        expected = "a function of (history, take), or None"
        raise TypeError(f"callback is {describe(callback)}; expected {expected}")


def guard_moments(optimizer, moments):
    """Refuse moments that are no arrays of floats, one entry a parameter."""
    for name, array in moments.items():
        if type(array) is not np.ndarray or array.dtype.kind != "f" or array.ndim != 1:
            expected = "an array of floats with an entry for each parameter, as g has"
            raise ValueError(f"{optimizer!r}: moment {name} is {describe(array)}; {expected}")


def _guard_same_moments(moments, optimizer, network):
    """Refuse moments that are not, by name, size and kind, those that an optimizer makes."""
    guard_moments(optimizer, moments)
    count = sum(array.size for array in network.parameters.values())
    for name, array in moments.items():
        if array.size != count:
            raise ValueError(
                f"the state's moment {name} has {array.size} entries; expected {count}"
            )
    trial = copy.copy(optimizer)
    trial.network, trial.steps, trial.moments = None, 1, {}
    trial = copy.deepcopy(trial)  # its generator, too, stays as it is
    try:
        trial.direction(np.zeros(count))
    except NotImplementedError:  # it steps another way
        return
    made, given = (
        {name: array.dtype.name for name, array in one.items()} for one in (trial.moments, moments)
    )
    if made != given:
        raise ValueError(f"the state has the moments {given}; {optimizer!r} expected {made}")


def _guard_same(given, expected):
    """Refuse facts of another training, with the first that differs."""
    if not isinstance(given, dict):
        raise ValueError(f"the state says nothing of its training; {_AFTER}")
    for name, value in expected.items():
        other = given.get(name)
        if other == value:
            continue
        if name == "samples":
            raise ValueError(f"the state is of a training on other samples; {_AFTER}")
        if name == "model" and isinstance(other, list):
            rows = [(a, b) for a, b in zip(other, value, strict=False) if a != b]
            other, value = rows[0] if rows else (f"{len(other)} parts", f"{len(value)} parts")
        raise ValueError(
            f"the state is of a training with {name} {other}, this has {value}; {_AFTER}"
        )


def _guard_history(given, epochs, validated, measured):
    """Return lists of the history; refuse all but finite numbers, as many in each as it should."""
    lists = given if isinstance(given, dict) else {}
    first = lists.get("train_loss")
    length = len(first) if isinstance(first, list) else 0
    wanted_lists = {
        "train_loss": True,
        "validation_loss": validated,
        "train_metric": measured,
        "validation_metric": validated and measured,
    }
    for name, wanted in wanted_lists.items():
        values = lists.get(name)
        fits = isinstance(values, list) and len(values) == (length if wanted else 0)
        if not fits or not all(type(one) is float and math.isfinite(one) for one in values):
            expected = f"{length if wanted else 'no'} finite numbers"
            raise ValueError(f"the state's history has no right {name}; expected {expected}")
    if not 1 < length <= epochs + 1:
        expected = f"1 to {epochs}"
        raise ValueError(
            f"the state's history has {max(length - 1, 0)} epochs; expected {expected}"
        )
    return {name: list(lists[name]) for name in wanted_lists}


def _guard_generators(given, own):
    """Refuse all but a state for each generator, of its kind."""
    if not isinstance(given, list) or len(given) != len(own):
        many = len(given) if isinstance(given, list) else "no"
        raise ValueError(f"the state has {many} generators; expected {len(own)}: {_AFTER}")
    for state, generator in zip(given, own, strict=True):
        trial = copy.deepcopy(generator)
        try:
            trial.bit_generator.state = state
            fits = generator_state(trial) == state
        except Exception:  # NumPy raises many kinds
            fits = False
        if not fits:
            kind = type(generator.bit_generator).__name__
            raise ValueError(f"the state of a generator does not fit; expected one of {kind}")


def guard_training_state(state, solver, training, own, validated):
    """Return arrays by group, and lists of the history; refuse a state of another training.

    training: what training_facts returns for this one. own: its generators. validated: whether it
    has validation samples. Nothing is changed.
    """
    arrays, facts = getattr(state, "arrays", None), getattr(state, "facts", None)
    if not isinstance(arrays, dict) or not isinstance(facts, dict):
        expected = "the TrainingState of a callback's take(), or of load_checkpoint"
        raise TypeError(f"state is {describe(state)}; expected {expected}")
    _guard_same(facts.get("training"), training)
    groups = {group: {} for group in GROUPS}
    for name, array in arrays.items():
        group, _, rest = name.partition("/")
        if group not in groups:
            raise ValueError(f"the state has an array {name!r}; expected names of {GROUPS}")
        groups[group][rest] = array
    network = solver.model.network
    for group in ("network", "best"):
        guard_state(groups[group], {**network.parameters, **network.buffers})
    _guard_same_moments(groups["moments"], solver.optimizer, network)
    steps = facts.get("steps")
    if type(steps) is not int or steps < 0:
        raise ValueError(f"the state's steps are {steps!r}; expected a whole number")
    _guard_generators(facts.get("generators"), own)
    measured = solver.metric is not None
    history = _guard_history(facts.get("history"), training["epochs"], validated, measured)
    return groups, history
