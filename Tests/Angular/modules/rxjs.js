// What the example uses of RxJS, as far as its service needs it to run.

export class Subject {
  #observers = new Set();

  subscribe(next) {
    this.#observers.add(next);
    return { unsubscribe: () => this.#observers.delete(next) };
  }

  next(value) {
    this.#observers.forEach((next) => next(value));
  }

  asObservable() {
    return this;
  }
}

export class BehaviorSubject extends Subject {
  constructor(value) {
    super();
    this.value = value;
  }

  subscribe(next) {
    next(this.value);
    return super.subscribe(next);
  }

  next(value) {
    this.value = value;
    super.next(value);
  }
}
