"""Judges of notebook 3."""

import numpy as np

from nnfs_core import activation as reference
from nnfs_course.counterexample import number, small, smallest
from nnfs_course.judge import Wrong, called, exercise, grade, refused, same

Z = np.array([[-2.0, -0.5, 0.0], [0.25, 1.0, 3.0]])
CASES = {"positive z": Z > 0, "negative z": Z < 0, "z = 0": Z == 0}
SCALAR = "Z is an array here, and `if` and `max` want one answer: work entry by entry"


def _entrywise(function, *arguments):
    try:
        return called(function, *arguments)
    except ValueError as error:
        raise Wrong(SCALAR if "truth value" in str(error) else f"ValueError: {error}") from None


@exercise
def absolute(absolute):
    """|z| from two ReLUs."""
    used = getattr(getattr(absolute, "__code__", None), "co_names", ("relu",))
    if forbidden := set(used) - {"relu", "NotImplementedError"}:
        raise Wrong(f"with relu alone, please, and without {min(forbidden)}")
    mistakes = {
        "that is relu(z): what is right for negative z is missing": np.maximum(Z, 0),
        "that is z itself, and stays negative where z is: a part has the wrong sign": Z,
        "that is relu(-z): what is right for positive z is missing": np.maximum(-Z, 0),
        "0 everywhere: one part cancels the other, or a ReLU cuts it off": 0 * Z,
    }

    def example():
        smallest(absolute, lambda Z: np.abs(Z), small((1, 1)), lambda _, Z: f"|{number(Z[0, 0])}|")

    same("|z|", _entrywise(absolute, Z), np.abs(Z), mistakes, CASES, example)


@exercise
def leaky_relu(leaky_relu, dleaky_relu):
    """Leaky ReLU and its derivative."""

    def example():
        cases = [(Z, 0.5) for (Z,) in small((1, 1))]
        smallest(
            leaky_relu,
            lambda Z, alpha: np.where(Z > 0, Z, alpha * Z),
            cases,
            lambda _, Z, alpha: _leaky(
                "leaky_relu", Z, number(Z[0, 0]), f"{alpha}·{number(Z[0, 0])}"
            ),
        )
        smallest(
            dleaky_relu,
            lambda Z, alpha: np.where(Z > 0, 1.0, alpha),
            cases,
            lambda _, Z, alpha: _leaky("dleaky_relu", Z, 1, alpha),
        )

    for alpha in (0.1, 0.5):
        right = np.where(Z > 0, Z, alpha * Z)
        mistakes = {
            "that is ReLU: negative numbers should keep a part, alpha, of themselves": np.maximum(
                Z, 0
            ),
            "alpha multiplies every entry: only the negative ones should shrink": alpha * Z,
            "negative entries become alpha: they should be multiplied by it": np.where(
                Z > 0, Z, alpha
            ),
            "negative entries become positive: alpha should keep their sign": np.abs(right),
            "the two sides are swapped": np.where(Z > 0, alpha * Z, Z),
        }
        got = _entrywise(leaky_relu, Z, alpha)
        same(f"leaky_relu for alpha = {alpha}", got, right, mistakes, CASES, example)
    for alpha in (0.1, 0.5):
        slope = np.where(Z > 0, 1.0, alpha)
        mistakes = {
            "that is the derivative of ReLU: on the negative side it is alpha": Z > 0,
            "that is leaky_relu, not its derivative": np.where(Z > 0, Z, alpha * Z),
            "the derivative is alpha times z on the negative side: a slope has no z": np.where(
                Z > 0, 1.0, alpha * Z
            ),
            "the two sides of the derivative are swapped": np.where(Z > 0, alpha, 1.0),
        }
        got = _entrywise(dleaky_relu, Z, alpha)
        same(f"dleaky_relu for alpha = {alpha}", got, slope, mistakes, CASES, example)


def _leaky(name, Z, above, below):
    """How an entry comes about, by its side of 0."""
    z = number(Z[0, 0])
    side, value = ("> 0", above) if Z[0, 0] > 0 else ("not > 0", below)
    return f"{z} is {side}, so {name}(Z) = {value}"


@exercise
def house(corners, slopes):
    """A house from four ReLUs."""
    if np.shape(corners) != np.shape(slopes) or np.ndim(corners) != 1:
        raise Wrong("as many slopes as corners, please, in two lists")
    ends = [*corners, max(corners, default=0) + 1, min(corners, default=0) - 1]
    x = np.unique(np.r_[np.arange(-20, 101) / 10, ends])  # at its corners a sum of ReLUs is known
    ours = sum((s * np.maximum(x - c, 0) for s, c in zip(slopes, corners, strict=True)), 0 * x)
    wanted = np.interp(x, [0, 1, 3, 4], [0, 2, 2, 0])
    if np.allclose(ours, wanted):
        return None
    if list(corners) == [0, 1, 3, 4] and list(slopes) == [2, 0, -2, 0]:
        raise Wrong("those are the slopes of the house: each ReLU brings the *change* of the slope")
    if list(corners) == [0, 1, 3, 4] and list(slopes) == [0, 2, 2, 0]:
        raise Wrong("those are the heights of the house at its corners: slopes are wanted")
    if np.allclose(ours[x <= 4], wanted[x <= 4]):
        raise Wrong("right up to x = 4, and not after it: the slope has to change once more")
    if np.allclose(ours, wanted / 2):
        raise Wrong("half as high as it should be: the roof is at 2")
    if np.isclose(ours, -wanted).all():
        raise Wrong("the house stands on its head: the signs are swapped")
    at = np.flatnonzero(~np.isclose(ours, wanted))[0]
    found = f"the sum is {ours[at]:.4g} at x = {x[at]:.4g}, and the house {wanted[at]:.4g} high"
    raise Wrong(f"{found}: from there on it is wrong")


@exercise
def check_drelu(check_drelu):
    """A check of the derivative of ReLU."""
    wrong = {
        "it gives 1 at 0": lambda Z: Z >= 0,
        "it gives 1 where Z < 0": lambda Z: Z < 0,
        "it is relu itself": reference.relu,
        "it gives 1 everywhere": np.ones_like,
        "it gives the sign, -1 where Z < 0": lambda Z: np.sign(Z).astype(float),
        "it looks at |Z|: 1 for all but 0": lambda Z: np.where(np.abs(Z) > 0, 1.0, 0.0),
        "it cuts numbers to whole ones first, so that 0.5 counts as 0": lambda Z: Z.astype(int) > 0,
        "it gives one answer for the whole array": lambda Z: np.any(Z > 0),
        "it gives the right numbers in one long row": lambda Z: (Z > 0).ravel(),
    }
    grade(check_drelu, [reference.drelu], {})
    try:
        grade(check_drelu, [lambda Z: np.where(Z > 0, 1.0, 0.0)], {})
    except Wrong:
        refusal = "your check refuses the right answer in floats: compare values, not dtypes"
        raise Wrong(refusal) from None
    return grade(check_drelu, [reference.drelu], wrong)


@exercise
def relu(relu):
    """max(0, Z)."""
    mistakes = {
        "that is |z|: negative numbers should become 0": np.abs(Z),
        "that is the mask: multiply it with Z": Z > 0,
    }

    def example():
        smallest(
            relu,
            lambda Z: np.maximum(Z, 0),
            small((1, 1)),
            lambda _, Z: f"relu(Z) = max(0, {number(Z[0, 0])})",
        )

    same("relu(Z)", _entrywise(relu, Z), np.maximum(Z, 0), mistakes, CASES, example)
    same("relu(-3.0)", float(_entrywise(relu, -3.0)), 0)
    refused(relu, np.array([np.nan]), what="NaN")


@exercise
def drelu(drelu):
    """1 where Z > 0, else 0."""
    mistakes = {
        "that is relu(Z): the derivative is 1 where relu rises": np.maximum(Z, 0),
        "right for z other than 0; at 0 we chose 0: > is not >=": Z >= 0,
    }

    def example():
        smallest(
            drelu,
            lambda Z: Z > 0,
            small((1, 1)),
            lambda _, Z: f"the slope of relu at {number(Z[0, 0])}, 1 for z > 0 and else 0,",
        )

    same("drelu(Z)", _entrywise(drelu, Z), Z > 0, mistakes, CASES, example)
