import NIOCore

/// Whether a subscriber connection delivers: it answers pings, and brings back the canary, a numbered message that this
/// node publishes to itself over the command connection.
///
/// A ping alone proves nothing about delivery: a replica that lost its primary answers pings and delivers nothing.
struct LivenessStateMachine {
    static let patience = TimeAmount.seconds(3)

    private var pingSince: NIODeadline?
    private var canarySince: NIODeadline?
    private let first: UInt64
    private var lastSent: UInt64
    private var lastHeard: UInt64 = 0

    /// - Parameter first: Numbers above it are this connection's: another one hears them, too, while it is replaced.
    init(numbersAfter first: UInt64 = 0) {
        self.first = first
        lastSent = first
    }

    /// A ping was sent.
    mutating func pinged(at now: NIODeadline) {
        if pingSince == nil { pingSince = now }
    }

    mutating func ponged() { pingSince = nil }

    /// The number of the next canary.
    mutating func nextCanary() -> UInt64 {
        lastSent += 1
        return lastSent
    }

    /// Redis has accepted a canary, so it has to come back.
    mutating func canaryAccepted(_ number: UInt64, at now: NIODeadline) {
        if number > lastHeard, canarySince == nil { canarySince = now }
    }

    mutating func canaryHeard(_ number: UInt64) {
        guard number > first, number <= lastSent else { return }
        lastHeard = max(lastHeard, number)
        canarySince = nil
    }

    /// Why the connection is dead, if it is.
    func verdict(at now: NIODeadline) -> String? {
        if let pingSince, pingSince + Self.patience <= now { return "a ping was not answered" }
        if let canarySince, canarySince + Self.patience <= now { return "a published message did not come back" }
        return nil
    }
}
