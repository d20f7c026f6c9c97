"""Judges of notebook 3."""

import numpy as np

from nnfs_course.judge import Wrong, called, exercise, refused, same

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
        "that is z itself: a ReLU minus the other": Z,
        "that is relu(-z): what is right for positive z is missing": np.maximum(-Z, 0),
        "0 everywhere: relu(z) is never negative, so what follows it changes nothing": 0 * Z,
    }
    same("|z|", _entrywise(absolute, Z), np.abs(Z), mistakes, CASES)


@exercise
def leaky_relu(leaky_relu, dleaky_relu):
    """Leaky ReLU and its derivative."""
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
        same(
            f"leaky_relu for alpha = {alpha}",
            _entrywise(leaky_relu, Z, alpha),
            right,
            mistakes,
            CASES,
        )
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
        same(f"dleaky_relu for alpha = {alpha}", got, slope, mistakes, CASES)


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
    if np.allclose(ours[x <= 4], wanted[x <= 4]):
        raise Wrong("right up to x = 4, and not after it: the last corner makes the wall end")
    if np.allclose(ours, wanted / 2):
        raise Wrong("half as high as it should be: the roof is at 2")
    if np.isclose(ours, -wanted).all():
        raise Wrong("the house stands on its head: the signs are swapped")
    raise Wrong(f"wrong from x = {x[~np.isclose(ours, wanted)][0]:.1f} on")


@exercise
def relu(relu):
    """max(0, Z)."""
    mistakes = {
        "that is |z|: negative numbers should become 0": np.abs(Z),
        "that is the mask: multiply it with Z": Z > 0,
    }
    same("relu(Z)", _entrywise(relu, Z), np.maximum(Z, 0), mistakes, CASES)
    same("relu(-3.0)", float(_entrywise(relu, -3.0)), 0)
    refused(relu, np.array([np.nan]), what="NaN")


@exercise
def drelu(drelu):
    """1 where Z > 0, else 0."""
    mistakes = {
        "that is relu(Z): the derivative is 1 where relu rises": np.maximum(Z, 0),
        "right for z other than 0; at 0 we chose 0: > is not >=": Z >= 0,
    }
    same("drelu(Z)", _entrywise(drelu, Z), Z > 0, mistakes, CASES)
