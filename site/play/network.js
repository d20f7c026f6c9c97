// The network of the course once more, for the page: its formulas are those of nnfs_core, and a test
// compares both. Parameters are {W1, b1, W2, ...}, the cache {A0, Z1, A1, ...}, gradients {dW1, ...}.
(function (nnfs) {
  "use strict";
  const { matrix, map, zip, sum, multiply, transpose, byRow, rowSums } = nnfs;

  // What an activation function makes of z, and its slope there (stages 3 and 7).
  const ACTIVATIONS = {
    relu: { value: (z) => Math.max(z, 0), slope: (z) => (z > 0 ? 1 : 0) },
    leaky: { value: (z) => (z > 0 ? z : 0.01 * z), slope: (z) => (z > 0 ? 1 : 0.01) },
    tanh: { value: Math.tanh, slope: (z) => 1 - Math.tanh(z) ** 2 },
    sigmoid: { value: sigmoid, slope: (z) => sigmoid(z) * (1 - sigmoid(z)) },
    identity: { value: (z) => z, slope: () => 1 },
  };

  // Without overflow: exp only of what is not above 0.
  function sigmoid(z) {
    const small = Math.exp(-Math.abs(z));
    return (z >= 0 ? 1 : small) / (1 + small);
  }

  // Each column sums to 1 (stage 11).
  function softmax(Z) {
    return map(logSoftmax(Z), Math.exp);
  }

  // The loss of outputs A for targets Y, and dA, its gradient by A. For the two of classes, A are
  // logits: the functions that make probabilities of them are in the loss.
  const LOSSES = {
    mse: {
      value: (A, Y) => sum(zip(A, Y, (a, y) => (a - y) ** 2)) / (2 * A.columns),
      gradient: (A, Y) => zip(A, Y, (a, y) => (a - y) / A.columns),
    },
    binary: {
      value: (A, Y) => sum(zip(A, Y, binary)) / A.columns,
      gradient: (A, Y) => zip(A, Y, (a, y) => (sigmoid(a) - y) / A.columns),
    },
    softmax: {
      value: (A, Y) => -sum(zip(logSoftmax(A), Y, (log, y) => y * log)) / A.columns,
      gradient: (A, Y) => zip(softmax(A), Y, (p, y) => (p - y) / A.columns),
    },
  };

  function binary(a, y) {
    return Math.max(a, 0) - a * y + Math.log1p(Math.exp(-Math.abs(a)));
  }

  // By log-sum-exp: a probability may be too small for a number, its logarithm is not.
  function logSoftmax(Z) {
    const result = matrix(Z.rows, Z.columns);
    for (let j = 0; j < Z.columns; j++) {
      let largest = -Infinity;
      let total = 0;
      for (let i = 0; i < Z.rows; i++) largest = Math.max(largest, Z.data[i * Z.columns + j]);
      for (let i = 0; i < Z.rows; i++) total += Math.exp(Z.data[i * Z.columns + j] - largest);
      for (let i = 0; i < Z.rows; i++) {
        const place = i * Z.columns + j;
        result.data[place] = Z.data[place] - largest - Math.log(total);
      }
    }
    return result;
  }

  // Weights by He or Xavier and biases 0, for sizes [n_0, ..., n_L] (stages 2 and 7).
  function initialize(sizes, random, kind = "he") {
    const parameters = {};
    for (let layer = 1; layer < sizes.length; layer++) {
      const [n_in, n_out] = [sizes[layer - 1], sizes[layer]];
      const variance = kind === "he" ? 2 / n_in : 2 / (n_in + n_out);
      const W = matrix(n_out, n_in);
      parameters[`W${layer}`] = map(W, () => random.normal() * Math.sqrt(variance));
      parameters[`b${layer}`] = matrix(n_out, 1);
    }
    return parameters;
  }

  function depth(parameters) {
    return Object.keys(parameters).filter((name) => name.startsWith("W")).length;
  }

  // The whole way forward (stage 4). activations: one of ACTIVATIONS for each layer.
  function forward(parameters, X, activations) {
    const cache = { A0: X };
    for (let layer = 1; layer <= depth(parameters); layer++) {
      const product = multiply(parameters[`W${layer}`], cache[`A${layer - 1}`]);
      cache[`Z${layer}`] = byRow(product, parameters[`b${layer}`], (z, b) => z + b);
      cache[`A${layer}`] = map(cache[`Z${layer}`], activations[layer - 1].value);
    }
    return cache;
  }

  function output(parameters, cache) {
    return cache[`A${depth(parameters)}`];
  }

  // λ/(2m) Σ ‖W‖²; m: samples of the whole training set.
  function penalty(parameters, l2, m) {
    let squares = 0;
    for (const [name, W] of Object.entries(parameters)) {
      if (name.startsWith("W")) squares += sum(map(W, (w) => w * w));
    }
    return (l2 / (2 * m)) * squares;
  }

  // The whole way back (stage 5), from dA of the loss.
  function backward(parameters, cache, dA, activations, l2 = 0, m = 1) {
    const gradients = {};
    for (let layer = depth(parameters); layer > 0; layer--) {
      const W = parameters[`W${layer}`];
      const dZ = zip(dA, cache[`Z${layer}`], (d, z) => d * activations[layer - 1].slope(z));
      const dW = multiply(dZ, transpose(cache[`A${layer - 1}`]));
      gradients[`dW${layer}`] = zip(dW, W, (d, w) => d + (l2 / m) * w);
      gradients[`db${layer}`] = rowSums(dZ);
      dA = multiply(transpose(W), dZ);
    }
    return gradients;
  }

  // How a gradient becomes a step: θ ← θ - η direction (stage 9).
  const OPTIMIZERS = { sgd: plain, momentum, adam };

  function plain() {
    return (name, g) => g;
  }

  function momentum(beta = 0.9) {
    const v = {};
    return (name, g) => (v[name] = v[name] ? zip(v[name], g, (old, d) => beta * old + d) : g);
  }

  function adam(beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8) {
    const moments = {};
    return (name, g) => {
      const own = (moments[name] ??= { steps: 0, v: map(g, () => 0), s: map(g, () => 0) });
      own.steps += 1;
      own.v = zip(own.v, g, (v, d) => beta1 * v + (1 - beta1) * d);
      own.s = zip(own.s, g, (s, d) => beta2 * s + (1 - beta2) * d * d);
      const [c1, c2] = [1 - beta1 ** own.steps, 1 - beta2 ** own.steps];
      return zip(own.v, own.s, (v, s) => v / c1 / (Math.sqrt(s / c2) + epsilon));
    };
  }

  // direction: of OPTIMIZERS, kept from step to step.
  function update(parameters, gradients, rate, direction) {
    const next = {};
    for (const [name, array] of Object.entries(parameters)) {
      const step = direction(name, gradients[`d${name}`]);
      next[name] = zip(array, step, (value, d) => value - rate * d);
    }
    return next;
  }

  // Batch normalization as it predicts, by the running statistics (stage 12).
  function normalize(X, { gamma, beta, running_mean, running_variance }, eps = 1e-5) {
    const roots = map(running_variance, (variance) => Math.sqrt(variance + eps));
    const hat = byRow(
      byRow(X, running_mean, (x, mean) => x - mean),
      roots,
      (x, root) => x / root,
    );
    return byRow(
      byRow(hat, gamma, (x, g) => g * x),
      beta,
      (x, b) => x + b,
    );
  }

  // Piecewise linear encoding (stage 10): of each feature a row for each bin between its edges.
  function encode(X, edges) {
    const rows = edges.reduce((count, own) => count + own.length - 1, 0);
    const E = matrix(rows, X.columns);
    let row = 0;
    edges.forEach((own, feature) => {
      for (let bin = 0; bin + 1 < own.length; bin++, row++) {
        for (let j = 0; j < X.columns; j++) {
          const width = own[bin + 1] - own[bin];
          let entry = (X.data[feature * X.columns + j] - own[bin]) / width;
          if (bin > 0) entry = Math.max(entry, 0); // the first goes on below the lowest edge
          if (bin + 2 < own.length) entry = Math.min(entry, 1); // the last above the highest
          E.data[row * X.columns + j] = entry;
        }
      }
    });
    return E;
  }

  Object.assign(nnfs, { ACTIVATIONS, LOSSES, OPTIMIZERS, sigmoid, softmax, initialize, depth });
  Object.assign(nnfs, { forward, output, penalty, backward, update, normalize, encode });
})((globalThis.nnfs ??= {}));
