// Inline Markdown to DOM nodes. Text enters the document as text nodes only.

const deepest = 8;
const special = /[\\`*_~[!<\n]|https?:\/\//g;
const punctuation = /[!-/:-@[-`{-~]/;
const address = /[^\s()<>]{0,2048}(?:\([^\s()<>]{0,2048}\)[^\s()<>]{0,2048}){0,8}/;
const title = /(?:\s+"[^"\n]{0,500}")?/;
const link = new RegExp(`!?\\[((?:[^[\\]\\\\]|\\\\.)*)\\]\\(\\s*<?(${address.source})>?${title.source}\\s*\\)`, "y");
const angleLink = /<((?:https?:\/\/|mailto:)[^\s<>]{1,2048})>/y;
const bareLink = /https?:\/\/[^\s<>"`]{1,2048}/y;
const emphases = { "***": ["strong", "em"], "**": ["strong"], __: ["strong"], "*": ["em"], _: ["em"], "~~": ["del"] };
const linkProtocols = new Set(["http:", "https:", "mailto:"]);

export function appendInline(parent, text, { depth = 0, insideLink = false } = {}) {
  if (depth > deepest) {
    parent.append(text);
    return;
  }
  const scan = { text, depth, insideLink, at: 0, missing: new Set() };
  let plain = "";
  const flush = () => {
    if (plain) {
      parent.append(plain);
      plain = "";
    }
  };
  while (scan.at < text.length) {
    special.lastIndex = scan.at;
    const found = special.exec(text);
    plain += text.slice(scan.at, found?.index ?? text.length);
    if (!found) {
      break;
    }
    scan.at = found.index;
    const node = readNode(scan, found[0]);
    if (typeof node === "string") {
      plain += node;
    } else {
      if (node.localName === "br") {
        plain = plain.trimEnd();
      }
      flush();
      parent.append(node);
    }
  }
  flush();
}

// Moves `scan.at` behind what it reads, and returns a node or literal text.
function readNode(scan, mark) {
  const { text, at } = scan;
  switch (mark[0]) {
    case "\\":
      return readEscape(scan);
    case "\n":
      scan.at += 1;
      return document.createElement("br");
    case "`":
      return readCode(scan);
    case "[":
    case "!":
      return readLink(scan, link, (node, label, href) => {
        appendInline(node, label || href, { depth: scan.depth + 1, insideLink: true });
      });
    case "<":
      return readLink(scan, angleLink, (node, href) => node.append(href.replace(/^mailto:/, "")));
    case "h":
      return readBareLink(scan);
    default:
      return readEmphasis(scan, text[at]);
  }
}

function readEscape(scan) {
  const next = scan.text[scan.at + 1] ?? "";
  if (next === "\n") {
    scan.at += 2;
    return document.createElement("br");
  }
  const escapes = punctuation.test(next);
  scan.at += escapes ? 2 : 1;
  return escapes ? next : "\\";
}

function readCode(scan) {
  const marker = run(scan.text, scan.at, "`");
  const start = scan.at + marker.length;
  const end = scan.missing.has(marker) ? -1 : endOfCode(scan.text, marker, start);
  if (end < 0) {
    scan.missing.add(marker);
    scan.at = start;
    return marker;
  }
  const code = scan.text.slice(start, end).replaceAll("\n", " ");
  scan.at = end + marker.length;
  return element("code", /^ .*[^ ].* $/.test(code) ? code.slice(1, -1) : code);
}

function endOfCode(text, marker, from) {
  for (let at = text.indexOf("`", from); at >= 0; at = text.indexOf("`", at)) {
    const found = run(text, at, "`");
    if (found === marker) {
      return at;
    }
    at += found.length;
  }
  return -1;
}

function readEmphasis(scan, character) {
  const { text, at } = scan;
  const whole = run(text, at, character);
  const marker = character === "*" ? whole.slice(0, 3) : whole.slice(0, 2);
  const tags = whole.length > 3 ? undefined : emphases[marker];
  const start = at + marker.length;
  const insideWord = character === "_" && isWord(text[at - 1]);
  const opens = tags && text[start] !== undefined && !/\s/.test(text[start]) && !insideWord;
  const end = opens && !scan.missing.has(marker) ? endOfEmphasis(text, marker, start + 1) : -1;
  if (end < 0) {
    if (opens) {
      scan.missing.add(marker);
    }
    scan.at += whole.length;
    return whole;
  }
  const nodes = tags.map((tag) => document.createElement(tag));
  nodes.reduce((outer, inner) => (outer.append(inner), inner));
  appendInline(nodes.at(-1), text.slice(start, end), { depth: scan.depth + 1, insideLink: scan.insideLink });
  scan.at = end + marker.length;
  return nodes[0];
}

function endOfEmphasis(text, marker, from) {
  const character = marker[0];
  for (let at = text.indexOf(character, from); at >= 0; at = text.indexOf(character, at)) {
    const found = run(text, at, character);
    const fits = found.length === marker.length || found.length === 3;
    const isEscaped = text[at - 1] === "\\";
    const end = found.length === 3 && marker.length < 3 ? at + 3 - marker.length : at;
    if (fits && !isEscaped && !/\s/.test(text[at - 1]) && !(character === "_" && isWord(text[at + found.length]))) {
      return end;
    }
    at += found.length;
  }
  return -1;
}

// In both patterns the last group is the address.
function readLink(scan, pattern, fill) {
  pattern.lastIndex = scan.at;
  const match = scan.insideLink ? null : pattern.exec(scan.text);
  if (!match) {
    scan.at += 1;
    return scan.text[scan.at - 1];
  }
  scan.at = pattern.lastIndex;
  const node = anchor(match.at(-1));
  if (!node) {
    return match[0];
  }
  fill(node, ...match.slice(1));
  return node;
}

function readBareLink(scan) {
  bareLink.lastIndex = scan.at;
  let href = bareLink.exec(scan.text)?.[0].replace(/[.,;:!?*_~'\]]+$/, "") ?? "";
  if (href.endsWith(")") && !href.includes("(")) {
    href = href.slice(0, -1);
  }
  const node = !scan.insideLink && !isWord(scan.text[scan.at - 1]) && anchor(href);
  scan.at += node ? href.length : 4;
  if (!node) {
    return "http";
  }
  node.append(href);
  return node;
}

/** An empty link, or null when the address is not an absolute web or mail address. */
function anchor(href) {
  const url = URL.canParse(href) ? new URL(href) : null;
  if (!linkProtocols.has(url?.protocol)) {
    return null;
  }
  const node = document.createElement("a");
  node.href = url.href;
  node.target = "_blank";
  node.rel = "noopener noreferrer";
  return node;
}

function element(tag, text) {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}

function run(text, at, character) {
  let end = at;
  while (text[end] === character) {
    end++;
  }
  return text.slice(at, end);
}

function isWord(character) {
  return character !== undefined && /[\p{L}\p{N}_]/u.test(character);
}
