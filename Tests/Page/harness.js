// The smallest test runner that a browser needs. run.py opens a page, imports the tests and calls run().

const tests = [];

export function test(name, body) {
  tests.push({ name, body });
}

export function equal(actual, expected) {
  const [left, right] = [actual, expected].map((value) => JSON.stringify(value) ?? "undefined");
  if (left !== right) {
    throw new Error(`expected ${right}\n     but got ${left}`);
  }
}

export async function rejection(promise) {
  return promise.then(() => "not rejected", (error) => error.message);
}

/** Waits until `condition()` is true; fails after two seconds. */
export async function until(condition) {
  for (const end = performance.now() + 2_000; !condition();) {
    if (performance.now() > end) {
      throw new Error(`never true: ${condition}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A seeded source of numbers from 0 up to `limit` (mulberry32). */
export function seededRandom(seed) {
  return (limit) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

/** Runs every test and resolves with `[{ name, error }]`, where error is null for those that passed. */
export async function run() {
  const results = [];
  for (const { name, body } of tests) {
    try {
      await Promise.race([body(), new Promise((_, reject) => setTimeout(() => reject(new Error("timed out")), 5_000))]);
      results.push({ name, error: null });
    } catch (error) {
      results.push({ name, error: `${error?.stack ?? error}` });
    }
  }
  return results;
}
