// Of several requests only the newest matters: starting one cancels the one before, whose answer is dropped.

export class Latest {
  #controller = null;
  #timer = 0;

  /** After `wait` milliseconds calls `work(signal)`, unless something newer comes first. */
  schedule(wait, work) {
    this.cancel();
    const controller = new AbortController();
    this.#controller = controller;
    this.#timer = setTimeout(() => {
      work(controller.signal).catch((problem) => {
        if (!controller.signal.aborted) throw problem;
      });
    }, wait);
  }

  /** What is under way is not wanted any more. */
  cancel() {
    clearTimeout(this.#timer);
    this.#controller?.abort();
    this.#controller = null;
  }
}
