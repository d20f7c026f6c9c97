// A trained network out of a weights_*.js: tools/weights.py wrote it, tests compare its predictions.
(function (nnfs) {
  "use strict";
  const { matrix, map, byRow } = nnfs;

  function column(numbers) {
    return matrix(numbers.length, 1, numbers);
  }

  // Whole numbers of 16 bits, low byte first, times the scale of their row.
  function unpack({ rows, columns, scales, numbers }) {
    const bytes = Uint8Array.from(atob(numbers), (letter) => letter.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const W = matrix(rows, columns);
    for (let place = 0; place < W.data.length; place++) {
      W.data[place] = view.getInt16(2 * place, true) * scales[Math.floor(place / columns)];
    }
    return W;
  }

  const KINDS = {
    linear({ W: packed, b }) {
      const [W, bias] = [unpack(packed), column(b)];
      return (X) => byRow(nnfs.multiply(W, X), bias, (z, own) => z + own);
    },
    batch_norm({ eps, gamma, beta, running_mean, running_variance }) {
      const arrays = { gamma, beta, running_mean, running_variance };
      const columns = Object.fromEntries(Object.entries(arrays).map(([name, a]) => [name, column(a)]));
      return (X) => nnfs.normalize(X, columns, eps);
    },
    relu: () => (X) => map(X, nnfs.ACTIVATIONS.relu.value),
    identity: () => (X) => X,
  };

  function encoder({ encoding, edges, mean, std }) {
    if (encoding === "bins") return (X) => nnfs.encode(X, edges);
    return (X) => map(X, (x) => (x - mean[0]) / std[0]); // standard_all: one scale for all features
  }

  // facts: of nnfs.weights. run(X), for raw samples, gives the outputs of all ReLUs, the logits or
  // numbers before the end, and the prediction: probabilities, or numbers in the target's unit.
  function readModel(facts) {
    const encodeInputs = encoder(facts.inputs);
    const layers = facts.layers.map((layer) => [layer.kind, KINDS[layer.kind](layer)]);
    const [start, width] = facts.ends;

    function run(X) {
      let A = encodeInputs(X);
      const hidden = [];
      for (const [kind, forward] of layers) {
        A = forward(A);
        if (kind === "relu") hidden.push(A);
      }
      const ofClasses = facts.classes.length > 0;
      return { hidden, prediction: ofClasses ? nnfs.softmax(A) : map(A, (a) => width * a + start) };
    }

    return { run, facts };
  }

  Object.assign(nnfs, { readModel });
})((globalThis.nnfs ??= {}));
