// One sample through a network of 2-2-1 units, as a list of single operations: forward, back, update.
(function (nnfs) {
  "use strict";
  const ETA = 0.1;
  const FIRST = {
    ...{ x_1: 2, x_2: 1, y: 1 },
    ...{ W1_11: 0.5, W1_12: 1, W1_21: -1, W1_22: 0.5, b1_1: -0.5, b1_2: 0.5 },
    ...{ W2_1: 1, W2_2: -0.5, b2: 0.5 },
  };
  const WEIGHTS = Object.keys(FIRST).filter((key) => /^[Wb]/.test(key));

  // "W1_12" as it is written: W1₁₂.
  function written(key) {
    const [letters, indices = ""] = key.split("_");
    return letters + indices.replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);
  }

  // The operations in their order. formula: with {key} for each number that goes in. mistakes: what
  // a reader may have computed instead, and what to say to that.
  function operations() {
    const list = [];
    const add = (phase, key, formula, compute, why, mistakes = []) =>
      list.push({ phase, key, formula, compute, why, mistakes, uses: formula.match(/(?<=\{)\w+/g) });

    for (const j of [1, 2]) {
      add(
        "forward",
        `Z1_${j}`,
        `{W1_${j}1} · {x_1} + {W1_${j}2} · {x_2} + {b1_${j}}`,
        (v) => v[`W1_${j}1`] * v.x_1 + v[`W1_${j}2`] * v.x_2 + v[`b1_${j}`],
        "Each input times its weight, and the bias.",
        [[(v) => v[`Z1_${j}`] - v[`b1_${j}`], "the bias is missing"]],
      );
    }
    for (const j of [1, 2]) {
      add(
        "forward",
        `A1_${j}`,
        `max(0, {Z1_${j}})`,
        (v) => Math.max(0, v[`Z1_${j}`]),
        "ReLU lets through what is above 0.",
        [[(v) => v[`Z1_${j}`], "ReLU makes 0 of what is below 0"]],
      );
    }
    add(
      "forward",
      "A2",
      "{W2_1} · {A1_1} + {W2_2} · {A1_2} + {b2}",
      (v) => v.W2_1 * v.A1_1 + v.W2_2 * v.A1_2 + v.b2,
      "The output has no activation function: this is the prediction.",
      [
        [(v) => v.A2 - v.b2, "the bias is missing"],
        [(v) => v.W2_1 * v.Z1_1 + v.W2_2 * v.Z1_2 + v.b2, "take A1, behind the ReLU, not Z1"],
      ],
    );
    add("forward", "J", "½ · ({A2} − {y})²", (v) => (v.A2 - v.y) ** 2 / 2, "The loss of this one sample.", [
      [(v) => (v.A2 - v.y) ** 2, "the factor ½ is missing"],
      [(v) => (v.A2 - v.y) / 2, "the square is missing"],
    ]);
    add("back", "dA2", "{A2} − {y}", (v) => v.A2 - v.y, "The slope of the loss by the prediction.", [
      [(v) => v.J, "that is the loss: its slope is asked for"],
    ]);
    for (const j of [1, 2]) {
      add(
        "back",
        `dW2_${j}`,
        `{dA2} · {A1_${j}}`,
        (v) => v.dA2 * v[`A1_${j}`],
        "The slope by a weight: what comes back, times what the weight was multiplied with.",
        [[(v) => v.dA2 * v[`W2_${j}`], "multiply by what the weight was multiplied with, not by the weight"]],
      );
    }
    add("back", "db2", "{dA2}", (v) => v.dA2, "The bias was added, so its slope is what comes back.");
    for (const j of [1, 2]) {
      add(
        "back",
        `dA1_${j}`,
        `{W2_${j}} · {dA2}`,
        (v) => v[`W2_${j}`] * v.dA2,
        "On its way back to a unit, the slope takes the weight between them.",
        [
          [
            (v) => v.dA2 * v[`A1_${j}`],
            "multiply by the weight: this goes back to the unit, not to the weight",
          ],
        ],
      );
    }
    for (const j of [1, 2]) {
      add(
        "back",
        `dZ1_${j}`,
        `{dA1_${j}} · relu′({Z1_${j}})`,
        (v) => v[`dA1_${j}`] * (v[`Z1_${j}`] > 0 ? 1 : 0),
        "The slope of ReLU is 1 where Z1 is above 0, and 0 elsewhere.",
        [[(v) => v[`dA1_${j}`], "the slope of ReLU is 0 where Z1 is below 0"]],
      );
    }
    for (const j of [1, 2]) {
      for (const i of [1, 2]) {
        add(
          "back",
          `dW1_${j}${i}`,
          `{dZ1_${j}} · {x_${i}}`,
          (v) => v[`dZ1_${j}`] * v[`x_${i}`],
          "As before: what comes back, times what the weight was multiplied with.",
          [[(v) => v[`dA1_${j}`] * v[`x_${i}`], "take dZ1, behind the slope of ReLU, not dA1"]],
        );
      }
      add("back", `db1_${j}`, `{dZ1_${j}}`, (v) => v[`dZ1_${j}`], "The bias was added.");
    }
    for (const key of WEIGHTS) {
      add(
        "update",
        `new_${key}`,
        `{${key}} − ${ETA} · {d${key}}`,
        (v) => v[key] - ETA * v[`d${key}`],
        `A step against the slope, of the learning rate η = ${ETA}.`,
        [
          [(v) => v[key] + ETA * v[`d${key}`], "the step goes against the slope: minus"],
          [(v) => v[key] - v[`d${key}`], "the learning rate is missing"],
        ],
      );
    }
    return list;
  }

  const OPERATIONS = operations();

  // The name of what an operation computes, as it is written: the new W1₁₂ has the name of the old.
  function nameOf(key) {
    return key.startsWith("new_") ? `new ${written(key.slice(4))}` : written(key);
  }

  // Everything that is known after so many operations.
  function valuesAfter(start, count) {
    const values = { ...start };
    for (const { key, compute } of OPERATIONS.slice(0, count)) values[key] = compute(values);
    return values;
  }

  // What to say to a typed number: {right, says}. Two decimals are enough.
  function judge(operation, values, typed) {
    const value = operation.compute(values);
    const near = (other) => Math.abs(typed - other) <= 0.00501;
    if (near(value)) return { right: true, says: "Right." };
    const known = { ...values, [operation.key]: value };
    for (const [compute, says] of operation.mistakes) {
      if (near(compute(known))) return { right: false, says: `Not yet: ${says}.` };
    }
    if (near(-value)) return { right: false, says: "Not yet: the size is right, the sign is not." };
    return { right: false, says: "Not yet: look at the formula with its numbers, and compute it once more." };
  }

  // Another network and sample, of numbers that one can reckon with. One unit at least is alive.
  function anotherStart(seed) {
    const random = nnfs.generator(seed);
    const pick = (...choices) => choices[random.integer(choices.length)];
    for (;;) {
      const start = { x_1: pick(-2, -1, 1, 2), x_2: pick(-2, -1, 1, 2), y: pick(0, 1, 2) };
      for (const key of WEIGHTS) {
        start[key] = key.startsWith("W") ? pick(-1.5, -1, -0.5, 0.5, 1, 1.5) : pick(-0.5, 0.5, 1);
      }
      const { A1_1, A1_2, dA2 } = valuesAfter(start, 7);
      if (A1_1 + A1_2 > 0 && Math.abs(dA2) >= 0.5 && Math.abs(dA2) <= 2) return start;
    }
  }

  // The loss with the new weights.
  function lossAfter(values) {
    const start = { ...values };
    for (const key of WEIGHTS) start[key] = values[`new_${key}`];
    return valuesAfter(start, 6).J;
  }

  nnfs.stepper = { FIRST, WEIGHTS, OPERATIONS, written, nameOf, valuesAfter, judge, anotherStart, lossAfter };
})((globalThis.nnfs ??= {}));
