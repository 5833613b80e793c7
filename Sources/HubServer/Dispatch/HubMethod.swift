/// A registered method, its types erased.
struct HubMethod: Sendable {
    typealias Single = @Sendable (HubContext, HubArgumentBinder) async throws -> HubValue?
    typealias Stream = @Sendable (HubContext, HubArgumentBinder, HubStreamWriter) async throws -> Void

    enum Body: Sendable {
        /// Returns the result, nil for none.
        case single(Single)
        /// Returns when the stream has ended.
        case stream(Stream)
    }

    let name: String
    let parameters: HubParameters
    let body: Body

    init(name: String, parameters: HubParameters, single: @escaping Single) {
        self.name = name
        self.parameters = parameters
        body = .single(single)
    }

    init(name: String, streamParameters: HubParameters, stream: @escaping Stream) {
        self.name = name
        parameters = streamParameters
        body = .stream(stream)
    }

    var isStream: Bool {
        switch body {
        case .single: false
        case .stream: true
        }
    }
}

/// How many arguments a method takes.
struct HubParameters: Sendable, Equatable {
    let count: Int
    /// Without the optional ones at the end, which a client may leave out.
    let required: Int

    init<each Argument>(_ types: repeat (each Argument).Type) {
        var count = 0
        var required = 0
        for type in repeat each types {
            count += 1
            if !(type is any ExpressibleByNilLiteral.Type) { required = count }
        }
        self.count = count
        self.required = required
    }
}
