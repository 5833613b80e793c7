/// One event of the Responses API, read leniently. Those that bring no text are told by their type alone.
struct ResponseEvent: Decodable {
    struct Response: Decodable {
        let id: String?
        let model: String?
        let usage: TokenUsage?
        let error: UpstreamError?
        let incompleteReason: String?
        /// Azure's filter takes back what was said, even where the response counts as completed.
        let block: Filter?
        let isUnfiltered: Bool

        private enum CodingKeys: String, CodingKey {
            case id
            case model
            case usage
            case error
            case incompleteDetails = "incomplete_details"
            case contentFilters = "content_filters"
        }

        private struct IncompleteDetails: Decodable {
            let reason: String?
        }

        struct Filter: Decodable {
            let blocked: Bool?
            let source: String?
            let results: ContentFilterResults?
            let offsets: ContentFilterOffsets?

            enum CodingKeys: String, CodingKey {
                case blocked
                case source = "source_type"
                case results = "content_filter_results"
                case offsets = "content_filter_offsets"
            }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            id = try? container.decodeIfPresent(String.self, forKey: .id)
            model = try? container.decodeIfPresent(String.self, forKey: .model)
            // Counts of a shape that nobody knows must not make the end of a reply unreadable.
            usage = try? container.decodeIfPresent(UpstreamUsage.self, forKey: .usage)?.tokens
            error = try? container.decodeIfPresent(UpstreamError.self, forKey: .error)
            let details = try? container.decodeIfPresent(IncompleteDetails.self, forKey: .incompleteDetails)
            incompleteReason = details?.reason
            let filters = (try? container.decodeIfPresent([Filter].self, forKey: .contentFilters)) ?? []
            block = filters.first { $0.blocked == true && $0.source != "prompt" }
            isUnfiltered = filters.contains { $0.results?.hasFailed == true }
        }
    }

    let type: String
    let delta: String?
    let response: Response?
    /// What went wrong, where the event says so.
    let error: UpstreamError?

    private enum CodingKeys: String, CodingKey {
        case type
        case delta
        case response
        case error
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        type = (try? container.decode(String.self, forKey: .type)) ?? ""
        // Of audio and the like it is something else.
        delta = try? container.decodeIfPresent(String.self, forKey: .delta)
        response = try container.decodeIfPresent(Response.self, forKey: .response)
        let isError = type == "error" || container.contains(.error)
        error = isError ? try? UpstreamError(from: decoder) : nil
    }
}
