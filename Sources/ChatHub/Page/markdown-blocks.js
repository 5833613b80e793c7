// Markdown text to a list of plain block values. No DOM, no HTML: markup in the text stays text.

const deepest = 6;
const fence = /^ {0,3}(`{3,}|~{3,})[ \t]*([^`\s][^`]*)?$/;
const heading = /^ {0,3}(#{1,6})(?=[ \t]|$)(.*)$/;
const rule = /^ {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const quote = /^ {0,3}> ?/;
const item = /^( *)([-*+]|(\d{1,9})[.)])( +|$)(.*)$/;
const delimiter = /^:?-+:?$/;

/** Each block carries `line`, the number of its first line. */
export function parseBlocks(lines, depth = 0) {
  const blocks = [];
  let at = 0;
  while (at < lines.length) {
    if (isBlank(lines[at])) {
      at++;
      continue;
    }
    const [block, next] = parseBlock(lines, at, depth);
    blocks.push({ ...block, line: at });
    at = next;
  }
  return blocks;
}

function parseBlock(lines, at, depth) {
  const line = lines[at];
  let match;
  if ((match = fence.exec(line))) {
    return parseCode(lines, at, match);
  }
  if ((match = heading.exec(line))) {
    return [{ type: "heading", level: match[1].length, text: headingText(match[2]) }, at + 1];
  }
  if (rule.test(line)) {
    return [{ type: "rule" }, at + 1];
  }
  if (depth < deepest && quote.test(line)) {
    return parseQuote(lines, at, depth);
  }
  if (depth < deepest && item.test(line)) {
    return parseList(lines, at, depth);
  }
  if (startsTable(lines, at)) {
    return parseTable(lines, at);
  }
  return parseParagraph(lines, at, depth);
}

function headingText(text) {
  const trimmed = text.trim();
  const end = trimmed.length - /#*$/.exec(trimmed)[0].length;
  return end === 0 || trimmed[end - 1] === " " ? trimmed.slice(0, end).trimEnd() : trimmed;
}

function parseCode(lines, at, [, marker, info = ""]) {
  const indent = leadingSpaces(lines[at]);
  const end = new RegExp(`^ {0,3}${marker[0]}{${marker.length},}[ \\t]*$`);
  const text = [];
  let next = at + 1;
  while (next < lines.length && !end.test(lines[next])) {
    text.push(lines[next].slice(Math.min(indent, leadingSpaces(lines[next]))));
    next++;
  }
  const closed = next < lines.length;
  const [language] = info.trim().split(/\s/);
  return [{ type: "code", language, text: text.join("\n"), closed }, next + (closed ? 1 : 0)];
}

function parseQuote(lines, at, depth) {
  const inner = [];
  let next = at;
  while (next < lines.length && !isBlank(lines[next]) && (quote.test(lines[next]) || !startsBlock(lines[next]))) {
    inner.push(lines[next++].replace(quote, ""));
  }
  return [{ type: "quote", blocks: parseBlocks(inner, depth + 1) }, next];
}

function parseList(lines, at, depth) {
  const [, , firstMarker, number] = item.exec(lines[at]);
  const kind = firstMarker.at(-1);
  const outer = leadingSpaces(lines[at]);
  const items = [];
  let loose = false;
  let next = at;
  while (next < lines.length) {
    const match = item.exec(lines[next]);
    if (!match || match[2].at(-1) !== kind || match[1].length > outer + 1 || rule.test(lines[next])) {
      break;
    }
    const [content, end, separated] = parseItem(lines, next, match);
    loose ||= separated && end < lines.length && item.test(lines[end]);
    loose ||= content.some((line, index) => isBlank(line) && index < content.length - 1);
    items.push(parseBlocks(content, depth + 1));
    next = end;
  }
  return [{ type: "list", start: number === undefined ? null : Number(number), loose, items }, next];
}

// Models indent nested lists by two, three or four spaces, whatever the width of the marker: two are enough.
function parseItem(lines, at, [, indent, marker, , gap, first]) {
  const width = indent.length + marker.length + (gap.length > 4 ? 1 : Math.max(gap.length, 1));
  const content = [gap.length > 4 ? gap.slice(1) + first : first];
  let blank = false;
  let next = at + 1;
  for (; next < lines.length; next++) {
    const line = lines[next];
    if (isBlank(line)) {
      content.push("");
      blank = true;
      continue;
    }
    const spaces = leadingSpaces(line);
    if (spaces >= Math.min(width, indent.length + 2)) {
      content.push(line.slice(Math.min(spaces, width)));
    } else if (!blank && !startsBlock(line) && !item.test(line)) {
      content.push(line.trimStart());
    } else {
      break;
    }
    blank = false;
  }
  while (content.length > 1 && content.at(-1) === "") {
    content.pop();
  }
  return [content, next, blank];
}

function startsTable(lines, at) {
  const below = lines[at + 1];
  return lines[at].includes("|") && below?.includes("|")
    && cells(below).every((cell) => delimiter.test(cell)) && cells(lines[at]).length === cells(below).length;
}

function parseTable(lines, at) {
  const aligns = cells(lines[at + 1]).map((cell) =>
    cell.endsWith(":") ? (cell.startsWith(":") ? "center" : "right") : "left");
  const rows = [];
  let next = at + 2;
  while (next < lines.length && !isBlank(lines[next]) && !startsBlock(lines[next])) {
    const row = cells(lines[next++]);
    rows.push(aligns.map((_, column) => row[column] ?? ""));
  }
  return [{ type: "table", aligns, head: cells(lines[at]), rows }, next];
}

function cells(line) {
  const row = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  return row.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function parseParagraph(lines, at, depth) {
  let next = at + 1;
  while (next < lines.length && !isBlank(lines[next])
    && !(depth < deepest && startsBlock(lines[next])) && !startsTable(lines, next)) {
    next++;
  }
  return [{ type: "paragraph", text: lines.slice(at, next).map((line) => line.trimStart()).join("\n") }, next];
}

function startsBlock(line) {
  const match = item.exec(line);
  const startsList = match && match[5] !== "" && (match[3] === undefined || match[3] === "1");
  return startsList || fence.test(line) || heading.test(line) || rule.test(line) || quote.test(line);
}

function isBlank(line) {
  return line.trim() === "";
}

function leadingSpaces(line) {
  return line.length - line.trimStart().length;
}
