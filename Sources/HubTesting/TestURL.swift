/// The parts of a URL that a test client needs: `http` or `ws`, host, port, path with query.
struct TestURL: Sendable {
    var host: String
    var port: Int
    var target: String

    struct Invalid: Error {
        let url: String
    }

    init(_ url: String) throws {
        let withoutScheme = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        let authority = withoutScheme.prefix { $0 != "/" && $0 != "?" }
        let rest = withoutScheme.dropFirst(authority.count)
        let parts = authority.split(separator: ":")
        guard let host = parts.first, parts.count <= 2 else { throw Invalid(url: url) }
        self.host = String(host)
        port = parts.count == 2 ? Int(parts[1]) ?? 80 : 80
        target = rest.first == "/" ? String(rest) : "/" + rest
    }

    var authority: String { "\(host):\(port)" }

    /// The same with more in the path, and with more in the query.
    func appending(path: String = "", query: [(String, String)] = []) -> TestURL {
        var url = self
        let ownPath = target.prefix { $0 != "?" }
        let ownQuery = target.dropFirst(ownPath.count + 1)
        let fields = ownQuery.split(separator: "&").map(String.init) + query.map { "\($0)=\($1)" }
        url.target = ownPath + path + (fields.isEmpty ? "" : "?" + fields.joined(separator: "&"))
        return url
    }
}
