import HubProtocol
import HubTesting
import NIOCore
import Testing

@testable import HubServer

/// A connection's state machine and a client that does what the JavaScript client does, with sockets that are cut anywhere.
@Suite struct StatefulReconnectScheduleTests {
    private struct Run {
        let encoding: HubEncoding
        var machine: StatefulReconnect.StateMachine
        var client = ClientMessageBuffer()
        /// What is on its way: it is gone when the socket is cut.
        var toClient: [HubMessage] = []
        var toServer: [HubMessage] = []
        var isAttached = true
        var sentByServer = 0
        var sentByClient = 0
        var receivedByServer: [String] = []
        var receivedByClient: [String] = []
        var cuts = 0

        init(_ encoding: HubEncoding, bufferSize: Int) {
            self.encoding = encoding
            machine = StatefulReconnect.StateMachine(
                encoding: encoding, bufferSize: bufferSize, maximumBufferSize: bufferSize)
        }

        private func framed(_ message: HubMessage) -> ByteBuffer { HubConnection.framed(message, encoding) }

        private func parsed(_ bytes: ByteBuffer) throws -> [HubMessage] {
            var splitter = RecordSplitter(maximumRecordSize: .max, encoding: encoding)
            splitter.feed(bytes)
            var messages: [HubMessage] = []
            while let record = try splitter.next() { messages.append(try encoding.parse(record)) }
            return messages
        }

        /// The connection writes some messages as one.
        mutating func serverSends(_ count: Int) throws {
            guard machine.takesMessages else { return }
            var bytes = ByteBuffer()
            for _ in 0..<count {
                sentByServer += 1
                encoding.write(.cancelInvocation(id: "\(sentByServer)"), into: &bytes)
            }
            machine.wrote(bytes)
            toClient += try parsed(bytes)
        }

        mutating func clientSends() {
            sentByClient += 1
            let message = HubMessage.cancelInvocation(id: "\(sentByClient)")
            if client.send(message, as: framed(message)) { toServer.append(message) }
        }

        /// The socket takes a little of what is written again.
        mutating func serverReplays() throws {
            if let bytes = machine.nextReplay(atMost: 60) { toClient += try parsed(bytes) }
        }

        mutating func serverAcknowledges() {
            if let id = machine.takeAck() { toClient.append(.ack(sequenceID: id)) }
        }

        mutating func clientAcknowledges() {
            guard !client.isReconnecting else { return }
            toServer.append(.ack(sequenceID: client.latestReceivedID))
        }

        mutating func deliverToClient() throws {
            guard isAttached, !toClient.isEmpty else { return }
            let message = toClient.removeFirst()
            guard try client.received(message).0 == .process, case .cancelInvocation(let id) = message else { return }
            receivedByClient.append(id)
        }

        mutating func deliverToServer() throws {
            guard isAttached, !toServer.isEmpty else { return }
            let message = toServer.removeFirst()
            guard machine.received(message) else { return }
            switch message {
            case .ack(let id): try machine.acknowledged(id)
            case .sequence(let id): try machine.sequenceBegins(at: id)
            case .cancelInvocation(let id): receivedByServer.append(id)
            default: break
            }
        }

        /// - Parameter isNoticed: Whether the server hears of it before the next socket comes.
        mutating func cut(isNoticed: Bool) {
            guard isAttached else { return }
            isAttached = false
            cuts += 1
            toClient = []
            toServer = []
            client.disconnected()
            if isNoticed { _ = machine.lost() }
        }

        mutating func resume() throws {
            guard !isAttached else { return }
            isAttached = true
            toClient = [.sequence(sequenceID: machine.resumed())]
            let (id, messages) = client.resend()
            toServer = try [.sequence(sequenceID: id)] + messages.flatMap { try parsed($0) }
        }

        mutating func settle() throws {
            try resume()
            for _ in 0..<3 {
                while machine.isReplaying { try serverReplays() }
                while !toClient.isEmpty || !toServer.isEmpty {
                    try deliverToClient()
                    try deliverToServer()
                }
                clientAcknowledges()
                serverAcknowledges()
            }
        }
    }

    @Test(arguments: HubEncoding.allCases) func nothingIsLostDoubledOrOutOfOrder(encoding: HubEncoding) throws {
        var cuts = 0
        for seed in 1...300 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            var run = Run(encoding, bufferSize: seed.isMultiple(of: 2) ? 600 : 100_000)
            for _ in 0..<300 {
                switch Int.random(in: 0..<20, using: &random) {
                case 0..<3: try run.serverSends(Int.random(in: 1...3, using: &random))
                case 3..<5: run.clientSends()
                case 5..<10: try run.deliverToClient()
                case 10..<14: try run.deliverToServer()
                case 14: run.serverAcknowledges()
                case 15: run.clientAcknowledges()
                case 16: run.cut(isNoticed: Bool.random(using: &random))
                case 17: try run.resume()
                default: try run.serverReplays()
                }
            }
            try run.settle()
            #expect(run.receivedByClient == (1...max(1, run.sentByServer)).prefix(run.sentByServer).map { "\($0)" })
            #expect(run.receivedByServer == (1...max(1, run.sentByClient)).prefix(run.sentByClient).map { "\($0)" })
            #expect(run.client.unacknowledged == 0)
            #expect(run.machine.takesMessages)
            cuts += run.cuts
        }
        #expect(cuts > 1000)
    }

    /// One cut after each message that arrives, and after each pair of them.
    @Test(arguments: HubEncoding.allCases) func aCutMayComeBehindAnyMessage(encoding: HubEncoding) throws {
        let count = 8
        for first in 0...count {
            for second in 0...count {
                var run = Run(encoding, bufferSize: 100_000)
                for _ in 0..<4 {
                    try run.serverSends(2)
                    run.clientSends()
                }
                for _ in 0..<first { try run.deliverToClient() }
                for _ in 0..<min(first, 4) { try run.deliverToServer() }
                run.clientAcknowledges()
                run.cut(isNoticed: true)
                try run.resume()
                for _ in 0..<second { try run.serverReplays() }
                for _ in 0..<second { try run.deliverToClient() }
                for _ in 0..<second { try run.deliverToServer() }
                run.clientAcknowledges()
                try run.deliverToServer()
                run.cut(isNoticed: false)
                try run.settle()
                #expect(run.receivedByClient == (1...8).map { "\($0)" })
                #expect(run.receivedByServer == (1...4).map { "\($0)" })
            }
        }
    }
}
