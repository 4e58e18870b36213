// The field one types into. It is as high as its text, and it may hold an example, which typing replaces.

const LONG = 240; // characters from which on letters are smaller

export class SourceField {
  #field;
  #onInput;
  #example = false;
  #entered = false;

  /** onInput(pause): the text is another one; without a pause somebody is typing. */
  constructor(field, { onInput }) {
    this.#field = field;
    this.#onInput = onInput;
    field.addEventListener("input", (event) => {
      this.#changed();
      if (!event.isComposing) onInput(); // while pinyin is being typed there is nothing to translate yet
    });
    field.addEventListener("compositionend", () => this.#onInput());
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#onInput(0);
    });
    field.addEventListener("focus", () => {
      this.#entered = true;
      this.#selectExample();
    });
    field.addEventListener("click", () => {
      if (this.#entered) this.#selectExample(); // a click has put the cursor somewhere
      this.#entered = false;
    });
    if (!CSS.supports("field-sizing", "content")) addEventListener("resize", () => this.#fit());
  }

  get text() {
    return this.#field.value;
  }

  set text(text) {
    this.#field.value = text;
    this.#changed();
  }

  /** Whether the text is an example that nobody has changed. */
  get holdsExample() {
    return this.#example;
  }

  showExample(text) {
    this.text = text;
    this.#example = true;
  }

  focus() {
    this.#field.focus();
  }

  /** So that what is typed takes its index. */
  #selectExample() {
    if (this.#example) this.#field.select();
  }

  #changed() {
    this.#example = false;
    this.#field.closest(".panes").classList.toggle("long", this.text.length > LONG);
    this.#fit();
  }

  /** Where the style sheet cannot make the field as high as its text. */
  #fit() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#field.style.setProperty("height", "auto");
    this.#field.style.setProperty("height", `${this.#field.scrollHeight}px`);
  }
}
