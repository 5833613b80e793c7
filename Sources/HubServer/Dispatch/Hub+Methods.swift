extension Hub {
    /// Registers a method that returns nothing.
    ///
    /// - Parameters:
    ///   - name: The method's name for clients, matched without regard to case.
    ///   - isLongRunning: Whether the method runs beside all others, as streams do, and takes none of the places of
    ///     ``HubOptions/maximumParallelInvocationsPerClient``: one that waits for long would keep the client's next
    ///     invocations waiting. Methods with a ``HubUpload`` are.
    ///   - body: Gets the context and the client's arguments, decoded. Trailing arguments of an optional type may be left
    ///     out by the client.
    public func on<each Argument: Decodable & Sendable>(
        _ name: String,
        isLongRunning: Bool = false,
        _ body: @escaping @Sendable (HubContext, repeat each Argument) async throws -> Void
    ) {
        register(
            HubMethod(
                name: name, parameters: HubParameters(repeat (each Argument).self), isLongRunning: isLongRunning
            ) { context, binder in
                var binder = binder
                let arguments = try (repeat binder.next(as: (each Argument).self))
                try await body(context, repeat each arguments)
                return nil
            })
    }

    /// Registers a method whose result is sent to the client.
    ///
    /// - Parameters:
    ///   - name: The method's name for clients, matched without regard to case.
    ///   - isLongRunning: Whether the method runs beside all others, as streams do, and takes none of the places of
    ///     ``HubOptions/maximumParallelInvocationsPerClient``: one that waits for long would keep the client's next
    ///     invocations waiting. Methods with a ``HubUpload`` are.
    ///   - body: Gets the context and the client's arguments, decoded. Trailing arguments of an optional type may be left
    ///     out by the client.
    public func on<each Argument: Decodable & Sendable, Result: Encodable & Sendable>(
        _ name: String,
        isLongRunning: Bool = false,
        _ body: @escaping @Sendable (HubContext, repeat each Argument) async throws -> Result
    ) {
        register(
            HubMethod(
                name: name, parameters: HubParameters(repeat (each Argument).self), isLongRunning: isLongRunning
            ) { context, binder in
                var binder = binder
                let arguments = try (repeat binder.next(as: (each Argument).self))
                return try HubValue(encoding: try await body(context, repeat each arguments))
            })
    }

    /// Registers a method that streams: each element is sent when it comes, while the client takes them.
    ///
    /// - Parameters:
    ///   - name: The method's name for clients, matched without regard to case.
    ///   - body: Gets the context and the client's arguments, and returns the elements. Their iteration is cancelled when
    ///     the client cancels the stream and when the connection ends.
    public func on<each Argument: Decodable & Sendable, Elements: AsyncSequence & SendableMetatype>(
        _ name: String,
        _ body: @escaping @Sendable (HubContext, repeat each Argument) async throws -> Elements
    ) where Elements.Element: Encodable {
        register(
            HubMethod(name: name, streamParameters: HubParameters(repeat (each Argument).self)) {
                context, binder, writer in
                var binder = binder
                let arguments = try (repeat binder.next(as: (each Argument).self))
                let elements = try await body(context, repeat each arguments)
                try await writer.write(all: elements)
            })
    }
}
