/** Tries to open a connection again and again, as long as a policy has another delay. */
export class ReconnectLoop {
  #policy;
  #cancelWait = () => {};

  constructor(policy) {
    this.#policy = policy;
  }

  /**
   * `begin` is called when there is a first delay, `open` after each, `failed` with the error of each that it had.
   * `isWanted` tells whether to go on.
   *
   * Resolves to `{ isOpen, error }`: the error is the last one when the policy has given up.
   */
  async run(error, { begin, open, failed, isWanted }) {
    const start = Date.now();
    let retryReason = error ?? new Error("Attempting to reconnect due to a unknown error.");
    for (let previousRetryCount = 0; ; previousRetryCount++) {
      const delay = this.#policy.nextRetryDelayInMilliseconds({
        previousRetryCount, elapsedMilliseconds: previousRetryCount && Date.now() - start, retryReason,
      });
      if (delay === null || delay === undefined) {
        return { isOpen: false, error: retryReason };
      }
      if (previousRetryCount === 0) {
        begin();
      }
      try {
        if (isWanted()) {
          await this.#wait(delay);
        }
        if (isWanted()) {
          await open();
          return { isOpen: true };
        }
      } catch (failure) {
        retryReason = failure;
        failed(failure);
      }
      if (!isWanted()) {
        return { isOpen: false };
      }
    }
  }

  /** Cuts the wait for the next attempt short. */
  hurry() {
    this.#cancelWait();
  }

  #wait(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#cancelWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
