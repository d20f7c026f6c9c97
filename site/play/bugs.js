// Bugs that can be switched on: most are those of the bug zoo, in a network of two features.
// Each changes one thing in the life of a network. "needs" are settings without which the bug would
// not show; the settings take them over when the bug is chosen.
(function (nnfs) {
  "use strict";
  const { map } = nnfs;

  function each(arrays, change) {
    return Object.fromEntries(Object.entries(arrays).map(([name, A]) => [name, change(A, name)]));
  }

  const BUGS = {
    none: { name: "none", tells: "A healthy network." },
    equal: {
      name: "all weights start equal",
      tells:
        "The units of a layer compute the same, get the same gradient, and stay alike for ever. " +
        "Look at the maps of the units: in each layer they are one picture.",
      start: (parameters) => each(parameters, (A) => map(A, () => 0.5)),
    },
    sign: {
      name: "the gradient has the wrong sign",
      tells: "Each step goes uphill, so the loss rises from the first step on.",
      gradients: (gradients) => each(gradients, (g) => map(g, (value) => -value)),
    },
    sum: {
      name: "the gradient of a sum, not of a mean",
      tells:
        "The gradient is as many times too long as the batch has points. Take a smaller batch, or a " +
        "learning rate that is 200 times as small, and it learns.",
      gradients: (gradients, m) => each(gradients, (g) => map(g, (value) => m * value)),
    },
    target: {
      name: "the target is not scaled",
      tells:
        "The targets go from 0 to 100, the outputs start near 0. The first gradients are about a " +
        "hundred times as large as they should be, and the first steps push the units out of reach.",
      needs: { output: "identity" },
      targets: (Y) => map(Y, (y) => 100 * y),
    },
    dead: {
      name: "the ReLU on the output is dead",
      tells:
        "The output is 0 for every point. There the slope of ReLU is 0, so all gradients are 0 and " +
        "nothing moves. Change the seed as often as you like.",
      needs: { output: "relu" },
      start(parameters) {
        const last = nnfs.depth(parameters);
        const W = map(parameters[`W${last}`], (w) => -Math.abs(w));
        const b = map(parameters[`b${last}`], () => nnfs.sum(W) - 1);
        return { ...parameters, [`W${last}`]: W, [`b${last}`]: b };
      },
    },
    whole: {
      name: "the parameters are whole numbers",
      tells:
        "What is behind the decimal point is cut off after each step: 2 minus a little becomes 1, and " +
        "1 plus a little stays 1. Soon all steps that are left point away from 0, and nothing moves " +
        "although the gradients are not 0.",
      start: (parameters) => each(parameters, (A) => map(A, (value) => Math.round(3 * value))),
      after: (parameters) => each(parameters, (A) => map(A, Math.trunc)),
    },
    mask: {
      name: "the ReLU mask is taken from the wrong array",
      tells:
        "The way back takes A ≥ 0 for the mask, and that is true everywhere. The gradients of the " +
        "last layer are right, those before it are wrong: it learns, only worse.",
      needs: { activation: "relu" },
      slopes: (activation) => ({ ...activation, slope: () => 1 }),
    },
    batches: {
      name: "a batch has the same members in each epoch",
      tells:
        "The points are sorted by their target, and only the batches are shuffled. Each batch says " +
        "little more than: predict my number. The loss jumps up and down.",
      needs: { batch: "20" },
      sorted: true,
    },
    bias: {
      name: "no biases",
      tells:
        "At the origin every unit is then 0, whatever its weights. And a network of tanh answers the " +
        "opposite for the opposite point: to it, both sides of the ring are as different as they get.",
      gradients: (gradients) => each(gradients, (g, name) => (name.startsWith("db") ? map(g, () => 0) : g)),
    },
  };

  Object.assign(nnfs, { BUGS });
})((globalThis.nnfs ??= {}));
