import { StreamResult } from "./signalr-stream.js";

/** The client's invocations and streams that the server has not completed. */
export class PendingCalls {
  #calls = new Map();
  #nextInvocationID = 0;
  #onstrayitem;

  /** `onstrayitem` is told the target of an invocation that was sent an item. */
  constructor(onstrayitem) {
    this.#onstrayitem = onstrayitem;
  }

  /** `send` gets the invocation id and may throw; the promise has the result. */
  invoke(target, send) {
    const { promise, resolve, reject } = Promise.withResolvers();
    const id = this.#add({
      item: () => this.#onstrayitem(target),
      done: ({ error, result }) => (error ? reject(new Error(error)) : resolve(result)),
      cancelled: reject,
    });
    this.#send(id, send);
    return promise;
  }

  /** Where `send` throws, the subscribers are told. `cancel` gets the id of a stream that nobody reads any more. */
  stream(send, cancel) {
    const result = new StreamResult(() => {
      this.#calls.delete(id);
      cancel(id);
    });
    const id = this.#add({
      item: (item) => result.next(item),
      done: ({ error }) => (error ? result.error(new Error(error)) : result.complete()),
      cancelled: (error) => result.error(error),
    });
    try {
      this.#send(id, send);
    } catch (error) {
      queueMicrotask(() => result.error(error));
    }
    return result;
  }

  item({ invocationId, item }) {
    this.#calls.get(invocationId)?.item(item);
  }

  completed(message) {
    const call = this.#calls.get(message.invocationId);
    this.#calls.delete(message.invocationId);
    call?.done(message);
  }

  /** Takes all that are pending; what is returned tells them why they end. */
  takeAll() {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    return (reason) => calls.forEach((call) => call.cancelled(reason));
  }

  #add(call) {
    const id = `${this.#nextInvocationID++}`;
    this.#calls.set(id, call);
    return id;
  }

  #send(id, send) {
    try {
      send(id);
    } catch (error) {
      this.#calls.delete(id);
      throw error;
    }
  }
}
