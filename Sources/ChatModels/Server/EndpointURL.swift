import FoundationEssentials

/// The address of a server, to which paths are added.
struct EndpointURL {
    /// What an operator is told where the text is none.
    static let expectation = "must be an http or https URL without user, query or fragment"

    /// Without slashes at its end.
    let base: String

    /// Nil where requests cannot be made to the text, or would say more than where the server is.
    init?(_ text: String) {
        guard let url = URL(string: text), ["http", "https"].contains(url.scheme?.lowercased()),
            url.host()?.isEmpty == false, url.user() == nil, url.query() == nil, url.fragment() == nil
        else { return nil }
        base = text.withoutTrailingSlashes
    }
}

extension String {
    var withoutTrailingSlashes: String {
        String(self[..<(lastIndex { $0 != "/" }.map(index(after:)) ?? startIndex)])
    }

    /// RFC 3986, section 2.3: everything but the unreserved characters.
    var percentEncoded: String {
        let hexadecimal = Array("0123456789ABCDEF")
        return utf8.reduce(into: "") { text, byte in
            let character = Character(Unicode.Scalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber || "-._~".contains(character) {
                text.append(character)
            } else {
                text += "%\(hexadecimal[Int(byte >> 4)])\(hexadecimal[Int(byte & 15)])"
            }
        }
    }
}
