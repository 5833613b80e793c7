/** A hub connection whose calls the test answers itself. */
export class FakeHub {
  state = "Connected";
  connectionId = "one";
  calls = [];
  #handlers = {};

  on(name, handler) {
    this.#handlers[name] = handler;
  }

  say(name, ...args) {
    this.#handlers[name](...args);
  }

  invoke(method, ...args) {
    return new Promise((resolve, reject) => this.calls.push({ method, args, resolve, reject }));
  }

  drop(conversation) {
    this.state = "Reconnecting";
    conversation.disconnected();
    this.calls.splice(0).forEach(({ reject }) => reject(new Error("connection lost")));
  }

  comeBack(conversation) {
    this.state = "Connected";
    this.connectionId += "+";
    conversation.connected();
  }
}
