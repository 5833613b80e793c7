// The conversation as this browser tab keeps it over a reload. A reply that has not ended is kept without its
// text: the server sends it again from the beginning.

import { Reply } from "./reply.js";

const key = "hubbub.conversation";
const mostReplies = 50;
const mostCharacters = 1_000_000;

export function saveHistory(replies, storage = sessionStorage) {
  const kept = [];
  let characters = 0;
  for (const reply of replies.slice(-mostReplies).reverse()) {
    const saved = snapshot(reply);
    characters += saved.prompt.length + saved.text.length;
    if (characters > mostCharacters) {
      break;
    }
    kept.unshift(saved);
  }
  try {
    storage.setItem(key, JSON.stringify(kept));
  } catch {
    storage.removeItem(key);
  }
}

export function loadHistory(storage = sessionStorage) {
  try {
    return (JSON.parse(storage.getItem(key)) ?? []).map(restored);
  } catch {
    return [];
  }
}

function snapshot({ messageId, conversationId, prompt, ended, accepted, ...said }) {
  const { text, cursor, state, summary, problem, notice } = said;
  return ended
    ? { messageId, conversationId, prompt, text, cursor, state, summary, problem, notice }
    : { messageId, conversationId, prompt, text: "", cursor: 0, state: "waiting", accepted };
}

function restored(saved) {
  return Object.assign(new Reply(saved.prompt, saved.conversationId), saved, { sent: true });
}
