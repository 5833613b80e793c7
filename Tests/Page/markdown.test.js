import { MarkdownView } from "../../Sources/ChatHub/Page/markdown.js";
import { equal, seededRandom, test } from "./harness.js";

function render(text, ended = true) {
  const host = document.createElement("div");
  new MarkdownView(host).update(text, ended);
  return host;
}

function link(href, text) {
  return `<a href="${href}" target="_blank" rel="noopener noreferrer">${text}</a>`;
}

const examples = {
  "two\nlines": "<p>two<br>lines</p>",
  "one\n\nother": "<p>one</p><p>other</p>",
  "# Title #": "<h3>Title</h3>",
  "#tag": "<p>#tag</p>",
  "**bold** and *italic* and ***both***":
    "<p><strong>bold</strong> and <em>italic</em> and <strong><em>both</em></strong></p>",
  "__bold__ snake_case_name _it_": "<p><strong>bold</strong> snake_case_name <em>it</em></p>",
  "2 * 3 * 4 ** 5": "<p>2 * 3 * 4 ** 5</p>",
  "**open": "<p>**open</p>",
  "~~gone~~": "<p><del>gone</del></p>",
  "`a *b* <i>` ``x`y``": "<p><code>a *b* &lt;i&gt;</code> <code>x`y</code></p>",
  "\\*no\\* \\a": "<p>*no* \\a</p>",
  "- a\n- b\n  - c\n- d": "<ul><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ul>",
  "1. a\n2. b\n   - c\n3. d": "<ol><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ol>",
  "3. c\n4. d": '<ol start="3"><li>c</li><li>d</li></ol>',
  "- a\n\n- b": "<ul><li><p>a</p></li><li><p>b</p></li></ul>",
  "text\n- a": "<p>text</p><ul><li>a</li></ul>",
  "> quoted\n> **more**": "<blockquote><p>quoted<br><strong>more</strong></p></blockquote>",
  "a\n\n---\n\nb": "<p>a</p><hr><p>b</p>",
  "[text](https://a.example/x_(y) \"title\")": `<p>${link("https://a.example/x_(y)", "text")}</p>`,
  "see https://a.example/b.": `<p>see ${link("https://a.example/b", "https://a.example/b")}.</p>`,
  "<mailto:a@b.example>": `<p>${link("mailto:a@b.example", "a@b.example")}</p>`,
  "[**b** https://x.example](https://y.example)":
    `<p>${link("https://y.example/", "<strong>b</strong> https://x.example")}</p>`,
  "![alt](https://a.example/i.png)": `<p>${link("https://a.example/i.png", "alt")}</p>`,
  "[no](javascript:alert(1)) [no](/relative) [no](data:text/html,x)":
    "<p>[no](javascript:alert(1)) [no](/relative) [no](data:text/html,x)</p>",
  "| a | b \\| c |\n|:-:|--:|\n| 1 | 2 |\n| 3 |":
    '<div class="table" tabindex="0"><table><thead><tr><th class="align-center">a</th><th class="align-right">b | c</th>'
    + '</tr></thead><tbody><tr><td class="align-center">1</td><td class="align-right">2</td></tr>'
    + '<tr><td class="align-center">3</td><td class="align-right"></td></tr></tbody></table></div>',
};

for (const [text, html] of Object.entries(examples)) {
  test(`markdown: ${JSON.stringify(text)}`, () => equal(render(text).innerHTML, html));
}

test("markdown: a fence keeps its text, and can be copied once it is closed or the reply has ended", () => {
  const text = "```swift\nlet a = \"<b>\"\n\n# not a title\n";
  const open = render(text, false);
  equal(open.querySelector("pre").textContent, 'let a = "<b>"\n\n# not a title\n');
  equal(open.querySelectorAll("button").length, 0);
  equal(render(text, true).querySelectorAll("button").length, 1);
  equal(render(`${text}\`\`\``, false).querySelectorAll("button").length, 1);
});

test("markdown: markup in the text stays text", () => {
  const payloads = ["<script>x()</script>", "<img src=x onerror=x()>", "<svg/onload=x()>", "<iframe srcdoc='x'></iframe>"];
  const frames = ["%", "# %", "- %", "> %", "**%**", "`%`", "[%](https://a.example)", "[a](https://a.example/%)",
    "[a](javascript:%)", "| % |\n|---|\n| % |", "```%\n%\n```", "![%](%)", "<%>", "https://a.example/%"];
  const allowed = new Set(["P", "H3", "UL", "LI", "BLOCKQUOTE", "STRONG", "CODE", "A", "DIV", "TABLE", "THEAD", "TBODY",
    "TR", "TH", "TD", "PRE", "SPAN", "BUTTON", "BR"]);
  for (const frame of frames) {
    for (const payload of payloads) {
      for (const node of render(frame.replaceAll("%", payload)).querySelectorAll("*")) {
        equal(allowed.has(node.tagName), true);
        equal([...node.attributes].filter(({ name }) => name.startsWith("on") || name === "style").length, 0);
        equal(node.tagName !== "A" || node.protocol === "https:", true);
      }
    }
  }
});

const long = `${Object.keys(examples).join("\n\n")}\n\n\`\`\`js\nlet x = 1\n\`\`\`\n\n| a |\n|---|\n| b |\n\n1. a\n   \`\`\`\n   b\n   \`\`\`\nend`;

test("markdown: text that grows in any pieces ends as the text at once", () => {
  const whole = render(long).innerHTML;
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const host = document.createElement("div");
    const view = new MarkdownView(host);
    for (let end = 0; end < long.length; end += 1 + random(seed)) {
      view.update(long.slice(0, end));
    }
    view.update(long, true);
    equal(`${seed} ${host.innerHTML}`, `${seed} ${whole}`);
  }
});

test("markdown: a finished block is not rendered again", () => {
  const host = document.createElement("div");
  const view = new MarkdownView(host);
  view.update("# First\n\nsecond\n\nthird\n\nfour");
  const first = host.firstChild;
  view.update("# First\n\nsecond\n\nthird\n\nfourth\n\nfifth");
  equal(host.firstChild === first, true);
  view.update("other text, begun again");
  equal(host.innerHTML, "<p>other text, begun again</p>");
});

test("markdown: hostile text takes linear time", () => {
  const pieces = ["*a ", "**a", "_a_b", "`", "`a``", "[", "[a](", "![a](b ", "<http://", "> ", "- ", "|a", "# ", "\\", "***", "~~a ",
    "https://", "```", "(", "   "];
  for (const piece of pieces) {
    const start = performance.now();
    render(piece.repeat(Math.ceil(60_000 / piece.length)));
    const milliseconds = performance.now() - start;
    equal(`${piece} ${milliseconds < 1_500}`, `${piece} true`);
  }
});
