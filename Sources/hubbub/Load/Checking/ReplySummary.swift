import HubProtocol

/// What the server says a completed reply's text is.
struct ReplySummary {
    var chunks: Int?
    var bytes: Int?
    var sha256: String?

    /// `nil` for anything but a JSON object.
    init?(_ value: JSONValue) {
        guard let members = value.members() else { return nil }
        for (name, value) in members {
            switch name {
            case "chunks": chunks = value.integer()
            case "bytes": bytes = value.integer()
            case "sha256": sha256 = value.string()
            default: break
            }
        }
    }
}
