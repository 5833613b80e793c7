/**
 * Calls `paint` once per animation frame, however often something changed since the last one. A reply may grow a hundred
 * times a second; the screen shows sixty of them at most.
 *
 * A page that is not visible gets no frames, so a timer of a second stands in for them.
 */
export class Frame {
  private frame?: number;
  private timer?: ReturnType<typeof setTimeout>;

  constructor(private readonly paint: () => void) {}

  changed(): void {
    if (this.timer !== undefined) {
      return;
    }
    this.timer = setTimeout(() => this.now(), 1000);
    this.frame = requestAnimationFrame(() => this.now());
  }

  /** At once, with everything that changed. */
  now(): void {
    this.cancel();
    this.paint();
  }

  cancel(): void {
    clearTimeout(this.timer);
    if (this.frame !== undefined) {
      cancelAnimationFrame(this.frame);
    }
    this.timer = this.frame = undefined;
  }
}
