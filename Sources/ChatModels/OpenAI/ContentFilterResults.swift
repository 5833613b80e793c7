/// What Azure's content filter says of a piece of text: an entry for each category, in any of the spellings that were seen.
struct ContentFilterResults: Decodable, Hashable {
    /// The categories that made it block, in order.
    let blocking: [String]
    /// It did not run: the text is unfiltered.
    let hasFailed: Bool

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Severity and detection say nothing of whether a category blocks: that depends on the deployment.
    private struct Entry: Decodable {
        let filtered: Bool?
    }

    init(from decoder: any Decoder) throws {
        guard let container = try? decoder.container(keyedBy: Name.self) else {
            (blocking, hasFailed) = ([], false)
            return
        }
        hasFailed = container.allKeys.contains { $0.stringValue == "error" }
        blocking = container.allKeys.filter { key in
            if let entry = try? container.decode(Entry.self, forKey: key) { return entry.filtered == true }
            // Block lists were an array once.
            let entries = try? container.decode([Entry].self, forKey: key)
            return entries?.contains { $0.filtered == true } ?? false
        }
        .map { Self.category($0.stringValue) }.sorted()
    }

    /// What clients may be told: of attacks on the prompt not which it was, and no words that nobody knows.
    private static func category(_ name: String) -> String {
        switch name {
        case "hate", "sexual", "violence", "self_harm", "profanity", "protected_material_text",
            "protected_material_code", "custom_blocklists", "ungrounded_material",
            "personally_identifiable_information":
            name
        // One old sample has the hyphen.
        case "self-harm": "self_harm"
        case "jailbreak", "indirect_attack": "prompt_attack"
        default: "other"
        }
    }
}

/// Where in the text an annotation of the asynchronous filter belongs: characters, counted from the beginning of the prompt.
struct ContentFilterOffsets: Decodable, Hashable {
    var start: Int?
    var check: Int?

    private enum CodingKeys: String, CodingKey {
        case start = "start_offset"
        case check = "check_offset"
    }
}
