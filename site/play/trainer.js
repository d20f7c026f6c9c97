// A network of the playground with its data: what the settings ask for, trained step by step.
(function (nnfs) {
  "use strict";
  const { ACTIVATIONS, LOSSES, OPTIMIZERS, SAMPLES, BUGS, map, take, generator } = nnfs;

  class Trainer {
    // settings: settled ones of settings.js. The same settings give the same run.
    constructor(settings) {
      this.settings = settings;
      this.bug = BUGS[settings.bug];
      const seed = Number(settings.seed);
      const { train, test } = nnfs.drawSamples(settings.data, Number(settings.noise), seed);
      this.scale = this.bug.targets ? 100 : 1; // of the targets
      this.parts = { train, test };
      for (const part of [train, test]) {
        if (this.bug.targets) part.Y = this.bug.targets(part.Y);
      }
      this.random = generator(seed + 1000003); // apart from the one that drew the data
      const sizes = [2, ...nnfs.settings.sizes(settings.hidden), 1];
      // tanh and sigmoid start as Xavier asks, the others as He does.
      const kind = ["tanh", "sigmoid"].includes(settings.activation) ? "xavier" : "he";
      this.parameters = nnfs.initialize(sizes, this.random, kind);
      if (this.bug.start) this.parameters = this.bug.start(this.parameters);
      this.loss = settings.output === "sigmoid" ? LOSSES.binary : LOSSES.mse;
      const last = settings.output === "sigmoid" ? "identity" : settings.output; // logits
      const names = [...sizes.slice(1, -1).map(() => settings.activation), last];
      this.activations = names.map((name) => ACTIVATIONS[name]);
      // The slopes of the way back: those of the activations, but for a bug.
      this.slopes = this.activations.map((own, place) =>
        this.bug.slopes && names[place] === "relu" ? this.bug.slopes(own) : own,
      );
      this.direction = OPTIMIZERS[settings.optimizer]();
      this.steps = 0;
      this.waiting = []; // batches of this epoch that are still to come
      this.batches = this.cut();
      this.history = [];
      this.record();
    }

    get m() {
      return this.parts.train.X.columns;
    }

    get finite() {
      return Number.isFinite(this.history.at(-1).train);
    }

    get epochs() {
      return this.steps / this.batches;
    }

    // Fill `waiting` with the batches of an epoch, and return how many there are.
    cut() {
      const { batch } = this.settings;
      const size = batch === "full" ? this.m : Number(batch);
      const cutAll = (order) => {
        const batches = [];
        for (let start = 0; start < this.m; start += size) batches.push(order.slice(start, start + size));
        return batches;
      };
      if (this.bug.sorted) {
        const { Y } = this.parts.train;
        const order = Array.from({ length: this.m }, (_, place) => place);
        const batches = cutAll(order.sort((a, b) => Y.data[a] - Y.data[b]));
        this.waiting = this.random.permutation(batches.length).map((place) => batches[place]);
      } else if (size === this.m) {
        this.waiting = [null]; // all, in their order
      } else {
        this.waiting = cutAll(this.random.permutation(this.m));
      }
      return this.waiting.length;
    }

    // One update. Nothing happens any more once the loss is not finite.
    step() {
      if (!this.finite) return;
      if (this.waiting.length === 0) this.cut();
      const batch = this.waiting.shift();
      const { X, Y } = this.parts.train;
      this.update(batch ? take(X, batch) : X, batch ? take(Y, batch) : Y);
      this.steps += 1;
      if (this.waiting.length === 0) this.record();
    }

    update(X, Y) {
      const cache = nnfs.forward(this.parameters, X, this.activations);
      const dA = this.loss.gradient(nnfs.output(this.parameters, cache), Y);
      const l2 = Number(this.settings.l2);
      let gradients = nnfs.backward(this.parameters, cache, dA, this.slopes, l2, this.m);
      if (this.bug.gradients) gradients = this.bug.gradients(gradients, X.columns);
      const rate = Number(this.settings.rate);
      this.parameters = nnfs.update(this.parameters, gradients, rate, this.direction);
      if (this.bug.after) this.parameters = this.bug.after(this.parameters);
      this.gradients = gradients;
    }

    // Keep the losses of this moment, without the penalty.
    record() {
      const [train, test] = [this.parts.train, this.parts.test].map(({ X, Y }) =>
        this.loss.value(this.outputs(X), Y),
      );
      this.history.push({ epoch: this.epochs, train, test });
    }

    outputs(X) {
      const cache = nnfs.forward(this.parameters, X, this.activations);
      return nnfs.output(this.parameters, cache);
    }

    // Between 0 and 1 for what has learnt: outputs as targets are before a bug scales them.
    predictions(A) {
      if (this.settings.output === "sigmoid") return map(A, nnfs.sigmoid);
      return map(A, (a) => a / this.scale);
    }

    // The share of test points on the right side of one half; null for numbers.
    accuracy() {
      if (!SAMPLES[this.settings.data].classes) return null;
      const { X, Y } = this.parts.test;
      const P = this.predictions(this.outputs(X)).data;
      return P.filter((p, i) => p > 0.5 === Y.data[i] > 0.5).length / P.length;
    }

    // The training loss of one number for all points: the mean target (of classes, its logit).
    meanPredictor() {
      const { Y } = this.parts.train;
      const mean = nnfs.sum(Y) / this.m;
      const best = this.settings.output === "sigmoid" ? Math.log(mean / (1 - mean)) : mean;
      return this.loss.value(
        map(Y, () => best),
        Y,
      );
    }
  }

  Object.assign(nnfs, { Trainer });
})((globalThis.nnfs ??= {}));
