// A SignalR client for browsers, with the names and the behaviour of @microsoft/signalr as far as it goes: WebSockets and
// the JSON hub protocol, without other transports, uploads (Subject), withHubProtocol and withStatefulReconnect. To use
// Microsoft's client instead, change the import in connection.js.

import { HubConnection } from "./signalr-connection.js";
import { LogLevel, loggerFor } from "./signalr-log.js";
import { HttpTransportType } from "./signalr-transport.js";

export { HubConnection, HubConnectionState } from "./signalr-connection.js";
export { LogLevel } from "./signalr-log.js";
export { HttpError, HttpTransportType } from "./signalr-transport.js";

const defaultReconnectDelays = [0, 2_000, 10_000, 30_000];

export class HubConnectionBuilder {
  #url;
  #options = {};
  #logger = loggerFor(LogLevel.Information);
  #reconnectPolicy;
  #serverTimeout;
  #keepAliveInterval;

  /**
   * `transportOrOptions` is an `HttpTransportType` or
   * `{ accessTokenFactory, skipNegotiation, transport, headers, timeout, withCredentials, WebSocket }`.
   */
  withUrl(url, transportOrOptions = {}) {
    this.#url = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href;
    this.#options = typeof transportOrOptions === "object" ? transportOrOptions : { transport: transportOrOptions };
    return this;
  }

  /**
   * `delaysOrPolicy` is a list of milliseconds or
   * `{ nextRetryDelayInMilliseconds({ previousRetryCount, elapsedMilliseconds, retryReason }) }`, where null gives up.
   */
  withAutomaticReconnect(delaysOrPolicy = defaultReconnectDelays) {
    if (this.#reconnectPolicy) {
      throw new Error("A reconnectPolicy has already been set.");
    }
    this.#reconnectPolicy = Array.isArray(delaysOrPolicy)
      ? { nextRetryDelayInMilliseconds: ({ previousRetryCount }) => delaysOrPolicy[previousRetryCount] ?? null }
      : delaysOrPolicy;
    return this;
  }

  /** `logging` is a `LogLevel`, its name, or an object with `log(level, message)`. */
  configureLogging(logging) {
    this.#logger = loggerFor(logging);
    return this;
  }

  withServerTimeout(milliseconds) {
    this.#serverTimeout = milliseconds;
    return this;
  }

  withKeepAliveInterval(milliseconds) {
    this.#keepAliveInterval = milliseconds;
    return this;
  }

  build() {
    if (!this.#url) {
      throw new Error("The 'HubConnectionBuilder.withUrl' method must be called before building the connection.");
    }
    const { transport = HttpTransportType.WebSockets, skipNegotiation = false } = this.#options;
    if (!(transport & HttpTransportType.WebSockets)) {
      throw new Error("This client speaks WebSockets only.");
    }
    if (skipNegotiation && transport !== HttpTransportType.WebSockets) {
      throw new Error("Negotiation can only be skipped when using the WebSocket transport directly.");
    }
    const connection = new HubConnection(this.#url, this.#options, this.#logger, this.#reconnectPolicy);
    connection.serverTimeoutInMilliseconds = this.#serverTimeout ?? connection.serverTimeoutInMilliseconds;
    connection.keepAliveIntervalInMilliseconds = this.#keepAliveInterval ?? connection.keepAliveIntervalInMilliseconds;
    return connection;
  }
}
