// A pad to draw on: with finger or mouse, or with a pen that keys move.
(function (nnfs) {
  "use strict";
  const { el, css } = nnfs;
  const SIZE = 280;
  const KEYS = 14; // squares of the keyboard's pen along a side
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const HELP =
    "A pad to draw a digit on. With the keyboard: arrows move the pen, space puts it down and lifts it, " +
    "Backspace takes the last line back.";

  class Pad {
    // changed(): while a line grows; done(): when it has ended, or is taken back.
    constructor(changed, done) {
      [this.changed, this.done] = [changed, done];
      this.strokes = []; // lists of [x, y]
      this.picture = null; // 64 pixels that are shown instead of strokes
      this.drawing = false; // whether finger or mouse is down
      this.pen = { x: KEYS / 2, y: KEYS / 2, down: false, used: false }; // the keyboard's
      this.canvas = nnfs.canvas(SIZE, SIZE, HELP);
      this.canvas.tabIndex = 0;
      this.canvas.setAttribute("role", "application");
      this.canvas.className = "play-pad";
      this.state = el("p", { class: "play-pen", role: "status", "aria-live": "polite" });
      this.listen();
    }

    listen() {
      const on = (name, listener) => this.canvas.addEventListener(name, listener);
      on("pointerdown", (event) => {
        if (!event.isPrimary || event.button !== 0) return; // a second finger, the right button
        event.preventDefault(); // no scrolling, no marking of text
        this.canvas.focus({ preventScroll: true });
        this.canvas.setPointerCapture(event.pointerId);
        [this.drawing, this.pen.down, this.pen.used] = [true, false, false];
        this.begin(this.at(event));
        this.changed();
      });
      on("pointermove", (event) => {
        if (!this.drawing || !event.isPrimary) return;
        this.strokes.at(-1).push(this.at(event));
        this.changed();
      });
      for (const name of ["pointerup", "pointercancel"]) {
        on(name, (event) => {
          if (!event.isPrimary) return;
          if (this.drawing) this.done();
          this.drawing = false;
        });
      }
      on("keydown", (event) => this.key(event));
    }

    at(event) {
      const box = this.canvas.getBoundingClientRect();
      return [
        (SIZE * (event.clientX - box.left)) / box.width,
        (SIZE * (event.clientY - box.top)) / box.height,
      ];
    }

    begin(point) {
      if (this.picture) this.strokes = [];
      this.picture = null;
      this.strokes.push([point]);
    }

    key(event) {
      const { pen } = this;
      if (!(event.key in STEPS) && event.key !== " " && event.key !== "Backspace") return;
      event.preventDefault();
      pen.used = true;
      const here = () => [pen.x, pen.y].map((square) => ((square + 0.5) * SIZE) / KEYS);
      if (event.key === "Backspace") {
        this.undo();
      } else if (event.key === " ") {
        pen.down = !pen.down;
        if (pen.down) this.begin(here());
      } else {
        const [x, y] = STEPS[event.key];
        pen.x = Math.min(KEYS - 1, Math.max(0, pen.x + x));
        pen.y = Math.min(KEYS - 1, Math.max(0, pen.y + y));
        if (pen.down) this.strokes.at(-1).push(here());
      }
      this.state.textContent = `Pen ${pen.down ? "down" : "up"}, column ${pen.x + 1}, row ${pen.y + 1}.`;
      this.done();
    }

    // Show a stored picture, or, without one, nothing.
    show(picture = null) {
      [this.strokes, this.picture, this.pen.down] = [[], picture, false];
      this.state.textContent = "";
      this.done();
    }

    undo() {
      if (this.picture) return this.show();
      [this.strokes, this.pen.down] = [this.strokes.slice(0, -1), false];
      this.done();
    }

    draw({ lines, middle }) {
      const context = this.canvas.getContext("2d");
      context.fillStyle = css(middle);
      context.fillRect(0, 0, SIZE, SIZE);
      context.strokeStyle = lines.text;
      context.fillStyle = lines.text;
      [context.lineWidth, context.lineCap, context.lineJoin] = [18, "round", "round"];
      for (const stroke of this.strokes) {
        context.beginPath();
        for (const [x, y] of stroke) context.lineTo(x, y);
        if (stroke.length === 1) context.lineTo(stroke[0][0], stroke[0][1] + 0.1);
        context.stroke();
      }
      const square = SIZE / 8;
      (this.picture ?? []).forEach((value, place) => {
        context.globalAlpha = value / 16;
        context.fillRect((place % 8) * square, Math.floor(place / 8) * square, square, square);
      });
      context.globalAlpha = 1;
      if (this.pen.used) {
        const side = SIZE / KEYS;
        [context.lineWidth, context.strokeStyle] = [3, lines.one];
        context.strokeRect(this.pen.x * side, this.pen.y * side, side, side);
      }
    }
  }

  Object.assign(nnfs, { Pad });
})((globalThis.nnfs ??= {}));
