/// How a model shall reply. What is `nil` is left to the model; what a model does not know it ignores.
public struct ChatOptions: Sendable, Hashable {
    /// Another model than the configured one, where the server has several.
    public var modelID: String?
    /// How freely it chooses its words, from 0 up to 2.
    public var temperature: Double?
    /// It chooses among the likeliest words that have this probability together, from 0 up to 1.
    public var topP: Double?
    /// The most tokens of the reply, hidden reasoning included.
    public var maxOutputTokens: Int?
    /// Texts before which the reply ends.
    public var stopSequences: [String]
    /// From -2 to 2: words grow less likely the more often they were used.
    public var frequencyPenalty: Double?
    /// From -2 to 2: words grow less likely when they were used at all.
    public var presencePenalty: Double?
    /// Asks for the same reply to the same conversation.
    public var seed: Int?
    /// How long a reasoning model thinks, in its own words, such as `low`.
    public var reasoningEffort: String?

    public init(
        modelID: String? = nil, temperature: Double? = nil, topP: Double? = nil, maxOutputTokens: Int? = nil,
        stopSequences: [String] = [], frequencyPenalty: Double? = nil, presencePenalty: Double? = nil,
        seed: Int? = nil, reasoningEffort: String? = nil
    ) {
        self.modelID = modelID
        self.temperature = temperature
        self.topP = topP
        self.maxOutputTokens = maxOutputTokens
        self.stopSequences = stopSequences
        self.frequencyPenalty = frequencyPenalty
        self.presencePenalty = presencePenalty
        self.seed = seed
        self.reasoningEffort = reasoningEffort
    }
}
