/// What the server says a completed reply's text is; each may be missing.
struct ReplySummary: Decodable {
    let chunks: Int?
    let bytes: Int?
    let sha256: String?
}
