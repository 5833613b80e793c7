import ChatModels
import ChunkStreams
import Foundation
import HubBackplane
import HubProtocol
import HubTesting
import NIOCore
import Synchronization
import Testing

@testable import ChatHub

/// Workers that are lost with asks in their hands.
@Suite(.timeLimit(.minutes(1))) struct LostWorkerTests {
    private struct Asked: Decodable { let messageId: String, finish: String }

    @Test func anAskWhoseWorkerIsLostBeforeAnyTextIsAnsweredByAnother() async throws {
        let silent = SilentModel()
        try await ChatNodes.run(workers: silent, EchoModel()) { nodes in
            // Nobody else is there yet.
            nodes.backplanes[2].setAway(true)
            let client = try await HubTestClient.connect(to: nodes.edge)
            async let asked = client.invoke("AskAi", "hello", returning: Asked.self)
            while silent.asked.load(ordering: .acquiring) == 0 { try await Task.sleep(for: .milliseconds(1)) }
            nodes.backplanes[2].setAway(false)
            nodes.backplanes[1].setAway(true)
            #expect(try await asked.finish == "completed")
            #expect(try client.events() == ["typing true", "typing false", "completed", "You said: hello"])
        }
    }

    @Test func anAskThatTheBackplaneHasLostIsQueuedAgain() async throws {
        try await ChatNodes.run(workers: EchoModel()) { nodes in
            nodes.backplanes[0].change { $0.losesItems = true }
            let client = try await HubTestClient.connect(to: nodes.edge)
            async let asked = client.invoke("AskAi", "hello", returning: Asked.self)
            let id = try await client.next("typing").argument(0, as: String.self)
            nodes.backplanes[0].setAway(true)
            nodes.base.expire([ChatNodes.names.stream(id).meta], after: .zero)
            nodes.backplanes[0].change { $0.losesItems = false }
            nodes.backplanes[0].setAway(false)
            #expect(try await asked.finish == "completed")
        }
    }

    @Test func whatIsInHandIsNotTakenTwice() async throws {
        let silent = SilentModel()
        try await ChatNodes.run(workers: silent) { nodes in
            let client = try await HubTestClient.connect(to: nodes.edge)
            async let asked = client.invoke("AskAi", "hello", returning: Asked.self)
            let id = try await client.next("typing").argument(0, as: String.self)
            while silent.asked.load(ordering: .acquiring) == 0 { try await Task.sleep(for: .milliseconds(1)) }
            for _ in 0..<3 {
                nodes.backplanes[1].setAway(true)
                nodes.backplanes[1].setAway(false)
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(silent.asked.load(ordering: .acquiring) == 1)
            let consumers = try await nodes.base.consumers(of: ChatNodes.names.asks)
            let worker = try #require(consumers.first)
            #expect(try await nodes.base.pending(on: ChatNodes.names.asks, consumer: worker).count == 1)
            try await client.invoke("Stop", id)
            #expect(try await asked.finish == "stopped")
            while try await !nodes.base.pending(on: ChatNodes.names.asks, consumer: worker).isEmpty {
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }
}
