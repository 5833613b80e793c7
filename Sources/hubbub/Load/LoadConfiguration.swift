/// What `hubbub load` is told, checked.
struct LoadConfiguration: Sendable {
    var targets: [LoadTarget]
    var connections: Int
    /// Connects begun in a second.
    var connectRate: Int?
    var connectTimeout: Duration
    var hold: Duration?
    /// Asks at once on a connection.
    var concurrency: Int
    /// Asks in all on a connection.
    var asks: Int?
    /// How long new asks are begun.
    var duration: Duration?
    var ramp: Duration?
    var prompt: String
    /// Of how many replies one is hashed.
    var hashEvery: Int
    var timeout: Duration
    var processes: [MeasuredProcess]
    var isJSON: Bool

    init(_ values: OptionValues) throws {
        targets = try values.texts("url").map { try LoadTarget(url: $0) }
        connections = try values.count("connections")
        connectRate = try values.isGiven("connect-rate") ? values.count("connect-rate") : nil
        connectTimeout = try values.duration("connect-timeout")
        hold = try values.isGiven("hold") ? values.duration("hold") : nil
        concurrency = try values.count("concurrency")
        duration = try values.isGiven("duration") ? values.duration("duration") : nil
        if values.isGiven("asks") {
            asks = try values.count("asks")
        } else if duration == nil {
            asks = hold == nil ? 1 : 0
        }
        ramp = try values.isGiven("ramp") ? values.duration("ramp") : nil
        prompt = try values.value("prompt", expected: "a text") { $0 }
        hashEvery = try values.count("hash-every")
        timeout = try values.duration("timeout")
        processes = try values.texts("process").map { try MeasuredProcess(parsing: $0) }
        isJSON = values.isGiven("json")
    }
}
