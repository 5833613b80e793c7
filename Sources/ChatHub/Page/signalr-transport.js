// Negotiation (versions 0 and 1) and the WebSocket that follows it.

import { LogLevel } from "./signalr-log.js";

export const HttpTransportType = Object.freeze({ None: 0, WebSockets: 1, ServerSentEvents: 2, LongPolling: 4 });

const redirectLimit = 100;
const userAgent = "Hubbub/1 (browser)";

export class HttpError extends Error {
  constructor(message, statusCode) {
    super(`${message}: Status code '${statusCode}'`);
    this.name = "HttpError";
    this.statusCode = statusCode;
  }
}

export class Transport {
  connectionId = undefined;
  onreceive = () => {};
  onclose = () => {};

  #options;
  #logger;
  #socket;
  #cancellation = new AbortController();

  constructor(options, logger) {
    this.#options = options;
    this.#logger = logger;
  }

  /** Negotiates at the hub's URL, follows redirects, and resolves when the socket is open. */
  async start(hubURL) {
    const { url, token } = this.#options.skipNegotiation
      ? { url: new URL(hubURL), token: await this.#options.accessTokenFactory?.() }
      : await this.#negotiate(hubURL);
    url.protocol = url.protocol.replace("http", "ws");
    if (token) {
      url.searchParams.set("access_token", token);
    }
    await this.#connect(url.href);
  }

  send(text) {
    if (this.#socket?.readyState !== 1) {
      throw new Error("WebSocket is not in the OPEN state");
    }
    this.#socket.send(text);
  }

  /** Reports the close at once: the closing handshake of a dead network path would take minutes. */
  stop(error) {
    this.#cancellation.abort(error ?? new Error("The connection was stopped while it was being started."));
    this.#closed(error);
  }

  async #negotiate(hubURL) {
    let url = new URL(hubURL);
    let tokenFactory = this.#options.accessTokenFactory;
    for (let redirects = 0; redirects < redirectLimit; redirects++) {
      const token = await tokenFactory?.();
      const answer = await this.#postNegotiate(url, token);
      if (answer.error) {
        throw new Error(answer.error);
      }
      if ("ProtocolVersion" in answer) {
        throw new Error("This server speaks ASP.NET SignalR, not ASP.NET Core SignalR.");
      }
      if (!answer.url) {
        this.#requireWebSockets(answer);
        this.connectionId = answer.connectionId;
        url.searchParams.set("id", answer.negotiateVersion > 0 ? answer.connectionToken : answer.connectionId);
        return { url, token };
      }
      url = new URL(answer.url, url);
      if (answer.accessToken) {
        tokenFactory = () => answer.accessToken;
      }
    }
    throw new Error("Negotiate redirection limit exceeded.");
  }

  async #postNegotiate(hubURL, token) {
    const url = new URL(hubURL);
    url.pathname += url.pathname.endsWith("/") ? "negotiate" : "/negotiate";
    if (!url.searchParams.has("negotiateVersion")) {
      url.searchParams.set("negotiateVersion", "1");
    }
    const headers = { "X-Requested-With": "XMLHttpRequest", "X-SignalR-User-Agent": userAgent };
    if (token) {
      headers.Authorization = `Bearer ${token}`;
    }
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { ...headers, ...this.#options.headers },
        cache: "no-cache",
        credentials: this.#options.withCredentials === false ? "same-origin" : "include",
        signal: AbortSignal.any([this.#cancellation.signal, AbortSignal.timeout(this.#timeout)]),
      });
      const body = await response.text();
      if (!response.ok) {
        throw new HttpError(body || response.statusText, response.status);
      }
      return JSON.parse(body);
    } catch (error) {
      throw new Error(`Failed to complete negotiation with the server: ${error}`);
    }
  }

  #requireWebSockets(answer) {
    if (!answer.availableTransports?.some(({ transport }) => transport === "WebSockets")) {
      throw new Error("Unable to connect to the server: it does not offer WebSockets.");
    }
  }

  #connect(url) {
    const { promise, resolve, reject } = Promise.withResolvers();
    const { signal } = this.#cancellation;
    signal.throwIfAborted();
    const socket = new (this.#options.WebSocket ?? globalThis.WebSocket)(url);
    this.#socket = socket;
    const fail = (error) => {
      this.#release();
      reject(error);
    };
    const expired = setTimeout(() => fail(new Error("WebSocket failed to connect in time.")), this.#timeout);
    const cancel = () => fail(signal.reason);
    signal.addEventListener("abort", cancel);
    socket.onopen = () => {
      socket.onclose = (event) => this.#closed(closeReason(event));
      resolve();
    };
    socket.onclose = () => fail(new Error("WebSocket failed to connect: the server is away or refused the id."));
    socket.onmessage = ({ data }) => {
      try {
        this.onreceive(data);
      } catch (error) {
        this.#logger.log(LogLevel.Error, `The connection is closed, a message cannot be read: ${error}`);
        this.stop(error);
      }
    };
    return promise.finally(() => {
      clearTimeout(expired);
      signal.removeEventListener("abort", cancel);
    });
  }

  #closed(error) {
    if (this.#release()) {
      this.onclose(error);
    }
  }

  #release() {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) {
      socket.onopen = socket.onclose = socket.onmessage = null;
      socket.close();
    }
    return socket !== undefined;
  }

  /** Milliseconds for the negotiate request, and again for the socket to open. */
  get #timeout() {
    return this.#options.timeout ?? 100_000;
  }
}

function closeReason({ wasClean, code, reason }) {
  return wasClean && code === 1000
    ? undefined
    : new Error(`WebSocket closed with status code: ${code} (${reason || "no reason given"}).`);
}
