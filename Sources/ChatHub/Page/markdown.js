// Shows growing Markdown text. Finished blocks stay in the document; only the unfinished end is rendered again.

import { copyButton } from "./copy.js";
import { parseBlocks } from "./markdown-blocks.js";
import { appendInline } from "./markdown-inline.js";

export class MarkdownView {
  #host;
  #settled = "";
  #tail = [];

  constructor(host) {
    this.#host = host;
  }

  /** `ended`: no more text will come, so a code block that was never closed can be copied too. */
  update(text, ended = false) {
    if (!text.startsWith(this.#settled)) {
      this.#host.replaceChildren();
      this.#settled = "";
      this.#tail = [];
    }
    const lines = text.slice(this.#settled.length).split("\n");
    const blocks = parseBlocks(lines.map((line) => line.replace(/\r$/, "").replaceAll("\t", "    ")));
    const nodes = blocks.map((block) => renderBlock(ended ? { ...block, closed: true } : block));
    this.#tail.forEach((node) => node.remove());
    this.#host.append(...nodes);
    const settledBlocks = countSettled(blocks, lines.length);
    this.#tail = nodes.slice(settledBlocks);
    if (settledBlocks > 0) {
      const settledLines = lines.slice(0, blocks[settledBlocks].line);
      this.#settled += settledLines.map((line) => `${line}\n`).join("");
    }
  }
}

// A block is settled once another one began after it, at a line that no further text can read differently:
// neither that line nor the one below (which may make it a table's head) is the last, unfinished line.
function countSettled(blocks, lineCount) {
  let count = 0;
  while (count + 1 < blocks.length && blocks[count + 1].line < lineCount - 2) {
    count++;
  }
  return count;
}

function renderBlock(block) {
  switch (block.type) {
    case "heading":
      return inline(`h${Math.min(block.level + 2, 6)}`, block.text);
    case "rule":
      return document.createElement("hr");
    case "quote":
      return parent("blockquote", block.blocks.map((inner) => renderBlock(inner)));
    case "code":
      return renderCode(block);
    case "list":
      return renderList(block);
    case "table":
      return renderTable(block);
    default:
      return inline("p", block.text);
  }
}

function renderCode({ language, text, closed }) {
  const code = parent("code", [text]);
  const label = parent("span", [language || "code"]);
  const header = parent("div", [label]);
  header.className = "code-header";
  if (closed) {
    header.append(copyButton("Copy code", () => text));
  }
  const pre = parent("pre", [code]);
  pre.tabIndex = 0;
  const box = parent("div", [header, pre]);
  box.className = "code";
  return box;
}

function renderList({ start, loose, items }) {
  const list = parent(start === null ? "ul" : "ol", items.map((blocks) => renderItem(blocks, loose)));
  if (start !== null && start !== 1) {
    list.start = start;
  }
  return list;
}

function renderItem(blocks, loose) {
  const node = document.createElement("li");
  for (const block of blocks) {
    if (block.type === "paragraph" && !loose) {
      appendInline(node, block.text);
    } else {
      node.append(renderBlock(block));
    }
  }
  return node;
}

function renderTable({ aligns, head, rows }) {
  const row = (tag, texts) => parent("tr", texts.map((text, column) => {
    const cell = inline(tag, text);
    cell.className = `align-${aligns[column]}`;
    return cell;
  }));
  const table = parent("table", [
    parent("thead", [row("th", head)]),
    parent("tbody", rows.map((texts) => row("td", texts))),
  ]);
  const box = parent("div", [table]);
  box.className = "table";
  box.tabIndex = 0;
  return box;
}

function inline(tag, text) {
  const node = document.createElement(tag);
  appendInline(node, text);
  return node;
}

function parent(tag, children) {
  const node = document.createElement(tag);
  node.append(...children);
  return node;
}
