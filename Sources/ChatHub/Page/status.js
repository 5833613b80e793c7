/** The connection's state in the header, and a banner with the reason and what is waiting while it is away. */
export class StatusView {
  #pill = document.getElementById("connection");
  #banner = document.getElementById("banner");
  #text = this.#banner.querySelector("p");
  #announce;
  #lastStatus = "connecting";

  constructor(onconnect, announce) {
    this.#announce = announce;
    this.#banner.querySelector("button").addEventListener("click", onconnect);
  }

  show({ status, reason }, waiting) {
    document.body.dataset.connection = status;
    this.#pill.textContent = titles[status];
    this.#pill.title = reason;
    const away = status === "reconnecting" || status === "offline";
    this.#banner.hidden = !away;
    const sentencesShown = away ? [sentences[status], reason, waitingSentence(waiting)] : [];
    this.#text.textContent = sentencesShown.filter(Boolean).join(" ");
    if (status !== this.#lastStatus) {
      if (status === "connected" && this.#lastStatus !== "connecting") {
        this.#announce("Connected again");
      } else if (away) {
        this.#announce(sentences[status]);
      }
      this.#lastStatus = status;
    }
  }
}

const titles = { connecting: "Connecting", connected: "Connected", reconnecting: "Reconnecting", offline: "Offline" };
const sentences = { reconnecting: "Reconnecting.", offline: "Offline." };

function waitingSentence(waiting) {
  if (waiting.length === 0) {
    return "";
  }
  const [{ prompt }] = waiting;
  const excerpt = prompt.length > 40 ? `${prompt.slice(0, 40).trimEnd()}…` : prompt;
  return waiting.length === 1
    ? `The reply to “${excerpt}” will go on.`
    : `${waiting.length} replies will go on, the first to “${excerpt}”.`;
}
