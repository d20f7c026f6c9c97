"""Judges of the bug zoo."""

import numpy as np

from nnfs_course.judge import Wrong, called, exercise

_CAUSES = {1: "F", 2: "E", 3: "K", 4: "A", 5: "H", 6: "J", 7: "N", 8: "D", 9: "I", 10: "L"}
_CAUSES[11] = "O"
_LETTERS = "ABCDEFGHIJKLMNOP"
_NEXT = {
    1: "the gradient check says whether the direction of a step is right: what else has a step?",
    2: 'run the "gradient check", and compare its errors with 10 and with 20 samples',
    3: 'run "shapes and dtypes", and compare the ranges of Y and of A at the start',
    4: 'run "zeros by layer", and look at the last layer before training',
    5: 'the gradient is not 0 at the end: look with "shapes and dtypes" at what it is taken from',
    6: 'run the "gradient check", and read it from the last layer to the first',
    7: 'run "shapes and dtypes": what is the shape of A - Y?',
    8: 'run "the split", and look at the batches',
    9: 'run "the split": what happens if the test targets are shuffled before anything else?',
    10: 'run "the split": where does the loss rise, and which decision lies before that?',
    11: 'run "one at a time": what differs between the test and the web page?',
}
_AGAINST = {
    (1, "B"): "with a wrong sign the gradient check would give an error of 1",
    (1, "C"): "they do, and with one layer that does no harm: each weight has its own feature",
    (1, "E"): "the gradient check passes: it is a mean",
    (1, "G"): "steps that are too short would let the loss fall slowly, and it rises",
    (2, "A"): "the output is dead in the end, but not at the start: what killed it?",
    (2, "F"): "on 10 tracks this learning rate works: what grows with the number of tracks?",
    (2, "J"): "then the error would differ from array to array, and here it is the same in all",
    (3, "A"): "nearly all units are dead in the end, and only one at the start: what killed them?",
    (
        3,
        "F",
    ): "a tenth of it helps, but 0.1 was no problem in stage 6: what makes steps longer here?",
    (3, "C"): 'the weights of W1 are far apart at the start: see "shapes and dtypes"',
    (4, "F"): "the trouble is there before the first step",
    (4, "K"): "both targets lie in [0, 1]",
    (5, "A"): "the last gradient is not 0, so something is still alive",
    (5, "F"): "a step that is too long changes the parameters: do these still change?",
    (5, "G"): "short steps add up, and here nothing adds up: where do they go?",
    (6, "B"): "a wrong sign gives an error of 1",
    (6, "E"): "then all arrays would be wrong, the last layer's too, and each by 0.8182",
    (6, "G"): "the gradient itself is wrong: measure it",
    (7, "C"): "they do, and with one layer that does no harm: each weight has its own feature",
    (7, "I"): "it is the training loss that is too good, and the test set has no part in that",
    (7, "M"): "it is the training loss that is too good, and the test set has no part in that",
    (8, "F"): "with mixed batches of the same size this learning rate gives a smooth curve",
    (8, "J"): "the gradient check passes",
    (9, "L"): "nobody chose here: one network was trained, once",
    (9, "M"): "no track is in two parts: it is not the tracks that got across",
    (10, "I"): "the preparation looks at the training tracks alone: what happens after it?",
    (10, "M"): "no track is in two parts",
    (11, "A"): "the same network, with the same weights, tells the test tracks apart",
    (11, "I"): "later tracks are predicted as well as test tracks: nothing has leaked",
    (11, "K"): "then the test loss would be bad, too",
    (11, "L"): "later tracks are predicted as well as test tracks",
    (11, "M"): "no track is in two parts",
    (11, "P"): "then a track would get the same number alone as among others",
}


@exercise
def exhibit(number, cause):
    """The cause of an exhibit, a letter of the list of suspects."""
    if number not in _CAUSES:
        raise Wrong(f"there is no exhibit {number!r}: there are 1 to {len(_CAUSES)}")
    if not isinstance(cause, str) or cause.strip().upper() not in list(_LETTERS):
        raise Wrong(f"expected a letter of the list, from A to {_LETTERS[-1]}, in quotes")
    letter = cause.strip().upper()
    if letter != _CAUSES[number]:
        raise Wrong(f"not {letter}: {_AGAINST.get((number, letter), _NEXT[number])}")
    return "Unfold cause and cure below"


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


_SYMPTOMS = {
    **{"Ada": 2, "Ben": 7, "Cleo": 4, "Dan": 5, "Eve": 6},
    **{"Finn": 1, "Gia": 3, "Hal": 8, "Ida": 9, "Jo": 10},
}
_LOOK = {
    "Ada": "the error of the check depends on the number of samples alone: compute it for 20",
    "Ben": "nothing linear gets below least squares: the loss is that of something else",
    "Cleo": "one output is 0 for all samples: what would its gradient be?",
    "Dan": "there is a gradient, and the step gets lost on its way into the parameters",
    "Eve": "the error comes in between the last layer and the one before: what happens there?",
    "Finn": "the gradient is right, and the loss grows by a constant factor: how long is a step?",
    "Gia": "how large is the first A - Y, if a song takes 200,000 milliseconds?",
    "Hal": "what the order of the file changes is who shares a batch with whom",
    "Ida": "shuffled targets cannot be predicted: who told the answers?",
    "Jo": "the lowest of thirty numbers is low by luck, too: lowest on which samples?",
}


@exercise
def diagnoses(diagnoses):
    """Ten symptoms, and the exhibit that each belongs to."""
    if not isinstance(diagnoses, dict) or diagnoses.keys() != _SYMPTOMS.keys():
        raise Wrong(f"expected a dict with the keys {', '.join(_SYMPTOMS)}")
    if any(number is ... for number in diagnoses.values()):
        raise NotImplementedError
    if any(not isinstance(number, int) for number in diagnoses.values()):
        raise Wrong("numbers from 1 to 10, please, without quotes")
    for one, other, question in [
        ("Cleo", "Dan", "whose gradient is 0 for the part that does not move?"),
        ("Ida", "Jo", "who of them shuffled the test targets and still predicts them?"),
    ]:
        if (diagnoses[one], diagnoses[other]) == (_SYMPTOMS[other], _SYMPTOMS[one]):
            raise Wrong(f"{one} and {other} are swapped: {question}")
    wrong = [name for name, number in _SYMPTOMS.items() if diagnoses[name] != number]
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


@exercise
def last_patient(last_patient):
    """The two causes of the last patient, as letters of the list of suspects."""
    if not isinstance(last_patient, set | list | tuple):
        raise Wrong(f"expected two letters, as {{'A', 'B'}}, got {type(last_patient).__name__}")
    if any(letter is ... for letter in last_patient):
        raise NotImplementedError
    letters = {str(letter).strip().upper() for letter in last_patient}
    if not letters <= set(_LETTERS):
        raise Wrong(f"expected letters of the list, from A to {_LETTERS[-1]}, each in quotes")
    if len(letters) != 2:
        raise Wrong(f"expected two letters, got {len(letters)}: there are two bugs")
    found = letters & {"D", "J"}
    if not found:
        raise Wrong("neither of the two: does the gradient check pass? And who shares a batch?")
    if found == {"D"}:
        raise Wrong("one of the two. It explains the jumps, but does the gradient check pass?")
    if found == {"J"}:
        raise Wrong("one of the two. A wrong gradient does not make the loss jump: what does?")
