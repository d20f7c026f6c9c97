"""Judges of the bug zoo."""

import numpy as np

from nnfs_course.judge import Wrong, called, exercise


@exercise
def whole_numbers(whole_numbers):
    """The keys of the arrays that cannot hold a fraction."""
    parameters = {
        "W1": np.array([[0.5, -1.5]]),
        "b1": np.zeros((1, 1)),  # whole, but floats
        "W2": np.array([[1, 2]]),
        "b2": np.array([[3]], np.int32),
        "W3": np.array([[0.5]], np.float32),
        "b3": np.array([[True]]),
        "W4": np.array([[7]], np.uint8),
        "b4": np.array([[0.5]], np.float16),
    }
    cut, found = {"W2", "b2", "b3", "W4"}, called(whole_numbers, parameters)
    if isinstance(found, bool) or not isinstance(found, list | set | tuple):
        raise Wrong(f"expected a list of keys, got {type(found).__name__}")
    if not all(isinstance(key, str) for key in found):
        raise Wrong("a list of keys, please, not of arrays")
    found = set(found)
    if not found:
        raise Wrong("it finds none: the type of the numbers is in array.dtype")
    if unknown := found - set(parameters):
        raise Wrong(f"{unknown.pop()!r} is no key of the parameters")
    if found == {*cut, "b1"}:
        raise Wrong("b1 holds whole numbers, but its dtype can hold a fraction: look at the dtype")
    if found == set(parameters) - cut:
        raise Wrong("the other way round: those are the arrays that can hold a fraction")
    if found == {"W2"}:
        raise Wrong("there is more than one dtype of whole numbers: look at dtype.kind")
    if found in ({"W2", "b2"}, {"W2", "b2", "W4"}):
        raise Wrong("True and False are no fractions either: which kinds of dtype are floats?")
    if found & {"W3", "b4"}:
        raise Wrong("float32 holds fractions, too")
    if found != cut:
        raise Wrong(f"{len(found & cut)} of {len(cut)} found, {len(found - cut)} too many")


_SYMPTOMS = {"A": 2, "B": 7, "C": 4, "D": 5, "E": 6, "F": 1}
_LOOK = {
    "A": "the error of the check depends on the number of samples alone: compute it for 20",
    "B": "nothing linear gets below least squares: the loss is that of something else",
    "C": "no gradient gets through at all: what stands in its way?",
    "D": "there is a gradient, and the step gets lost on its way into the parameters",
    "E": "the error comes in between the last layer and the one before: what happens there?",
    "F": "the gradient is right, and the loss grows by a constant factor: how long is a step?",
}


@exercise
def diagnoses(diagnoses):
    """Six symptoms, and the exhibit that each belongs to."""
    if not isinstance(diagnoses, dict) or diagnoses.keys() != _SYMPTOMS.keys():
        raise Wrong(f"expected a dict with the keys {', '.join(_SYMPTOMS)}")
    if any(number is ... for number in diagnoses.values()):
        raise NotImplementedError
    if any(not isinstance(number, int) for number in diagnoses.values()):
        raise Wrong("numbers from 1 to 10, please, without quotes")
    if (diagnoses["C"], diagnoses["D"]) == (_SYMPTOMS["D"], _SYMPTOMS["C"]):
        raise Wrong("C and D are flat for different reasons: in which of them is the gradient 0?")
    wrong = [letter for letter, number in _SYMPTOMS.items() if diagnoses[letter] != number]
    if wrong:
        right = len(_SYMPTOMS) - len(wrong)
        raise Wrong(f"{right} of {len(_SYMPTOMS)} right. {wrong[0]}: {_LOOK[wrong[0]]}")


@exercise
def uses_the_test_set(uses_the_test_set):
    """Whether a preparation's training set depends on the test set."""
    rng = np.random.default_rng(0)
    train, test = rng.uniform(0, 1, (3, 8)), rng.uniform(0.2, 0.8, (3, 4))

    def scaled_by(statistic):
        def prepare(train, test):
            return train - statistic(train, test), test - statistic(train, test)

        return prepare

    def joined(train, test):
        return np.hstack([train, test])

    def standardized(train, test):
        mean, deviation = train.mean(1, keepdims=True), train.std(1, keepdims=True)
        return (train - mean) / deviation, (test - mean) / deviation

    honest = [standardized, scaled_by(lambda train, test: train.min(1, keepdims=True))]
    leaks = {
        "mean": scaled_by(lambda train, test: joined(train, test).mean(1, keepdims=True)),
        "maximum": scaled_by(lambda train, test: joined(train, test).max(1, keepdims=True)),
        "minimum": scaled_by(lambda train, test: joined(train, test).min(1, keepdims=True)),
    }
    accused = [called(uses_the_test_set, prepare, train, test) for prepare in honest]
    said = accused[0]
    if not isinstance(said, bool | np.bool_):
        raise Wrong(
            f"expected True or False, got {type(said).__name__}: is .all() or .any() missing?"
        )
    missed = [name for name in leaks if not called(uses_the_test_set, leaks[name], train, test)]
    if all(accused) and len(missed) == len(leaks):
        raise Wrong("the other way round: True means that there is a leak")
    if any(accused):
        raise Wrong("it accuses an honest scaler: the scaled test set may change. What may not?")
    if missed == list(leaks):
        raise Wrong("it finds no leak: the test set has to change between the two calls")
    if missed == ["maximum", "minimum"]:
        raise Wrong(
            "a leak through the extremes is missed: change the test set beyond the training set"
        )
    if missed:
        raise Wrong(f"a leak through the {missed[0]} is missed: change the test set to both sides")
