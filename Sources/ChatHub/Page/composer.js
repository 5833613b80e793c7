/** The prompt box: Enter sends, Shift+Enter makes a new line, Arrow Up in an empty box brings the last prompt back. */
export class Composer {
  #form;
  #box;
  #last = "";

  constructor(form, onsend) {
    this.#form = form;
    this.#box = form.querySelector("textarea");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(onsend);
    });
    this.#box.addEventListener("input", () => this.#resize());
    this.#box.addEventListener("keydown", (event) => this.#keyDown(event));
    this.#resize();
  }

  focus() {
    this.#box.focus();
  }

  edit(text) {
    this.#box.value = text;
    this.#resize();
    this.#box.focus();
  }

  // While an input method composes, Enter chooses a candidate; Safari reports that Enter as key code 229.
  #keyDown(event) {
    if (event.isComposing || event.keyCode === 229) {
      return;
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#form.requestSubmit();
    } else if (event.key === "ArrowUp" && this.#box.value === "" && this.#last) {
      event.preventDefault();
      this.edit(this.#last);
    }
  }

  #send(onsend) {
    const prompt = this.#box.value.trim();
    if (prompt) {
      this.#last = prompt;
      this.edit("");
      onsend(prompt);
    }
  }

  #resize() {
    this.#box.style.height = "auto";
    this.#box.style.height = `${this.#box.scrollHeight}px`;
    this.#form.querySelector("[type=submit]").disabled = this.#box.value.trim() === "";
  }
}
