// One line of time through both networks: nothing read, each piece read, the vector, each piece written.

export class Timeline {
  #read;
  #written;

  /** read, written: how many steps each network makes. */
  constructor(read, written) {
    this.#read = read;
    this.#written = written;
  }

  /** The last position; the first is 0. */
  get last() {
    return this.#read + 1 + this.#written;
  }

  /** Where reading ends, which is a good moment to begin looking. */
  get allRead() {
    return this.#read;
  }

  /** A position as a moment: {phase: start | reading | vector | writing, step, steps}; steps count from 0. */
  at(position) {
    if (position <= 0) return { phase: "start", step: 0, steps: 0 };
    if (position <= this.#read) return { phase: "reading", step: position - 1, steps: this.#read };
    if (position === this.#read + 1) return { phase: "vector", step: 0, steps: 1 };
    return { phase: "writing", step: position - this.#read - 2, steps: this.#written };
  }

  reading(step) {
    return step + 1;
  }

  get vector() {
    return this.#read + 1;
  }

  writing(step) {
    return this.#read + 2 + step;
  }

  /** {read, vector, written}: how much of it has happened at a moment. */
  static done({ phase, step, steps }) {
    if (phase === "start") return { read: 0, vector: false, written: 0 };
    if (phase === "reading") return { read: step + 1, vector: false, written: 0 };
    return { read: Infinity, vector: true, written: phase === "writing" ? Math.min(step + 1, steps) : 0 };
  }
}
