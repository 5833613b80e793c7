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
    /// Whether its invocations run beside all others, as those of streams do.
    let runsInBackground: Bool
    let body: Body

    init(name: String, parameters: HubParameters, isLongRunning: Bool, single: @escaping Single) {
        self.name = name
        self.parameters = parameters
        runsInBackground = isLongRunning || parameters.uploads > 0
        body = .single(single)
    }

    init(name: String, streamParameters: HubParameters, stream: @escaping Stream) {
        self.name = name
        parameters = streamParameters
        runsInBackground = true
        body = .stream(stream)
    }

    var isStream: Bool {
        switch body {
        case .single: false
        case .stream: true
        }
    }
}

/// What a method takes.
struct HubParameters: Sendable, Equatable {
    /// How many arguments.
    private(set) var count = 0
    /// How many of them without the optional ones at the end, which a client may leave out.
    private(set) var required = 0
    /// How many streams of the client's.
    private(set) var uploads = 0

    init<each Argument>(_ types: repeat (each Argument).Type) {
        for type in repeat each types {
            if type is any HubUploadParameter.Type {
                uploads += 1
            } else {
                count += 1
                if !(type is any ExpressibleByNilLiteral.Type) { required = count }
            }
        }
    }
}
