// Runs the example's service against a hub: `service.js URL SCENARIO`. Prints what it comes to, one word a line.

import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { WebSocket } from "ws";

const [url, scenario] = process.argv.slice(2);
globalThis.WebSocket ??= WebSocket;
globalThis.crypto ??= webcrypto;
// Node has this one from 22 on, browsers since 2024.
Promise.withResolvers ??= function () {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};
globalThis.location = { href: url };
let frames = 0;
globalThis.requestAnimationFrame = (paint) => setTimeout(() => { frames += 1; paint(); }, 16);
globalThis.cancelAnimationFrame = clearTimeout;

const { NgZone } = await import("@angular/core");
const { AiStreamService } = await import("./app/ai-stream.service.js");
const { Reply } = await import("./app/reply.js");

const service = new AiStreamService(new NgZone());
const lines = createInterface({ input: process.stdin });
let shown = [];
let paintings = 0;
let partials = 0;
service.replies.subscribe((replies) => { shown = replies; paintings += 1; });
service.partial.subscribe(() => { partials += 1; });

async function until(condition, seconds = 40) {
  const end = Date.now() + seconds * 1000;
  while (!condition()) {
    assert(Date.now() < end, `not within ${seconds} s: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The whole text came, just once and in order: it has the hash that the hub tells. */
function assertWhole(reply) {
  assert.equal(createHash("sha256").update(reply.text).digest("hex"), reply.summary.sha256);
}

const scenarios = {
  async replies() {
    const events = [];
    service.typing.subscribe(({ messageId, isTyping }) => events.push([messageId, isTyping]));
    service.completed.subscribe(({ messageId, summary }) => events.push([messageId, summary.finish]));
    const early = service.ask("chunks=200,interval=2ms,size=20");
    assert.deepEqual([shown, early.sent, early.state], [[early], false, "waiting"]);
    await service.start();
    await until(() => early.cursor > 10);
    assert(early.typing && early.state === "streaming");
    const second = service.ask("chunks=20,interval=1ms,size=20");
    await until(() => second.done);
    assert(!early.done, "the second question is answered while the first still is");
    await until(() => early.done);
    for (const reply of [early, second]) {
      assert.deepEqual([reply.state, reply.typing, reply.problem], ["completed", false, undefined]);
      assertWhole(reply);
      const own = events.filter(([id]) => id === reply.messageId).map(([, event]) => event);
      assert.deepEqual(own, [true, false, "completed"]);
    }
    await until(() => shown.length === 2 && shown.every((reply) => reply.done));
    assert(partials > 0 && paintings <= frames + 4, `${paintings} paintings in ${frames} frames of ${partials} partials`);
  },

  async stop() {
    await service.start();
    const reply = service.ask("chunks=1000,interval=20ms,size=20");
    await until(() => reply.cursor > 3);
    await service.stop(reply);
    await until(() => reply.done);
    assert.deepEqual([reply.state, reply.summary.finish], ["stopped", "stopped"]);
    assertWhole(reply);
  },

  async failure() {
    await service.start();
    const reply = service.ask("chunks=1,interval=1ms,size=100000000");
    await until(() => reply.done);
    assert.deepEqual([reply.state, reply.problem.code, reply.text], ["failed", "model_bad_request", ""]);
    const empty = service.ask(" ");
    await until(() => empty.done);
    assert.deepEqual([empty.state, empty.problem.code], ["failed", "refused"]);
    assert.match(empty.problem.message, /empty/);
  },

  /** Says `cut` when the connection is to be cut. */
  async reconnect() {
    await service.start();
    const reply = service.ask("chunks=400,interval=10ms,size=20");
    await until(() => reply.cursor > 20);
    const states = [];
    service.status.subscribe((status) => states.push(status));
    console.log("cut");
    await until(() => reply.done);
    assert.equal(reply.state, "completed");
    assertWhole(reply);
    assert.deepEqual(states, ["connected", "reconnecting", "connected"]);
  },

  /** Is told when there is a server at last. */
  async absence() {
    const started = service.start();
    const reply = service.ask("chunks=20,interval=1ms,size=20");
    console.log("waiting");
    await once(lines, "line");
    await started;
    await until(() => reply.done);
    assertWhole(reply);
  },

  async events() {
    const reply = new Reply("question");
    reply.received("Hello, ", 1);
    reply.received("wörld 😀 and more", 2);
    reply.received("wörld 😀 and more", 2);
    reply.retracted({ cursor: 3, keepUTF16: 15, keepBytes: 19, category: "violence", replacement: " …" });
    assert.deepEqual([reply.text, reply.cursor], ["Hello, wörld 😀 …", 3]);
    assert(reply.notice);
    reply.restarted(2 ** 32);
    assert.deepEqual([reply.text, reply.cursor, reply.state, reply.notice], ["", 2 ** 32, "typing", ""]);
    reply.received("new", 2 ** 32 + 1);
    reply.interrupted();
    assert.equal(reply.state, "waiting");
    reply.completed({ finish: "filtered", chunks: 1, bytes: 3, sha256: "" });
    reply.failed({ code: "late", message: "", retryable: false });
    assert.deepEqual([reply.state, reply.problem], ["stopped", undefined]);
  },
};

await scenarios[scenario]();
service.ngOnDestroy();
lines.close();
console.log("passed");
