import { LogLevel } from "./signalr-log.js";

/** The handlers that the server can invoke, by name without regard to case. */
export class ClientMethods {
  #handlers = new Map();
  #logger;

  constructor(logger) {
    this.#logger = logger;
  }

  add(methodName, handler) {
    const name = methodName?.toLowerCase();
    const handlers = this.#handlers.get(name) ?? [];
    if (name && handler && !handlers.includes(handler)) {
      this.#handlers.set(name, [...handlers, handler]);
    }
  }

  /** Without a handler, all handlers of the method are removed. */
  remove(methodName, handler) {
    const name = methodName?.toLowerCase();
    const others = handler ? (this.#handlers.get(name) ?? []).filter((other) => other !== handler) : [];
    if (others.length) {
      this.#handlers.set(name, others);
    } else {
      this.#handlers.delete(name);
    }
  }

  /** Runs the handlers now, in order; resolves with the `{ result }` or `{ error }` of a client result. */
  run(target, args) {
    const handlers = this.#handlers.get(target.toLowerCase()) ?? [];
    if (handlers.length === 0) {
      this.#logger.log(LogLevel.Warning, `No client method with the name '${target}' found.`);
    }
    return this.#answer(target, handlers.map((handler) => {
      try {
        return Promise.resolve(handler(...args));
      } catch (error) {
        return Promise.reject(error);
      }
    }));
  }

  async #answer(target, outcomes) {
    const values = [];
    let failure;
    for (const outcome of await Promise.allSettled(outcomes)) {
      if (outcome.status === "rejected") {
        failure = `${outcome.reason}`;
        this.#logger.log(LogLevel.Error, `A callback for the method '${target}' threw error '${failure}'.`);
      } else if (outcome.value !== undefined) {
        values.push(outcome.value);
      }
    }
    if (values.length > 1) {
      return { error: "Client provided multiple results." };
    }
    return values.length === 1 ? { result: values[0] } : { error: failure ?? "Client didn't provide a result." };
  }
}
