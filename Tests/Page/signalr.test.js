import { HubConnectionBuilder, HubConnectionState } from "../../Sources/ChatHub/Page/signalr.js";
import { FakeServer } from "./fakeserver.js";
import { equal, rejection, test, until } from "./harness.js";

const connectionLost = "WebSocket closed with status code: 1006 (no reason given).";

function connectionTest(name, body, { reconnect = [0, 0, 0], ...options } = {}) {
  test(`signalr: ${name}`, async () => {
    const server = new FakeServer();
    const uninstall = server.install();
    const connection = new HubConnectionBuilder()
      .withUrl("http://hub.example/chat?room=7", { WebSocket: server.WebSocket, ...options })
      .withAutomaticReconnect(reconnect)
      .configureLogging("none")
      .build();
    const events = [];
    connection.onreconnecting((error) => events.push(`reconnecting: ${error?.message}`));
    connection.onreconnected((id) => events.push(`reconnected: ${id}`));
    connection.onclose((error) => events.push(`closed: ${error?.message}`));
    try {
      await body(connection, server, events);
    } finally {
      await connection.stop();
      uninstall();
    }
  });
}

connectionTest("negotiates version 1, connects with the token as id, shakes hands and pings", async (connection, server) => {
  await connection.start();
  equal(server.negotiations[0].url, "http://hub.example/chat/negotiate?room=7&negotiateVersion=1");
  equal(server.socket.url.href, "ws://hub.example/chat?room=7&id=token1");
  equal(server.socket.handshake, { protocol: "json", version: 1 });
  equal(server.socket.received, [{ type: 6 }]);
  equal([connection.state, connection.connectionId], [HubConnectionState.Connected, "id1"]);
  equal(await rejection(connection.start()),
    "Cannot start a HubConnection that is not in the 'Disconnected' state.");
});

connectionTest("uses the connection id as id with a version 0 server", async (connection, server) => {
  const answer = server.negotiate;
  server.negotiate = () => ({ ...answer(), negotiateVersion: 0, connectionToken: undefined });
  await connection.start();
  equal(server.socket.url.searchParams.get("id"), "id1");
});

connectionTest("sends the access token as header and in the socket's query", async (connection, server) => {
  await connection.start();
  equal(server.negotiations[0].headers.Authorization, "Bearer a+b");
  equal(server.socket.url.searchParams.get("access_token"), "a+b");
}, { accessTokenFactory: async () => "a+b" });

connectionTest("follows redirects with their token, and reconnects from the original url", async (connection, server) => {
  const answer = server.negotiate;
  server.negotiate = () => server.negotiations.at(-1).url.includes("hub.example")
    ? { url: "http://node.example/chat?x=1", accessToken: "given" } : answer();
  await connection.start();
  equal(server.socket.url.href, "ws://node.example/chat?x=1&id=token2&access_token=given");
  server.socket.drop();
  await until(() => connection.state === HubConnectionState.Connected);
  equal(server.negotiations.map(({ url }) => new URL(url).host),
    ["hub.example", "node.example", "hub.example", "node.example"]);
});

connectionTest("tells why negotiation failed", async (connection, server) => {
  server.negotiate = () => ({ error: "not today" });
  equal(await rejection(connection.start()), "not today");
  server.negotiate = () => new Response("", { status: 401, statusText: "Unauthorized" });
  equal(await rejection(connection.start()),
    "Failed to complete negotiation with the server: HttpError: Unauthorized: Status code '401'");
  server.negotiate = () => ({ url: "http://hub.example/chat" });
  equal(await rejection(connection.start()), "Negotiate redirection limit exceeded.");
  equal(connection.state, HubConnectionState.Disconnected);
});

connectionTest("tells the server's handshake error", async (connection, server) => {
  server.handshakeAnswer = '{"error":"The protocol \'json\' is not supported."}\u001e';
  equal(await rejection(connection.start()),
    "Server returned handshake error: The protocol 'json' is not supported.");
});

connectionTest("reads messages that share the handshake's frame", async (connection, server) => {
  const seen = [];
  connection.on("hello", (value) => seen.push(value));
  server.handshakeAnswer = '{}\u001e{"type":1,"target":"Hello","arguments":[1]}\u001e{"type":99}\u001e';
  await connection.start();
  equal(seen, [1]);
});

connectionTest("matches completions to invocations", async (connection, server) => {
  await connection.start();
  const calls = [connection.invoke("A", 1, "x"), connection.invoke("B"), connection.invoke("C")];
  equal(server.received(1)[0], { type: 1, invocationId: "0", target: "A", arguments: [1, "x"] });
  server.socket.say({ type: 3, invocationId: "2", error: "no" }, { type: 3, invocationId: "1" },
    { type: 3, invocationId: "0", result: { a: null } });
  equal(await calls[0], { a: null });
  equal(await calls[1], undefined);
  equal(await rejection(calls[2]), "no");
  await connection.send("D");
  equal(server.received(1).at(-1), { type: 1, target: "D", arguments: [] });
});

connectionTest("runs handlers without regard to case, once each, until they are removed", async (connection, server) => {
  const seen = [];
  const first = (value) => seen.push(`first ${value}`);
  connection.on("News", first);
  connection.on("NEWS", first);
  connection.on("news", () => {
    throw new Error("a handler's error harms nobody");
  });
  connection.on("news", (value) => void seen.push(`last ${value}`));
  await connection.start();
  server.socket.say({ type: 1, target: "nEWS", arguments: [1] });
  connection.off("nEws", first);
  server.socket.say({ type: 1, target: "News", arguments: [2] });
  connection.off("news");
  server.socket.say({ type: 1, target: "News", arguments: [3] });
  equal(seen, ["first 1", "last 1", "last 2"]);
});

connectionTest("answers client results", async (connection, server) => {
  connection.on("value", async () => 10);
  connection.on("throws", () => {
    throw new Error("from callback");
  });
  connection.on("two", () => 1);
  connection.on("two", () => 2);
  await connection.start();
  for (const target of ["value", "throws", "two", "nobody"]) {
    server.socket.say({ type: 1, target, arguments: [], invocationId: target });
  }
  await until(() => server.received(3).length === 4);
  const answers = Object.fromEntries(server.received(3).map(({ invocationId, result, error }) => [invocationId, result ?? error]));
  equal([answers.value, answers.throws, answers.two, answers.nobody],
    [10, "Error: from callback", "Client provided multiple results.", "Client didn't provide a result."]);
});

connectionTest("streams items, ends and cancels", async (connection, server) => {
  await connection.start();
  const seen = [];
  const observer = { next: (item) => seen.push(item), complete: () => seen.push("end"), error: (e) => seen.push(e.message) };
  connection.stream("Count", 2).subscribe(observer);
  server.socket.say({ type: 2, invocationId: "0", item: 1 }, { type: 2, invocationId: "0", item: null }, { type: 3, invocationId: "0" });
  connection.stream("Fail").subscribe(observer);
  server.socket.say({ type: 3, invocationId: "1", error: "broke" });
  connection.stream("Endless").subscribe(observer).dispose();
  equal(seen, [1, null, "end", "broke"]);
  equal(server.received(4).length, 3);
  equal(server.received(5), [{ type: 5, invocationId: "2" }]);
});

connectionTest("rejects what is pending at a drop, and reconnects with a new id", async (connection, server, events) => {
  await connection.start();
  const call = rejection(connection.invoke("Slow").catch((error) => {
    throw new Error(`${connection.state}: ${error.message}`);
  }));
  server.socket.drop();
  equal(await call, `Reconnecting: ${connectionLost}`);
  equal(await rejection(connection.invoke("Early")),
    "Cannot send data if the connection is not in the 'Connected' State.");
  await until(() => events.length === 2);
  equal(events, [`reconnecting: ${connectionLost}`, "reconnected: id2"]);
});

connectionTest("gives up when the policy says so", async (connection, server, events) => {
  await connection.start();
  server.negotiate = () => new Response("", { status: 503, statusText: "Busy" });
  server.socket.drop();
  await until(() => connection.state === HubConnectionState.Disconnected);
  equal(server.negotiations.length, 4);
  equal(events.at(-1), "closed: Failed to complete negotiation with the server: HttpError: Busy: Status code '503'");
});

connectionTest("obeys the server's Close", async (connection, server, events) => {
  await connection.start();
  server.socket.say({ type: 7, allowReconnect: true });
  await until(() => events.length === 2);
  server.socket.say({ type: 7, error: "go away" });
  await until(() => connection.state === HubConnectionState.Disconnected);
  equal(events, ["reconnecting: undefined", "reconnected: id2", "closed: Server returned an error on close: go away"]);
});

connectionTest("notices a silent server, and keeps the connection alive itself", async (connection, server, events) => {
  connection.serverTimeoutInMilliseconds = 60;
  connection.keepAliveIntervalInMilliseconds = 15;
  await connection.start();
  await until(() => server.received(6).length >= 3);
  await until(() => events.length >= 1);
  equal(events[0], "reconnecting: Server timeout elapsed without receiving a message from the server.");
});

connectionTest("pings although the server never stops talking", async (connection, server) => {
  connection.keepAliveIntervalInMilliseconds = 30;
  await connection.start();
  const talk = setInterval(() => server.socket.say({ type: 6 }), 5);
  try {
    await until(() => server.received(6).length >= 3);
  } finally {
    clearInterval(talk);
  }
});

connectionTest("closes on what is no hub message", async (connection, server, events) => {
  await connection.start();
  for (const bad of ["{}", "{\u001e", "{}\u001e", '{"type":1,"arguments":[]}\u001e', '{"type":2,"invocationId":"1"}\u001e']) {
    const before = events.length;
    server.socket.sayRaw(bad);
    equal(events.length, before + 1);
    await until(() => events.length === before + 2);
  }
});

connectionTest("stops in every state, and starts again", async (connection, server, events) => {
  server.negotiate = () => new Promise(() => {});
  const start = rejection(connection.start());
  await until(() => server.negotiations.length === 1);
  await connection.stop();
  equal((await start).startsWith("Failed to complete negotiation"), true);
  server.negotiate = new FakeServer().negotiate;
  await connection.start();
  server.socket.drop();
  equal(connection.state, HubConnectionState.Reconnecting);
  await connection.stop();
  equal(connection.state, HubConnectionState.Disconnected);
  await connection.start();
  const { socket } = server;
  await connection.stop();
  equal(socket.received.at(-1), { type: 7 });
  equal(events, [`reconnecting: ${connectionLost}`, "closed: undefined", "closed: undefined"]);
}, { reconnect: [60_000] });
