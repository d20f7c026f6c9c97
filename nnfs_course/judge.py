"""Judge whether an answer to an exercise is right, and if not, what is probably wrong with it.

The judges themselves are in nnfs_course/exercises/, one module a notebook. A judge returns a
Verdict, which a notebook shows. It never raises, and it never shows the answer.
"""

import copy
import functools
import linecache
import re
import sysconfig
import traceback
from typing import NamedTuple

import numpy as np


class Wrong(Exception):
    """What is wrong with an answer, in words for the reader."""


class Verdict(NamedTuple):
    """What a judge says; `right` is True for a right answer alone, `where` a line that stopped."""

    exercise: str
    right: bool
    message: str
    where: str = ""

    def __repr__(self):
        """Return what the notebook shows."""
        return f"{self.exercise}: {self.message}" + f"\n  {self.where}" * bool(self.where)


def exercise(judge):
    """Make a judge of a function that raises Wrong for a wrong answer; it may return a remark."""

    @functools.wraps(judge)
    def judged(*answers):
        name = judge.__name__
        try:
            if any(answer is ... for answer in answers):
                raise NotImplementedError
            remark = judge(*answers)
        except NotImplementedError as error:
            other = _named(error).removeprefix("NotImplementedError: ").strip()
            others = other not in ("", name)
            return Verdict(name, False, f"{other}: " * others + "not attempted yet")
        except Wrong as fault:
            return Verdict(name, False, str(fault), _where(fault.__context__, judge))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever a reader's code may raise
            where = _where(error, judge)
            theirs = where or isinstance(error, SyntaxError)
            stops = "your code stops with" if theirs else "the judge could not use your answer:"
            return Verdict(name, False, f"{stops} {_named(error)}".rstrip(": "), where)
        return Verdict(name, True, f"right. {remark}" if remark else "right")

    return judged


# Files whose lines are not the reader's: those of the course, of Python and of installed packages.
_OTHERS = re.compile(
    rf"{re.escape(sysconfig.get_path('stdlib'))}|<(frozen|__array_function__)|"
    r".*[\\/]((site|dist)-packages|nnfs_core|nnfs_course)[\\/]"
)


def _where(error, judge):
    """Return the last line of the reader's code that an error passed, or "" if it passed none."""
    where = ""
    for frame, line in traceback.walk_tb(error and error.__traceback__):
        file = frame.f_code.co_filename
        if frame.f_code is not judge.__code__ and not _OTHERS.match(file):
            where = f"line {line} of your code: {linecache.getline(file, line).strip()}"
    return where.removesuffix(": ")


def _named(error):
    """Return kind and message of an error, even of one that cannot say its message."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return f"{type(error).__name__}: "


def called(function, *arguments, **named):
    """Call a reader's function; refuse the result None and a change of the arguments."""
    if not callable(function):
        kind = type(function).__name__
        raise Wrong(f"expected a function, not {kind}: give its name without parentheses")
    given = copy.deepcopy((arguments, named))  # the judge's own arrays stay what they are
    result = function(*given[0], **given[1])
    if result is None:
        raise Wrong("your function returns None: is a `return` missing?")
    if not _equal(given, (arguments, named)):
        raise Wrong("your function changes its input: make a new array instead of writing into it")
    return result


def _equal(one, other):
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return all(map(_equal, one, other))
    if hasattr(one, "equals"):  # pandas
        return one.equals(other) and one.attrs == other.attrs
    return not isinstance(one, list | np.ndarray) or np.array_equal(one, other)


def same(what, got, expected, mistakes=None, cases=None, example=None):
    """Refuse numbers that are not the expected ones, and say what is known about the difference.

    mistakes: {what it says: what this mistake gives}. cases: {name: mask}, parts to tell apart.
    example(): raises Wrong with the smallest case that shows it, if no mistake is recognised.
    """
    expected = np.asarray(expected, float)
    if not isinstance(got, np.ndarray if expected.ndim else np.ndarray | float | int | np.number):
        wanted = f"an array of shape {expected.shape}" if expected.ndim else "a number"
        raise Wrong(f"{what} is a {type(got).__name__}; expected {wanted}")
    dtype = np.asarray(got).dtype
    if dtype.kind not in "fiub":
        raise Wrong(f"{what} holds no numbers: its dtype is {dtype}")
    got = np.asarray(got, float)
    if _close(got, expected):
        return
    for message, mistaken in (mistakes or {}).items():
        if _close(got, np.asarray(mistaken, float)):
            raise Wrong(message)
    if got.shape != expected.shape:
        shapes = f"shape {got.shape} instead of {expected.shape}"
        if got.size == expected.size and _close(got.ravel(), expected.ravel()):
            raise Wrong(f"{what} has the right values but {shapes}: look at keepdims or reshape")
        if got.shape == expected.shape[::-1] and _close(got.T, expected):
            raise Wrong(f"{what} is transposed: {shapes}")
        raise Wrong(f"{what} has {shapes}")
    if not np.isfinite(got).all():
        raise Wrong(f"{what} holds NaN or infinite values")
    if _close(got, -expected):
        raise Wrong(f"{what} has the wrong sign")
    right = [name for name, mask in (cases or {}).items() if _close(got[mask], expected[mask])]
    if right:
        wrong = [name for name in cases if name not in right]
        raise Wrong(f"{what} is right for {', '.join(right)}, wrong for {', '.join(wrong)}")
    if example:
        example()
    if not expected.ndim:
        raise Wrong(
            f"{what} is {got:.6g}, and should be {'smaller' if got > expected else 'larger'}"
        )
    factor = np.sum(got * expected) / max(np.sum(expected**2), 1e-300)
    if factor > 0 and abs(factor - 1) > 0.01 and _close(got, factor * expected):
        raise Wrong(f"{what} is {factor:.4g} times what it should be: is a factor missing?")
    place = tuple(int(i) for i in np.argwhere(~np.isclose(got, expected, 1e-6, 1e-9))[0])
    raise Wrong(f"{what} at {place} is {got[place]:.6g}; expected {expected[place]:.6g}")


def _close(got, expected):
    return got.shape == expected.shape and np.allclose(got, expected, 1e-6, 1e-9, True)


def same_keys(got, expected):
    """Refuse what is no dict with the expected keys."""
    if not isinstance(got, dict) or got.keys() != set(expected):
        found = f"the keys {list(got)}" if isinstance(got, dict) else f"a {type(got).__name__}"
        raise Wrong(f"{found}; expected a dict with the keys {list(expected)}")


def same_arrays(got, expected, mistakes=None, example=None):
    """Refuse a dict of arrays that is not the expected one; mistakes: {what it says: a dict}."""
    same_keys(got, expected)
    arrays = all(
        isinstance(array, np.ndarray) and array.dtype.kind in "fiub" for array in got.values()
    )
    for message, mistaken in (mistakes or {}).items():
        if arrays and all(_close(got[key], mistaken[key]) for key in expected):
            raise Wrong(message)
    for key in expected:
        same(key, got[key], expected[key], example=example)


def refused(function, *arguments, error=ValueError, what="bad input", **named):
    """Ask that a reader's function raises this error."""
    try:
        function(*arguments, **named)
    except NotImplementedError:  # a stub's, though it is a RuntimeError, too
        raise
    except error:
        return
    except Exception as other:
        stops = f"{what} stops with {type(other).__name__}"
        raise Wrong(f"{stops}; expected a {error.__name__}") from None
    raise Wrong(f"{what} is accepted; expected a {error.__name__}")


def grade(check, right, wrong):
    """Judge a reader's check of a function: True for what passes, False for what does not.

    right: functions that it should pass; wrong: {what is wrong: function}, which it should not. A
    check that stops with an error on a wrong one has caught it, as a failed assert would.
    """
    for function in right:
        try:
            passed = called(check, function)
        except AssertionError:
            passed = False
        if not isinstance(passed, bool | np.bool_):
            raise Wrong(f"a {type(passed).__name__}: expected True or False")
        if not passed:
            raise Wrong("the right function fails: is a case wrong, or a tolerance missing?")
    missed = []
    for fault, function in wrong.items():
        try:
            if called(check, function):
                missed.append(fault)
        except NotImplementedError:
            raise
        except Exception:  # caught
            pass
    if missed:
        caught = f"{len(wrong) - len(missed)} of {len(wrong)} wrong ones caught"
        raise Wrong(f"the right one passes; {caught}; this one slips through: {missed[0]}")
    return f"The right one passes, and all {len(wrong)} wrong ones are caught"
