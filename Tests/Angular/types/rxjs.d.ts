// The parts of RxJS 7 that Examples/AngularChat uses.

declare module 'rxjs' {
  export interface Subscription { unsubscribe(): void; }
  export type OperatorFunction<From, To> = (source: Observable<From>) => Observable<To>;
  export class Observable<Value> {
    subscribe(next: (value: Value) => void): Subscription;
    pipe<To>(operator: OperatorFunction<Value, To>): Observable<To>;
  }
  export class Subject<Value> extends Observable<Value> {
    next(value: Value): void;
    asObservable(): Observable<Value>;
  }
  export class BehaviorSubject<Value> extends Subject<Value> {
    constructor(value: Value);
    get value(): Value;
  }
  export function map<From, To>(project: (value: From) => To): OperatorFunction<From, To>;
}
