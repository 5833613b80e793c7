// What the example's service uses of Angular: a decorator, and a zone to be run in or out of.

export const Injectable = () => (decorated) => decorated;

export class NgZone {
  run(body) {
    return body();
  }

  runOutsideAngular(body) {
    return body();
  }
}
