// Keeps one hub connection up for as long as the page is open.

import { HubConnectionBuilder, HubConnectionState, LogLevel } from "./signalr.js";

export { HubConnectionState };

const longestDelay = 10_000;
const requestTimeout = 15_000;

/** `connecting`, `connected`, `reconnecting`, or `offline`: closed by the server, which does not want a reconnect. */
export class ChatConnection {
  status = "connecting";
  reason = "";
  hub;

  #onchange;
  #retry = null;
  #restarting = false;

  constructor(url, onchange) {
    this.#onchange = onchange;
    this.hub = new HubConnectionBuilder()
      .withUrl(url, { timeout: requestTimeout })
      .withAutomaticReconnect({
        nextRetryDelayInMilliseconds: ({ previousRetryCount }) => delayBefore(previousRetryCount),
      })
      .configureLogging(LogLevel.Warning)
      .build();
    this.hub.onreconnecting((error) => this.#changed("reconnecting", error));
    this.hub.onreconnected(() => this.#changed("connected"));
    this.hub.onclose((error) => this.#closed(error));
    globalThis.addEventListener("online", () => this.connectNow());
  }

  /** A first start that fails is not retried by the client, so it is retried here. */
  async start(attempt = 0) {
    clearTimeout(this.#retry);
    try {
      await this.hub.start();
      if (this.hub.state === HubConnectionState.Connected) {
        this.#changed("connected");
      }
    } catch (error) {
      this.#changed("reconnecting", error);
      this.#retry = setTimeout(() => this.start(attempt + 1), delayBefore(attempt + 1));
    }
  }

  /** Cuts the wait for the next attempt short. */
  async connectNow() {
    if (this.hub.state === HubConnectionState.Reconnecting) {
      this.#restarting = true;
      await this.hub.stop();
      this.#restarting = false;
    }
    if (this.hub.state === HubConnectionState.Disconnected) {
      await this.start();
    }
  }

  #closed(error) {
    if (!this.#restarting) {
      this.#changed("offline", error ?? { message: "The server ended the connection." });
    }
  }

  #changed(status, error) {
    this.status = status;
    this.reason = error ? readable(error.message) : "";
    this.#onchange(this);
  }
}

// Jitter spreads the clients of a node that died over the nodes that live.
function delayBefore(attempt) {
  const ceiling = Math.min(500 * 2 ** attempt, longestDelay);
  return attempt === 0 ? Math.random() * 300 : ceiling * (0.5 + Math.random() / 2);
}

function readable(message) {
  if (globalThis.navigator?.onLine === false) {
    return "This device is offline.";
  }
  const onClose = /^Server returned an error on close: (.*)/s.exec(message);
  if (onClose) {
    return onClose[1];
  }
  if (/Server timeout elapsed/.test(message)) {
    return "The server stopped answering.";
  }
  if (/Status code '(\d+)'/.test(message)) {
    return `The server is not ready (HTTP ${/Status code '(\d+)'/.exec(message)[1]}).`;
  }
  return /WebSocket|fetch|network|timed out/i.test(message) ? "The server cannot be reached." : message;
}
