"""Judges of notebook 0."""

import numbers

import numpy as np

from nnfs_course.judge import Wrong, exercise


@exercise
def which_way(direction, change):
    """The weight from "how energetic" to the first hidden unit is raised by 0.1."""
    if direction not in ("up", "down"):
        raise Wrong(f'direction is {direction!r}; expected "up" or "down"')
    if not isinstance(change, numbers.Real) or isinstance(change, bool):
        raise Wrong(f"change is a {type(change).__name__}; expected a number")
    if direction == "down":
        raise Wrong("section 4 prints a slope above 0 for this weight: the loss rises with it")
    if change < 0:
        raise Wrong("the slope is above 0, so the loss rises, and its change has no minus")
    for factor, message in {
        10: "that is the slope, the change for a whole 1: the weight is raised by 0.1",
        5: "that is the slope by the bias, times 0.1: the weight is multiplied by 0.2",
        50: "that is the slope by the bias: the weight is multiplied by 0.2, and raised by 0.1",
    }.items():
        if abs(change - factor * 0.01136) < 0.03 * factor * 0.01136:
            raise Wrong(message)
    if not abs(change - 0.01136) <= 0.0005:  # 0.011 will do; NaN compares False with everything
        raise Wrong(f"{change:g} is not the slope times 0.1: which two numbers make the slope?")
    return "The slope 0.1136 times 0.1 is 0.0114; computed anew it is 0.0115, since slopes change"


ANSWERS = [6, -3, 6, 4, 3, (3, 8), 17, [3, 7], (8, 2), (3, 8)]


@exercise
def ready(answers):
    """Ten questions on what the course takes for granted."""
    if not isinstance(answers, list | tuple) or len(answers) != len(ANSWERS):
        raise Wrong(f"expected a list of {len(ANSWERS)} answers")
    open_ones = [number for number, answer in enumerate(answers, start=1) if answer is ...]
    if len(open_ones) == len(ANSWERS):
        raise NotImplementedError
    wrong = []
    for number, (answer, right) in enumerate(zip(answers, ANSWERS, strict=True), start=1):
        if number not in open_ones and not np.array_equal(answer, right):
            wrong.append(number)
    faults = []
    if wrong:
        faults.append(f"wrong: {', '.join(map(str, wrong))}. Hint 1 has a refresher for each")
    if open_ones:
        faults.append(f"still open: {', '.join(map(str, open_ones))}")
    if faults:
        raise Wrong("; ".join(faults))
    return "You have what stages 1 to 6 need"
