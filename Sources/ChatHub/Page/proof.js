/**
 * Compares received text with the SHA-256 that the end of a reply announced: `verified`, `mismatch`, or `unknown`
 * where nothing was announced or the browser offers no digest (it does in secure contexts only).
 */
export async function proofOf(text, announced) {
  if (!announced?.sha256 || !globalThis.crypto?.subtle) {
    return "unknown";
  }
  const bytes = new TextEncoder().encode(text);
  // An end that another node wrote describes its log; a viewer may hold more text than that and keeps it.
  const mayHoldMore = announced.finish === undefined || announced.finish === "stopped";
  const covered = mayHoldMore ? bytes.subarray(0, announced.bytes) : bytes;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", covered));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex === announced.sha256.toLowerCase() ? "verified" : "mismatch";
}
