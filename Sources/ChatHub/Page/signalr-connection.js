import { KeepAlive } from "./signalr-keepalive.js";
import { LogLevel } from "./signalr-log.js";
import { ClientMethods } from "./signalr-methods.js";
import { MessageType, handshakeRequest, parse, parseHandshake, write } from "./signalr-protocol.js";
import { StreamResult } from "./signalr-stream.js";
import { Transport } from "./signalr-transport.js";

export const HubConnectionState = Object.freeze({
  Disconnected: "Disconnected", Connecting: "Connecting", Connected: "Connected",
  Disconnecting: "Disconnecting", Reconnecting: "Reconnecting",
});

const { Disconnected, Connecting, Connected, Disconnecting, Reconnecting } = HubConnectionState;

export class HubConnection {
  serverTimeoutInMilliseconds = 30_000;
  keepAliveIntervalInMilliseconds = 15_000;

  #baseURL;
  #options;
  #logger;
  #reconnectPolicy;
  #state = Disconnected;
  #transport;
  #handshake;
  #methods;
  #pending = new Map();
  #nextInvocationID = 0;
  #observers = { close: [], reconnecting: [], reconnected: [] };
  #keepAlive = new KeepAlive();
  #cancelWait = () => {};
  #stopping;

  /** Made by `HubConnectionBuilder.build()`. */
  constructor(url, options, logger, reconnectPolicy) {
    this.#baseURL = url;
    this.#options = options;
    this.#logger = logger;
    this.#reconnectPolicy = reconnectPolicy;
    this.#methods = new ClientMethods(logger);
    this.#keepAlive.onpingdue = () => this.#trySend({ type: MessageType.Ping });
    this.#keepAlive.onserversilent = () => this.#transport?.stop(
      new Error("Server timeout elapsed without receiving a message from the server."));
  }

  get state() {
    return this.#state;
  }

  /** The id that the server gave, new after each reconnect; null before the start and without negotiation. */
  get connectionId() {
    return this.#transport?.connectionId ?? null;
  }

  get baseUrl() {
    return this.#baseURL;
  }

  set baseUrl(url) {
    if (this.#state !== Disconnected && this.#state !== Reconnecting) {
      throw new Error("The HubConnection must be in the Disconnected or Reconnecting state to change the url.");
    }
    this.#baseURL = url;
  }

  async start() {
    if (this.#state !== Disconnected) {
      throw new Error("Cannot start a HubConnection that is not in the 'Disconnected' state.");
    }
    this.#state = Connecting;
    try {
      await this.#open();
    } catch (error) {
      this.#disconnected();
      throw error;
    }
  }

  /** Resolves when the connection is in the Disconnected state. */
  stop() {
    const state = this.#state;
    if (state === Disconnected) {
      return Promise.resolve();
    }
    this.#stopping ??= Promise.withResolvers();
    const { promise } = this.#stopping;
    if (state !== Disconnecting) {
      this.#state = Disconnecting;
      if (state === Connected) {
        this.#trySend({ type: MessageType.Close });
      }
      this.#cancelWait();
      this.#transport?.stop();
    }
    return promise;
  }

  on(methodName, handler) {
    this.#methods.add(methodName, handler);
  }

  off(methodName, handler) {
    this.#methods.remove(methodName, handler);
  }

  onclose(callback) {
    this.#observers.close.push(callback);
  }

  onreconnecting(callback) {
    this.#observers.reconnecting.push(callback);
  }

  onreconnected(callback) {
    this.#observers.reconnected.push(callback);
  }

  /** Resolves when the server has the message in its socket's buffer, not when the method ran. */
  async send(target, ...args) {
    this.#send({ type: MessageType.Invocation, target, arguments: args });
  }

  async invoke(target, ...args) {
    const { promise, resolve, reject } = Promise.withResolvers();
    const invocationId = this.#register({
      item: () => this.#logger.log(LogLevel.Error, `'${target}' is not a streaming method, but sent an item.`),
      done: ({ error, result }) => (error ? reject(new Error(error)) : resolve(result)),
      cancelled: reject,
    });
    this.#sendFor(invocationId, { type: MessageType.Invocation, invocationId, target, arguments: args });
    return promise;
  }

  stream(target, ...args) {
    const result = new StreamResult(() => {
      this.#pending.delete(invocationId);
      this.#trySend({ type: MessageType.CancelInvocation, invocationId });
    });
    const invocationId = this.#register({
      item: (item) => result.next(item),
      done: ({ error }) => (error ? result.error(new Error(error)) : result.complete()),
      cancelled: (error) => result.error(error),
    });
    try {
      this.#sendFor(invocationId, { type: MessageType.StreamInvocation, invocationId, target, arguments: args });
    } catch (error) {
      queueMicrotask(() => result.error(error));
    }
    return result;
  }

  // Opening: negotiate, socket, handshake.

  async #open() {
    const transport = new Transport(this.#options, this.#logger);
    const handshake = (this.#handshake = Promise.withResolvers());
    handshake.promise.catch(() => {});
    this.#transport = transport;
    transport.onreceive = (text) => this.#receive(text);
    transport.onclose = (error) => this.#closed(transport, error);
    try {
      await transport.start(this.#baseURL);
      transport.send(handshakeRequest);
      this.#keepAlive.received(this.serverTimeoutInMilliseconds);
      await handshake.promise;
    } catch (error) {
      this.#keepAlive.stop();
      if (this.#transport === transport) {
        this.#transport = undefined;
      }
      throw error;
    }
  }

  #receiveHandshake(text) {
    const { response, rest } = parseHandshake(text);
    if (response.error) {
      throw new Error(`Server returned handshake error: ${response.error}`);
    }
    this.#state = Connected;
    this.#handshake.resolve();
    this.#handshake = undefined;
    this.#send({ type: MessageType.Ping });
    return rest;
  }

  // Messages.

  #receive(text) {
    this.#keepAlive.received(this.serverTimeoutInMilliseconds);
    const messages = this.#handshake ? this.#receiveHandshake(text) : text;
    for (const message of messages ? parse(messages) : []) {
      this.#handle(message);
    }
  }

  #handle(message) {
    switch (message.type) {
      case MessageType.Invocation:
        this.#runMethod(message);
        break;
      case MessageType.StreamItem:
        this.#pending.get(message.invocationId)?.item(message.item);
        break;
      case MessageType.Completion: {
        const call = this.#pending.get(message.invocationId);
        this.#pending.delete(message.invocationId);
        call?.done(message);
        break;
      }
      case MessageType.Close:
        this.#serverClosed(message);
        break;
    }
  }

  #serverClosed({ error: text, allowReconnect }) {
    const error = text ? new Error(`Server returned an error on close: ${text}`) : undefined;
    if (!allowReconnect) {
      this.#state = Disconnecting;
    }
    this.#transport?.stop(error);
  }

  async #runMethod({ target, arguments: args, invocationId }) {
    const answer = await this.#methods.run(target, args);
    if (invocationId !== undefined) {
      this.#trySend({ type: MessageType.Completion, invocationId, ...answer });
    }
  }

  #register(call) {
    const invocationID = `${this.#nextInvocationID++}`;
    this.#pending.set(invocationID, call);
    return invocationID;
  }

  #sendFor(invocationID, message) {
    try {
      this.#send(message);
    } catch (error) {
      this.#pending.delete(invocationID);
      throw error;
    }
  }

  #send(message) {
    if (this.#state !== Connected) {
      throw new Error("Cannot send data if the connection is not in the 'Connected' State.");
    }
    this.#transport.send(write(message));
    this.#keepAlive.active(this.keepAliveIntervalInMilliseconds);
  }

  #trySend(message) {
    try {
      this.#transport?.send(write(message));
    } catch (error) {
      this.#logger.log(LogLevel.Debug, `Not sent, the connection is closed: ${error}`);
    }
  }

  // Closing and reconnecting.

  #closed(transport, error) {
    if (transport !== this.#transport) {
      return;
    }
    this.#keepAlive.stop();
    this.#transport = undefined;
    if (this.#handshake) {
      this.#handshake.reject(error ?? new Error("The connection was closed before the hub handshake could complete."));
      this.#handshake = undefined;
      return;
    }
    const reason = error ?? new Error("Invocation canceled due to the underlying connection being closed.");
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    if (this.#state === Connected && this.#reconnectPolicy) {
      this.#reconnect(error);
    } else if (this.#state === Connected || this.#state === Disconnecting) {
      this.#finish(error);
    }
    for (const call of pending) {
      call.cancelled(reason);
    }
  }

  async #reconnect(error) {
    const start = Date.now();
    let retryReason = error ?? new Error("Attempting to reconnect due to a unknown error.");
    for (let previousRetryCount = 0; ; previousRetryCount++) {
      const delay = this.#reconnectPolicy.nextRetryDelayInMilliseconds({
        previousRetryCount, elapsedMilliseconds: previousRetryCount && Date.now() - start, retryReason,
      });
      if (delay === null || delay === undefined) {
        return this.#finish(retryReason);
      }
      if (previousRetryCount === 0) {
        this.#state = Reconnecting;
        this.#notify(this.#observers.reconnecting, error);
      }
      try {
        if (this.#state === Reconnecting) {
          await this.#wait(delay);
        }
        if (this.#state === Reconnecting) {
          await this.#open();
          return this.#reconnected();
        }
      } catch (failure) {
        retryReason = failure;
        this.#logger.log(LogLevel.Information, `Reconnect attempt failed: ${failure}`);
      }
      if (this.#state !== Reconnecting) {
        return this.#finish();
      }
    }
  }

  // The server may have closed the connection in the very frame that answered the handshake.
  #reconnected() {
    if (this.#state === Connected) {
      this.#notify(this.#observers.reconnected, this.connectionId ?? undefined);
    }
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

  #finish(error) {
    this.#disconnected();
    this.#notify(this.#observers.close, error);
  }

  #disconnected() {
    this.#state = Disconnected;
    this.#stopping?.resolve();
    this.#stopping = undefined;
  }

  #notify(observers, argument) {
    for (const observer of observers) {
      try {
        observer.call(this, argument);
      } catch (error) {
        this.#logger.log(LogLevel.Error, `A lifecycle callback threw error '${error}'.`);
      }
    }
  }
}
