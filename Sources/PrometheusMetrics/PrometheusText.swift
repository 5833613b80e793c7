/// The words of the text format ("Exposition formats" of Prometheus' documentation).
enum PrometheusText {
    /// A metric's name: what may not be in one becomes `_`, and a counter's ends in `_total`.
    static func name(_ label: String, of kind: PrometheusKind) -> String {
        let name = word(label) { $0 == ":" }
        return kind == .counter && !name.hasSuffix("_total") ? name + "_total" : name
    }

    /// Dimensions as `NAME="VALUE",…`, sorted, so that their order makes no difference.
    static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions.map { "\(word($0.0) { _ in false })=\"\(escaped($0.1).replacing("\"", with: "\\\""))\"" }
            .sorted().joined(separator: ",")
    }

    static func help(_ text: String) -> String { escaped(text) }

    static func number(_ value: Double) -> String {
        if value == .infinity { return "+Inf" }
        if value == -.infinity { return "-Inf" }
        if value.isNaN { return "NaN" }
        return Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    private static func word(_ text: String, allowing: (Character) -> Bool) -> String {
        var word = ""
        for character in text {
            let isKept = character.isASCII && (character.isLetter || character.isNumber) || allowing(character)
            if word.isEmpty, character.isASCII, character.isNumber { word = "_" }
            word.append(isKept ? character : "_")
        }
        return word.isEmpty ? "_" : word
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    }
}
