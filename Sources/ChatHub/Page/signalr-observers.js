import { LogLevel } from "./signalr-log.js";

/** The callbacks of one event of a connection's life. */
export class Observers {
  #callbacks = [];
  #logger;

  constructor(logger) {
    this.#logger = logger;
  }

  add(callback) {
    this.#callbacks.push(callback);
  }

  notify(connection, argument) {
    for (const callback of this.#callbacks) {
      try {
        callback.call(connection, argument);
      } catch (error) {
        this.#logger.log(LogLevel.Error, `A lifecycle callback threw error '${error}'.`);
      }
    }
  }
}
