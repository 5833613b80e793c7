extension Option {
    /// What is blocked, of prompts and replies.
    static let contentFilter: [Option] = [
        Option(
            "blocked-words", value: "FILE",
            help: "a word or phrase on each line: prompts with one are refused, replies end before it"),
        Option(
            "azure-content-safety-endpoint", variable: "AZURE_CONTENT_SAFETY_ENDPOINT", value: "URL",
            help: "Azure AI Content Safety: it looks at prompts and replies of any model"),
        Option(
            "azure-content-safety-key", variable: "AZURE_CONTENT_SAFETY_KEY", value: "KEY", isSecret: true,
            help: "key of that resource; without one, tokens of Entra ID by DefaultAzureCredential"),
        Option(
            "azure-content-safety-thresholds", value: "SETTINGS",
            fallback: "hate=medium,self_harm=medium,sexual=medium,violence=medium",
            help: "from which severity on a category is blocked, low, medium or high, or that it is not, off"),
        Option(
            "azure-content-safety-blocklists", value: "NAMES",
            help: "block lists of the resource, separated by commas, whose matches are blocked"),
        Option(
            "azure-content-safety-interval", value: "DURATION", fallback: "1s",
            help: "how long text of a reply gathers before it is looked at, unless a record is full sooner"),
        Option(
            "content-filter-mode", value: "MODE", fallback: "default",
            help: "default: text is shown when it was looked at; asynchronous: at once, and may be taken back"),
        Option(
            "content-filter-replacement", value: "TEXT",
            help: "what stands in place of text that a filter of these blocks or takes back (default: nothing)"),
        Option(
            "unfiltered-text", value: "deliver|refuse",
            help: "what becomes of text that a content filter could not look at (default: refuse where that is Azure AI"
                + " Content Safety in default mode, else deliver)"),
    ]
}
