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

    /// What `hubbub check --help` prints.
    static let checkHelp = """
        hubbub check [OPTIONS]

        Takes the options of hubbub serve, from the same places, and tells what a node that is started with them finds:
        secrets of vaults, the certificate, the port, Redis and whether a node may do there what it does, published keys, and
        the model, which is asked to say a word. Prints a line for each, with ok, failed or warning first. The exit code is 1
        where something has failed. It may run beside a node; the port counts as a warning then.

        hubbub serve --help lists the options.
        """

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
