// The playground's picture of its network: a map for each unit, a line for each weight, its numbers.
(function (nnfs) {
  "use strict";
  const { el, svg, number } = nnfs;
  const UNIT = 34;

  // A unit's output over the map, as a share of its largest.
  function unitShares(A, place) {
    const own = Array.from(A.data.subarray(place * A.columns, (place + 1) * A.columns));
    const most = Math.max(1e-12, ...own.map(Math.abs));
    return own.map((value) => value / most);
  }

  class Diagram {
    constructor() {
      this.box = el("div", { class: "play-network" });
      this.numbers = el("p", { class: "play-numbers", id: "play-numbers" });
      this.units = []; // [{layer, place, canvas, button}] of all maps
      this.chosen = null; // the unit whose numbers are shown: [layer, place]
    }

    // Make the units for a trainer's network.
    build(trainer) {
      this.trainer = trainer;
      [this.units, this.chosen] = [[], null];
      const sizes = [2, ...nnfs.settings.sizes(trainer.settings.hidden), 1];
      const columns = sizes.map((count, layer) => {
        const column = el("div", { class: "play-layer" });
        for (let place = 0; place < count; place++) column.append(this.unit(layer, place));
        return column;
      });
      this.box.replaceChildren(svg("svg", { "aria-hidden": "true" }), ...columns);
    }

    unit(layer, place) {
      const map = nnfs.canvas(UNIT, UNIT, "");
      map.removeAttribute("role");
      const show = () => {
        this.chosen = [layer, place];
        this.showNumbers();
      };
      const listeners = { onfocus: show, onclick: show, onmouseenter: show };
      const button = el("button", { type: "button", class: "play-unit", ...listeners }, map);
      this.units.push({ layer, place, canvas: map, button });
      return button;
    }

    // cache: of the samples of a map; shares: of the prediction.
    draw(cache, shares, colours) {
      for (const { layer, place, canvas } of this.units) {
        const isLast = layer === nnfs.depth(this.trainer.parameters);
        nnfs.drawMap(canvas, isLast ? shares : unitShares(cache[`A${layer}`], place), colours);
      }
      this.drawLines();
      this.showNumbers();
    }

    // A line for each weight: as thick as it is large, dashed if it is negative.
    drawLines() {
      const middle = ({ button: box }) => [
        box.offsetLeft + box.offsetWidth / 2,
        box.offsetTop + box.offsetHeight / 2,
      ];
      const made = [];
      for (const to of this.units.filter(({ layer }) => layer > 0)) {
        const W = this.trainer.parameters[`W${to.layer}`];
        for (const from of this.units.filter(({ layer }) => layer === to.layer - 1)) {
          const w = W.data[to.place * W.columns + from.place];
          const [[x1, y1], [x2, y2]] = [middle(from), middle(to)];
          const look = w < 0 ? "play-weight play-negative" : "play-weight";
          const width = Math.min(5, 0.4 + 1.2 * Math.abs(w) || 0.4);
          made.push(svg("line", { x1, y1, x2, y2, class: look, "stroke-width": width }));
        }
      }
      this.box.firstChild.replaceChildren(...made);
    }

    words(layer, place) {
      if (layer === 0) return `x${"₁₂"[place]}: a feature, from −2 to 2.`;
      const { parameters } = this.trainer;
      const [W, b] = [parameters[`W${layer}`], parameters[`b${layer}`]];
      const row = W.data.subarray(place * W.columns, (place + 1) * W.columns);
      const weights = Array.from(row, (w) => number(w)).join(", ");
      const isLast = layer === nnfs.depth(parameters);
      const name = isLast ? "The output" : `Unit ${place + 1} of layer ${layer}`;
      const from = layer === 1 ? "x₁ and x₂" : `layer ${layer - 1}, unit by unit`;
      return `${name}: weights ${weights} from ${from}; bias ${number(b.data[place])}.`;
    }

    showNumbers() {
      const { chosen } = this;
      for (const { layer, place, button } of this.units) {
        button.setAttribute("aria-label", this.words(layer, place));
        const isChosen = chosen !== null && chosen[0] === layer && chosen[1] === place;
        button.classList.toggle("play-chosen", isChosen);
      }
      const help = "Point at a unit, or go to it with Tab, to read its weights.";
      this.numbers.textContent = chosen ? this.words(...chosen) : help;
    }
  }

  Object.assign(nnfs, { Diagram });
})((globalThis.nnfs ??= {}));
