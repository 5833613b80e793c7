/**
 * Two timers of an open connection: silence of the server for too long, and our own silence, which a ping ends. Receiving is no
 * sign of life of ours: a server that pings or streams must not keep us from telling it that we are there.
 */
export class KeepAlive {
  onserversilent = () => {};
  onpingdue = () => {};

  #serverTimer;
  #pingTimer;

  received(serverTimeout) {
    clearTimeout(this.#serverTimer);
    this.#serverTimer = setTimeout(() => this.onserversilent(), serverTimeout);
  }

  active(interval) {
    clearTimeout(this.#pingTimer);
    this.#pingTimer = setTimeout(() => {
      this.active(interval);
      this.onpingdue();
    }, interval);
  }

  stop() {
    clearTimeout(this.#serverTimer);
    clearTimeout(this.#pingTimer);
  }
}
