// The game of stage 15, be the optimizer: the same problem and moves as nnfs_course/game.py.
(function (nnfs) {
  "use strict";
  const MOVES = 20;
  const START = [0.5, 0.5, 0.5];
  const X = [-2.0, -1.64, -1.27, -0.91, -0.55, -0.18, 0.18, 0.55, 0.91, 1.27, 1.64, 2.0];
  const Y = [1.61, 1.63, 1.54, 1.46, 1.37, 1.13, 0.48, -0.91, -1.41, -1.57, -1.42, -1.56];

  function curve([w1, w2, w3], x) {
    return w3 * Math.tanh(w1 * x + w2);
  }

  // The loss of weights [w1, w2, w3], and its slope by each of them.
  function ask([w1, w2, w3]) {
    let loss = 0;
    const slopes = [0, 0, 0];
    X.forEach((x, i) => {
      const a = Math.tanh(w1 * x + w2);
      const error = w3 * a - Y[i];
      const dz = (error / X.length) * w3 * (1 - a * a);
      loss += error ** 2 / (2 * X.length);
      slopes[0] += dz * x;
      slopes[1] += dz;
      slopes[2] += (error / X.length) * a;
    });
    return { loss, slopes };
  }

  class Game {
    constructor() {
      this.weights = [START];
      this.losses = [ask(START).loss];
    }

    get over() {
      return this.losses.length > MOVES;
    }

    // Go to other weights. The same ones are no move, and there is none after the last.
    move(weights) {
      const now = this.weights.at(-1);
      if (this.over || weights.every((w, place) => w === now[place])) return;
      this.weights.push([...weights]);
      this.losses.push(ask(weights).loss);
    }
  }

  // The losses of as many steps of gradient descent, and the last weights.
  function descend(rate = 1) {
    let weights = START;
    const losses = [];
    for (let move = 0; move < MOVES; move++) {
      const { loss, slopes } = ask(weights);
      losses.push(loss);
      weights = weights.map((w, place) => w - rate * slopes[place]);
    }
    return { losses: [...losses, ask(weights).loss], weights };
  }

  nnfs.game = { MOVES, START, X, Y, curve, ask, Game, descend };
})((globalThis.nnfs ??= {}));
