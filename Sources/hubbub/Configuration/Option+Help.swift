extension Option {
    /// What `hubbub serve --help` prints.
    static var serveHelp: String {
        let config = helpEntry("--config FILE", "HUBBUB_CONFIG. A file with lines of the form NAME: VALUE.")
        return """
            hubbub serve [OPTIONS]

            Serves the chat hub at /chat, the chat page at / and health checks at /health/live and /health/ready.
            An option is given as a flag, as an environment variable, or in a YAML file: the first of these wins.
            A secret may be keyvault://VAULT/NAME[/VERSION]: Azure Key Vault, asked by DefaultAzureCredential.

            \(([config] + serve.map(\.serveHelpEntry)).joined(separator: "\n"))
            """
    }

    private var serveHelpEntry: String {
        let secret = isSecret ? " \(variable)_FILE or --\(name)-file name a file that holds it." : ""
        return Self.helpEntry(flag, "\(variable). \(sentence)\(secret)")
    }

    /// The flag as it is given.
    var flag: String { "--\(name)" + (value.isEmpty ? "" : " \(value)") }

    /// What the option is for, and what holds without it.
    var sentence: String {
        let fallback = fallback.map { " Default: \($0)" + ($0.hasSuffix(".") ? "" : ".") } ?? ""
        return "\(help.prefix(1).uppercased())\(help.dropFirst()).\(fallback)"
    }

    /// An option and its text, in lines that fit a terminal.
    static func helpEntry(_ flag: String, _ text: String) -> String {
        let width = 100
        var lines = ["  \(flag)"]
        var line = "     "
        for word in text.split(separator: " ") {
            if line.count + 1 + word.count > width {
                lines.append(line)
                line = "     "
            }
            line += " \(word)"
        }
        return (lines + [line]).joined(separator: "\n")
    }
}
