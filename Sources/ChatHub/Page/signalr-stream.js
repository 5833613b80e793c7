/** What `HubConnection.stream` returns. Items that arrive before the first `subscribe` are not kept. */
export class StreamResult {
  #observers = new Set();
  #cancel;
  #ended = false;

  constructor(cancel) {
    this.#cancel = cancel;
  }

  /** `observer` is `{ next(item), error(error), complete() }`. Disposing the last subscription cancels the stream. */
  subscribe(observer) {
    this.#observers.add(observer);
    return {
      dispose: () => {
        if (this.#observers.delete(observer) && this.#observers.size === 0 && !this.#ended) {
          this.#ended = true;
          this.#cancel();
        }
      },
    };
  }

  next(item) {
    this.#observers.forEach((observer) => observer.next(item));
  }

  error(error) {
    this.#ended = true;
    this.#observers.forEach((observer) => observer.error?.(error));
  }

  complete() {
    this.#ended = true;
    this.#observers.forEach((observer) => observer.complete?.());
  }
}
