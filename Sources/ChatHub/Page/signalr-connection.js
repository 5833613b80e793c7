import { PendingCalls } from "./signalr-calls.js";
import { KeepAlive } from "./signalr-keepalive.js";
import { LogLevel } from "./signalr-log.js";
import { ClientMethods } from "./signalr-methods.js";
import { Observers } from "./signalr-observers.js";
import { MessageType, handshakeRequest, parse, parseHandshake, write } from "./signalr-protocol.js";
import { ReconnectLoop } from "./signalr-reconnect.js";
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
  /** Null where it does not reconnect. */
  #reconnectLoop;
  #state = Disconnected;
  #transport;
  #handshake;
  #methods;
  #calls;
  #observers;
  #keepAlive = new KeepAlive();
  #stopping;

  /** Made by `HubConnectionBuilder.build()`. */
  constructor(url, options, logger, reconnectPolicy) {
    this.#baseURL = url;
    this.#options = options;
    this.#logger = logger;
    this.#reconnectLoop = reconnectPolicy ? new ReconnectLoop(reconnectPolicy) : null;
    this.#methods = new ClientMethods(logger);
    this.#calls = new PendingCalls((target) =>
      logger.log(LogLevel.Error, `'${target}' is not a streaming method, but sent an item.`));
    this.#observers = {
      close: new Observers(logger), reconnecting: new Observers(logger), reconnected: new Observers(logger),
    };
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
      this.#reconnectLoop?.hurry();
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
    this.#observers.close.add(callback);
  }

  onreconnecting(callback) {
    this.#observers.reconnecting.add(callback);
  }

  onreconnected(callback) {
    this.#observers.reconnected.add(callback);
  }

  /** Resolves when the server has the message in its socket's buffer, not when the method ran. */
  async send(target, ...args) {
    this.#send({ type: MessageType.Invocation, target, arguments: args });
  }

  async invoke(target, ...args) {
    return this.#calls.invoke(target, (invocationId) =>
      this.#send({ type: MessageType.Invocation, invocationId, target, arguments: args }));
  }

  stream(target, ...args) {
    return this.#calls.stream(
      (invocationId) => this.#send({ type: MessageType.StreamInvocation, invocationId, target, arguments: args }),
      (invocationId) => this.#trySend({ type: MessageType.CancelInvocation, invocationId }));
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
        this.#calls.item(message);
        break;
      case MessageType.Completion:
        this.#calls.completed(message);
        break;
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
    const cancelAll = this.#calls.takeAll();
    if (this.#state === Connected && this.#reconnectLoop) {
      this.#reconnect(error);
    } else if (this.#state === Connected || this.#state === Disconnecting) {
      this.#finish(error);
    }
    cancelAll(reason);
  }

  async #reconnect(lost) {
    const { isOpen, error } = await this.#reconnectLoop.run(lost, {
      begin: () => {
        this.#state = Reconnecting;
        this.#observers.reconnecting.notify(this, lost);
      },
      open: () => this.#open(),
      failed: (failure) => this.#logger.log(LogLevel.Information, `Reconnect attempt failed: ${failure}`),
      isWanted: () => this.#state === Reconnecting,
    });
    if (!isOpen) {
      this.#finish(error);
    } else if (this.#state === Connected) {
      // The server may have closed the connection in the very frame that answered the handshake.
      this.#observers.reconnected.notify(this, this.connectionId ?? undefined);
    }
  }

  #finish(error) {
    this.#disconnected();
    this.#observers.close.notify(this, error);
  }

  #disconnected() {
    this.#state = Disconnected;
    this.#stopping?.resolve();
    this.#stopping = undefined;
  }
}
