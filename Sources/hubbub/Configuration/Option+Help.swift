extension Option {
    /// What `hubbub serve --help` prints.
    static var serveHelp: String {
        """
        hubbub serve [OPTIONS]

        Serves the chat hub at /chat, the chat page at / and health checks at /health/live and /health/ready.
        An option is given as a flag, as an environment variable, or in a YAML file: the first of these wins.

          --config FILE
              HUBBUB_CONFIG. A file with lines of the form NAME: VALUE.

        """ + serve.map(\.helpText).joined(separator: "\n")
    }

    private var helpText: String {
        let secret = isSecret ? " \(variable)_FILE or --\(name)-file name a file that holds it." : ""
        let fallback = fallback.map { " Default: \($0)" + ($0.hasSuffix(".") ? "" : ".") } ?? ""
        return
            "  --\(name)\(value.isEmpty ? "" : " " + value)\n      \(variable). \(help.prefix(1).uppercased())\(help.dropFirst()).\(fallback)\(secret)\n"
    }
}
