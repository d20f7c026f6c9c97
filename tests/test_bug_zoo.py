"""Each patient of the zoo has its bug and no other, the instruments tell, and cures cure."""

import inspect

import matplotlib
import numpy as np
import pytest

from nnfs_core import central_differences, clean_tracks, gradient_error, load_tracks
from nnfs_course import instruments, patients
from nnfs_course.exercises import bug_zoo as judge

matplotlib.use("agg")
NUMBERS = range(1, 12)
WRONG_GRADIENT = {"Patient2", "Patient6", "LastPatient"}
KINDS = [getattr(patients, f"Patient{number}") for number in NUMBERS] + [patients.LastPatient]


@pytest.fixture(scope="module")
def tracks():
    some = clean_tracks(load_tracks()).sample(800, random_state=0).reset_index(drop=True)
    some["playlist"] = np.arange(800) % 200
    return some


def told(capsys, patient, instrument):
    instruments.examine(patient, instrument)
    return capsys.readouterr().out


def errors(network):
    """Error of each gradient on 20 samples."""
    X, Y = network.only(20).parts["training"]
    network.parameters = {key: array.astype(float) for key, array in network.parameters.items()}
    gradients = network.gradients(X, Y)
    return {
        key: gradient_error(
            {key: gradients[f"d{key}"]},
            {key: central_differences(lambda: network.loss(X, Y), array)},
        )
        for key, array in network.parameters.items()
    }


@pytest.mark.parametrize("kind", [patients.Network, patients.Toy, *KINDS])
def test_gradients_are_wrong_where_they_are_the_bug_and_nowhere_else(tracks, kind):
    if kind is patients.Patient7:
        network = kind(tracks)
        gradients = network.gradients(*network.parts["training"])
        assert gradients["dW1"].shape == (200, network.parameters["W1"].shape[1])
    else:
        assert (max(errors(kind(tracks)).values()) > 1e-6) == (kind.__name__ in WRONG_GRADIENT)


def test_a_missing_mean_and_a_wrong_mask_have_their_fingerprints(tracks):
    assert all(abs(error - 19 / 21) < 1e-6 for error in errors(patients.Patient2(tracks)).values())
    found = errors(patients.Patient6(tracks))
    assert {key for key, error in found.items() if error > 0.1} == {"W1", "b1", "W2", "b2"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_code_of_a_patient_is_short_and_does_not_confess(kind):
    source = inspect.getsource(kind)
    assert sum(bool(line.strip()) for line in source.splitlines()) <= 26
    assert not any(word in source.lower() for word in ("bug", "wrong", "sick", "mistake"))


@pytest.mark.parametrize("name", instruments.INSTRUMENTS)
def test_every_instrument_answers_for_every_patient_and_leaves_it_as_it_was(
    tracks, capsys, monkeypatch, name
):
    monkeypatch.setattr(patients.Patient10, "splits", 2)
    monkeypatch.setattr(instruments.plt, "show", lambda: instruments.plt.close())
    for kind in KINDS:
        patient = kind(tracks)
        before = {key: array.copy() for key, array in patient.parameters.items()}
        said = told(capsys, patient, name)
        assert said
        assert told(capsys, patient, name) == said
        assert all(np.array_equal(before[key], patient.parameters[key]) for key in before)


def test_an_unknown_instrument_is_refused_with_those_that_exist(tracks):
    with pytest.raises(ValueError, match="no instrument 'x-ray'; expected one of \"loss curve\""):
        instruments.examine(patients.Network(tracks), "x-ray")


@pytest.mark.parametrize(
    ("kind", "instrument", "sign"),
    [
        (patients.Patient2, "gradient check", "0.8182        0.9048"),
        (patients.Patient3, "shapes and dtypes", "0 to 79"),
        (patients.Patient5, "shapes and dtypes", "int64"),
        (patients.Patient7, "shapes and dtypes", "A - Y          (200, 200)"),
        (patients.Patient8, "the split", "of the 50 samples of a batch, 50 meet again"),
        (patients.LastPatient, "the split", "of the 50 samples of a batch, 50 meet again"),
        (patients.Patient11, "one at a time", "the furthest apart: 0."),
    ],
)
def test_the_telling_instrument_tells(tracks, capsys, kind, instrument, sign):
    assert sign in told(capsys, kind(tracks), instrument)
    assert sign not in told(capsys, patients.Network(tracks), instrument)


def test_shuffled_test_targets_are_predicted_by_the_leak_alone(tracks):
    found = {}
    for kind in (patients.Patient9, patients.Patient3, patients.Patient8, patients.Network):
        found[kind.__name__] = instruments._shuffled(kind(tracks))
    assert found.pop("Patient9") > 0.3
    assert max(map(abs, found.values())) < 0.2


def test_alone_each_track_gets_the_same_number_from_patient_11_and_from_no_other(tracks):
    for kind in (patients.Patient11, patients.Normalized, patients.Network):
        network = kind(tracks)
        network.train()
        X, Y = network.parts["test"]
        together = network.forward(X)[0]
        alone = np.hstack([network.forward(X[:, k : k + 1])[0] for k in range(X.shape[1])])
        sick = kind is patients.Patient11
        assert (np.ptp(alone) < 1e-9) == sick
        assert np.allclose(together, alone) == (not sick)
        assert network.loss(X, Y) < Y.var() / 2  # all at once either is better than one number


def test_gradients_of_a_network_with_batch_normalization(tracks):
    class Training(patients.Normalized):
        def forward(self, X, training=True):
            return super().forward(X, True)

    assert max(errors(Training(tracks)).values()) < 1e-6
    predicting = patients.Normalized(tracks)
    before = [[array.copy() for array in pair] for pair in predicting.running]
    predicting.forward(predicting.parts["test"][0])
    assert all(map(np.array_equal, sum(before, []), sum(predicting.running, [])))


def test_one_output_of_patient_4_is_dead_for_some_seeds(tracks):
    X = patients.Patient4(tracks).parts["training"][0]
    dead = [
        (~patients.Patient4(tracks, seed).forward(X)[0].any(axis=1)).sum() for seed in range(20)
    ]
    assert 1 in dead
    assert 0 in dead


@pytest.mark.parametrize("number", NUMBERS)
def test_one_suspect_is_the_cause_and_the_others_hear_why_not(number):
    said = {letter: judge.exhibit(number, letter) for letter in "ABCDEFGHIJKLMNOP"}
    assert [verdict.right for verdict in said.values()].count(True) == 1
    assert all(v.right or v.message.startswith(f"not {k}: ") for k, v in said.items())
    assert repr(judge.exhibit(number, ...)) == "exhibit: not attempted yet"


def test_each_cause_is_that_of_one_exhibit():
    found = {
        letter
        for number in NUMBERS
        for letter in "ABCDEFGHIJKLMNOP"
        if judge.exhibit(number, letter.lower()).right
    }
    assert found == set("ADEFHIJKLNO")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((12, "A"), "there is no exhibit 12: there are 1 to 11"),
        ((1, 6), "expected a letter of the list, from A to P, in quotes"),
        ((1, "Z"), "expected a letter of the list, from A to P, in quotes"),
        ((3, "F"), "not F: a tenth of it helps, but 0.1 was no problem in stage 6: what makes"),
    ],
)
def test_what_the_judge_of_an_exhibit_says(answer, message):
    assert judge.exhibit(*answer).message.startswith(message)
