// The points of the playground: two features between -2 and 2, targets between 0 and 1.
(function (nnfs) {
  "use strict";
  const { matrix, generator } = nnfs;
  const REACH = 2; // of each feature
  const TRAIN = 200;
  const TEST = 100;

  // Each draws a point and its target: [x1, x2, y]. Classes alternate with the place of the point.
  const SAMPLES = {
    xor: {
      name: "XOR: both signs alike",
      classes: true,
      draw(random) {
        const [x1, x2] = [0, 0].map(() => anywhere(random));
        return [x1, x2, x1 * x2 > 0 ? 1 : 0];
      },
    },
    circle: {
      name: "a disc in a ring",
      classes: true,
      draw(random, place) {
        const radius = place % 2 ? 0.8 * Math.sqrt(random.uniform()) : 1.2 + 0.7 * random.uniform();
        const angle = 2 * Math.PI * random.uniform();
        return [radius * Math.cos(angle), radius * Math.sin(angle), place % 2];
      },
    },
    moons: {
      name: "two half moons",
      classes: true,
      draw(random, place) {
        const angle = Math.PI * random.uniform();
        const [x, y] = [Math.cos(angle), Math.sin(angle)];
        return place % 2 ? [0.6 - 1.2 * x, 0.4 - 1.2 * y, 1] : [-0.6 + 1.2 * x, -0.4 + 1.2 * y, 0];
      },
    },
    spiral: {
      name: "two spirals",
      classes: true,
      draw(random, place) {
        const along = random.uniform();
        const angle = 3.5 * Math.PI * along + Math.PI * (place % 2);
        const radius = 0.15 + 1.75 * along;
        return [radius * Math.cos(angle), radius * Math.sin(angle), place % 2];
      },
    },
    plane: {
      name: "numbers: a slope",
      classes: false,
      draw(random) {
        const [x1, x2] = [0, 0].map(() => anywhere(random));
        return [x1, x2, (x1 + x2 + 2 * REACH) / (4 * REACH)];
      },
    },
    valley: {
      name: "numbers: a valley, |x₁|",
      classes: false,
      draw(random) {
        const [x1, x2] = [0, 0].map(() => anywhere(random));
        return [x1, x2, Math.abs(x1) / REACH];
      },
    },
  };

  function anywhere(random) {
    return REACH * (2 * random.uniform() - 1);
  }

  // {train: {X, Y}, test: {X, Y}}. noise: the deviation of what is added to each feature, after
  // the target is known.
  function drawSamples(name, noise, seed) {
    const random = generator(seed);
    const part = (m) => {
      const [X, Y] = [matrix(2, m), matrix(1, m)];
      for (let place = 0; place < m; place++) {
        const [x1, x2, y] = SAMPLES[name].draw(random, place);
        X.data[place] = x1 + noise * random.normal();
        X.data[m + place] = x2 + noise * random.normal();
        Y.data[place] = y;
      }
      return { X, Y };
    };
    return { train: part(TRAIN), test: part(TEST) };
  }

  Object.assign(nnfs, { SAMPLES, REACH, drawSamples });
})((globalThis.nnfs ??= {}));
