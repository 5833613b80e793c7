import HubProtocol
import NIOCore
import NIOWebSocket
import Synchronization

extension SignalRTestClient {
    /// The server's next call of a method, in their order.
    public func next(_ target: String) async throws -> ReceivedInvocation {
        guard let invocation = await mailbox(target).next() else { throw WebSocketTestClient.Disconnected() }
        return invocation
    }

    /// Ends the connection as a client's `stop()` does, and waits for the server to have ended it too.
    @discardableResult
    public func close() async throws -> Ended {
        try await sendMessage("{\"type\":7}")
        return try await ended()
    }

    /// Waits until the server has ended the connection.
    public func ended() async throws -> Ended {
        guard let ended = await end.next() else { throw WebSocketTestClient.Disconnected() }
        return ended
    }

    private func mailbox(_ target: String) -> Mailbox<ReceivedInvocation> {
        state.withLock { state in
            if let mailbox = state.invocations[target.lowercased()] { return mailbox }
            let mailbox = Mailbox<ReceivedInvocation>()
            if state.ended != nil { mailbox.finish() }
            state.invocations[target.lowercased()] = mailbox
            return mailbox
        }
    }

    func readMessages() async {
        var ended = Ended()
        var splitter = RecordSplitter(maximumRecordSize: 1 << 24)
        reading: while let event = try? await webSocket.next() {
            do {
                switch event {
                case .text(let text): splitter.feed(ByteBuffer(string: text))
                case .binary(let bytes): splitter.feed(bytes)
                case .pong: break
                case .close(let code):
                    ended.code = code.map { UInt16(webSocketErrorCode: $0) }
                    break reading
                }
                while let record = try splitter.next() {
                    guard let close = try receive(record) else { continue }
                    ended.error = close.error
                    ended.allowReconnect = close.allowReconnect
                }
            } catch {
                await webSocket.disconnect()
            }
        }
        try? await webSocket.waitUntilClosed()
        finish(ended)
    }

    /// - Returns: The server's Close message, if it is that.
    @discardableResult
    func receive(_ record: ByteBuffer) throws -> CloseMessage? {
        switch try JSONHubProtocol.parse(record) {
        case .invocation(let message):
            mailbox(message.target).put(ReceivedInvocation(message: message))
        case .completion(let message):
            state.withLock { $0.completions[message.invocationID] }?.put(message.outcome)
        case .streamItem(let message):
            state.withLock { $0.items[message.invocationID] }?.put(message.item)
        case .close(let message):
            return message
        case .streamInvocation, .cancelInvocation, .ping, .ack, .sequence, .unknown:
            break
        }
        return nil
    }

    private func finish(_ ended: Ended) {
        let (completions, invocations) = state.withLock { state in
            state.ended = ended
            return (Array(state.completions.values), Array(state.invocations.values))
        }
        for completion in completions { completion.finish() }
        for invocation in invocations { invocation.finish() }
        end.put(ended)
        end.finish()
    }
}
