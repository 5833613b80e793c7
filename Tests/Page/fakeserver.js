// A hub server inside the page: stands in for fetch and WebSocket, and speaks the JSON protocol.

const separator = "\u001e";

export class FakeServer {
  /** The requests to negotiate, as `{ url, headers }`. */
  negotiations = [];
  /** Every socket that was opened, the latest last; each has `.url`, `.received` (parsed messages) and `.say(...)`. */
  sockets = [];
  negotiate = () => ({
    negotiateVersion: 1, connectionId: `id${this.negotiations.length}`, connectionToken: `token${this.negotiations.length}`,
    availableTransports: [{ transport: "WebSockets", transferFormats: ["Text", "Binary"] }],
  });
  handshakeAnswer = `{}${separator}`;

  install() {
    const original = globalThis.fetch;
    globalThis.fetch = async (url, { headers, signal }) => {
      this.negotiations.push({ url: `${url}`, headers });
      const answer = await Promise.race([
        this.negotiate(),
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      ]);
      return answer instanceof Response ? answer : new Response(JSON.stringify(answer));
    };
    return () => (globalThis.fetch = original);
  }

  get WebSocket() {
    const server = this;
    return class {
      readyState = 0;
      received = [];

      constructor(url) {
        this.url = new URL(url);
        server.sockets.push(this);
        queueMicrotask(() => {
          this.readyState = 1;
          this.onopen?.();
        });
      }

      send(text) {
        const messages = text.split(separator).slice(0, -1).map((json) => JSON.parse(json));
        if (messages[0].protocol) {
          this.handshake = messages[0];
          queueMicrotask(() => this.onmessage?.({ data: server.handshakeAnswer }));
        } else {
          this.received.push(...messages);
        }
      }

      say(...messages) {
        this.onmessage?.({ data: messages.map((message) => JSON.stringify(message) + separator).join("") });
      }

      sayRaw(data) {
        this.onmessage?.({ data });
      }

      drop(code = 1006) {
        this.readyState = 3;
        this.onclose?.({ wasClean: code === 1000, code, reason: "" });
      }

      close() {
        this.readyState = 3;
      }
    };
  }

  get socket() {
    return this.sockets.at(-1);
  }

  /** The messages of one type on the latest socket. */
  received(type) {
    return this.socket.received.filter((message) => message.type === type);
  }
}
