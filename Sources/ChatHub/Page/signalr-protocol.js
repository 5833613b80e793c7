// The JSON hub protocol, version 1: one JSON object per message, each followed by U+001E.

const recordSeparator = "\u001e";

export const MessageType = Object.freeze({
  Invocation: 1, StreamItem: 2, Completion: 3, StreamInvocation: 4, CancelInvocation: 5, Ping: 6, Close: 7,
});

export const handshakeRequest = write({ protocol: "json", version: 1 });

export function write(message) {
  return JSON.stringify(message) + recordSeparator;
}

/** The handshake response and the text after it, which holds hub messages when they share its frame. */
export function parseHandshake(text) {
  const end = text.indexOf(recordSeparator);
  if (end < 0) {
    throw new Error("Message is incomplete.");
  }
  const response = JSON.parse(text.slice(0, end));
  if (response.type) {
    throw new Error("Expected a handshake response from the server.");
  }
  return { response, rest: text.slice(end + 1) };
}

export function parse(text) {
  if (!text.endsWith(recordSeparator)) {
    throw new Error("Message is incomplete.");
  }
  return text.slice(0, -1).split(recordSeparator).map((json) => validated(JSON.parse(json)));
}

function validated(message) {
  if (typeof message?.type !== "number") {
    throw new Error("Invalid payload.");
  }
  const isID = (value) => typeof value === "string" && value !== "";
  switch (message.type) {
    case MessageType.Invocation:
      require(isID(message.target) && Array.isArray(message.arguments), "Invocation");
      require(message.invocationId === undefined || isID(message.invocationId), "Invocation");
      break;
    case MessageType.StreamItem:
      require(isID(message.invocationId) && message.item !== undefined, "StreamItem");
      break;
    case MessageType.Completion:
      require(isID(message.invocationId) && !(message.result && message.error), "Completion");
      break;
  }
  return message;
}

function require(condition, kind) {
  if (!condition) {
    throw new Error(`Invalid payload for ${kind} message.`);
  }
}
