"""Judges tell small changes of a right answer from it; a judge that does not is named."""

import random
import time

import pytest

from nnfs_course.judge import Verdict
from tools import mutants
from tools.lib.asking import Task
from tools.lib.mutation import mutants as mutants_of

SAMPLE = 60  # all of them: `make mutants`


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("a - b", {"a + b", "a"}),
        ("a * b", {"a / b", "a", "b"}),
        ("W @ X", {"X @ W", "W.T @ X"}),
        ("X.T", {"X"}),
        ("z > 0", {"z >= 0", "z < 0", "z > 1", "z > -1"}),
        ("not a", {"a"}),
        ("a and b", {"a or b", "a", "b"}),
        ("a if b else c", {"a", "c"}),
        ("f(x, axis=1)", {"f(x)", "f(x, axis=2)", "f(x, axis=0)", "x"}),
        ("f(x, y)", {"f(x)", "f(y, x)"}),
        ("np.sum(x, 0)", {"np.mean(x, 0)", "np.sum(x)", "np.sum(x, 1)", "np.sum(x, -1)"}),
        ("relu(x)", {"x"}),
        ("0.5", {"1.0", "1.5", "0.0"}),
        ("True", {"False"}),
        ("f'{x + 1}'", set()),
        ("float(x)", set()),
    ],
)
def test_each_way_to_change_an_expression(source, changed):
    found = {mutant.source.removeprefix("r = ") for mutant in mutants_of(f"r = {source}")}
    assert found == changed


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ("'''Text.'''\nguard_values('Z', Z)", set()),
        ("x += y", {"pass"}),
        ("cache['Z'] = Z", {"pass"}),
        ("raise ValueError('no')", {"pass"}),
        ("Z = W\nZ = b", {"pass\nZ = b", "Z = W\npass"}),
        ("if bad:\n    raise ValueError", {"pass", "if not bad:\n    raise ValueError"}),
    ],
)
def test_each_way_to_change_a_statement(body, changed):
    found = {mutant.source for mutant in mutants_of(body)}
    assert {one for one in found if "    pass" not in one} == changed


def test_a_default_is_changed_and_an_annotation_is_not():
    found = {str(mutant) for mutant in mutants_of("def f(x: g(1) = 0.5):\n    return x")}
    assert {one for one in found if one.startswith("number")} == {
        f"number: def f(x: g(1)={value}):" for value in (1.0, 1.5, 0.0)
    }


def half(judge):
    """A task whose right answer is a half, with a judge of it."""

    def ask(source):
        names = {}
        exec(source, names)
        return Verdict("half", *judge(names["half"]))

    return Task("toy", "half", "def half(x):\n    return x / 2\n", ask)


def endless(half):
    while half(2) != 1:
        pass
    return True, "right"


@pytest.mark.parametrize(
    ("judge", "state"),
    [
        (lambda half: (True, "right"), "accepted"),
        (lambda half: (half(2) == 1, "4 at (0,) is 5; expected 1"), "general"),
        (lambda half: (half(2) == 1, "twice too large"), "told"),
        (lambda half: 1 / (half(2) == 1) and (True, "right"), "stops"),
        (lambda half: (True, "right") if half(2) == 1 else exit(), "stops"),
        (endless, "endless"),
    ],
)
def test_what_a_judge_says_to_each_mutant(judge, state):
    task, started = half(judge), time.monotonic()
    said = {found for _, _, found, _ in mutants.asked(mutants.changes([task]), limit=0.5)}
    assert said == {state}
    assert time.monotonic() - started < 20


def run(monkeypatch, tmp_path, capsys, judge, listed=""):
    """Exit code and text of the command, for a toy."""
    (tmp_path / "solutions").mkdir()
    (tmp_path / mutants.EQUALS).write_text(listed, "utf-8")
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    monkeypatch.setattr(mutants, "tasks", lambda stages: [half(judge)])
    with pytest.raises(SystemExit) as ended:
        mutants.main([])
    return ended.value.code, capsys.readouterr().out


def test_the_command_names_what_is_accepted(monkeypatch, tmp_path, capsys):
    code, said = run(monkeypatch, tmp_path, capsys, lambda half: (half(0) == 0, "not 0"))
    assert code == 1
    assert "toy.half accepts operator: return x * 2" in said
    assert "all" in said


def test_a_mutant_on_the_list_may_be_accepted(monkeypatch, tmp_path, capsys):
    accepted = [
        "operator: return x * 2",
        "a term or factor less: return x",
        "sign: return -(x / 2)",
        "number: return x / 3",
        "number: return x / 1",
    ]
    listed = "['toy.half']\n" + "".join(f"'{mutant}' = 'all give 0'\n" for mutant in accepted)
    judge = lambda half: (half(0) == 0, "not 0")  # noqa: E731
    assert run(monkeypatch, tmp_path, capsys, judge, listed)[0] == 0


def test_what_is_on_the_list_and_not_accepted_is_named(monkeypatch, tmp_path, capsys):
    listed = "['toy.half']\n'operator: return x * 2' = 'none'\n"
    judge = lambda half: (half(2) == 1, "not 1")  # noqa: E731
    code, said = run(monkeypatch, tmp_path, capsys, judge, listed)
    assert code == 1
    assert "toy.half does not accept operator: return x * 2: delete it" in said


def test_each_equal_is_of_a_task_and_has_a_reason():
    listed = mutants.equals()
    names = {f"{task.stage}.{task.name}": task for task in mutants.tasks()}
    for name, reasons in listed.items():
        known = {mutants.ANY, *(str(mutant) for mutant in mutants_of(names[name].source))}
        assert reasons.keys() <= known, name
        assert all(len(reason.split()) > 2 for reason in reasons.values()), name


def test_no_judge_accepts_a_mutant_of_a_sample():
    listed = mutants.equals()
    quick = [task for task in mutants.tasks() if task.stage != "preprocessing"]
    quick = [task for task in quick if task.name != "revived"]
    sample = random.Random(0).sample(mutants.changes(quick), SAMPLE)
    accepted = [
        f"{task.stage}.{task.name} accepts {mutant}"
        for task, mutant, state, _ in mutants.asked(sample)
        if state == "accepted"
        if not {mutants.ANY, str(mutant)} & listed.get(f"{task.stage}.{task.name}", {}).keys()
    ]
    assert not accepted
