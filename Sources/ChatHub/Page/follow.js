/** Keeps the end of a growing conversation in view while the reader is there, and leaves the reader alone elsewhere. */
export class Follower {
  #scroller;
  #button;
  #following = true;
  #lastTop = 0;

  constructor(scroller, button) {
    this.#scroller = scroller;
    this.#button = button;
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    button.addEventListener("click", () => this.jump());
    new ResizeObserver(() => this.grown()).observe(scroller);
  }

  grown() {
    if (this.#following) {
      this.#scroller.scrollTop = this.#scroller.scrollHeight;
    }
    this.#update();
  }

  jump() {
    this.#following = true;
    this.grown();
  }

  // Any step upwards ends the following, else a fast reply would pull the reader back before the threshold.
  #scrolled() {
    const top = this.#scroller.scrollTop;
    if (this.#distance <= 4) {
      this.#following = true;
    } else if (top < this.#lastTop) {
      this.#following = false;
    }
    this.#lastTop = top;
    this.#update();
  }

  get #distance() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight;
  }

  #update() {
    this.#button.hidden = this.#following || this.#distance < 80;
  }
}
