import HubBackplane
import Logging
import NIOCore
import Synchronization

/// The channels of one hub that this node listens to, each for as long as someone here needs it.
///
/// Where the backplane cannot subscribe, nobody is kept waiting: the hub serves its local connections, and the
/// subscription is made as soon as the backplane is back.
final class ChannelSubscriptions: Sendable {
    typealias Receive = @Sendable (HubAddress, ByteBuffer) -> Void

    /// A struct: a closure that a generic container holds by itself is wrapped once more by each access that could change
    /// it, and is stored so; after thousands of messages each one was passed through thousands of wrappers.
    private struct Listener: Sendable {
        let receive: Receive
        let onInterruption: (@Sendable () -> Void)?
    }

    private let backplane: any Backplane
    private let names: BackplaneNames
    private let hubName: String
    private let logger: Logger
    let node: NodeID

    private let machine = Mutex(StateMachine())
    private let listener = Mutex<Listener?>(nil)
    private let isRetrying = Atomic(false)

    init(backplane: any Backplane, names: BackplaneNames, node: NodeID, hubName: String, logger: Logger) {
        self.backplane = backplane
        self.names = names
        self.node = node
        self.hubName = hubName
        self.logger = logger
    }

    /// - Parameters:
    ///   - receive: Called for every message, on a thread of the backplane.
    ///   - onInterruption: Called when messages of an address may have been lost.
    func start(_ receive: @escaping Receive, onInterruption: (@Sendable () -> Void)? = nil) {
        listener.withLock { $0 = Listener(receive: receive, onInterruption: onInterruption) }
        backplane.observeState { [weak self] state in
            if state == .ready { self?.subscribeMissing() }
        }
    }

    /// Wants an address; release it as often. Returns when the subscription is confirmed, or when the backplane is away.
    func retain(_ address: HubAddress) async {
        switch machine.withLock({ $0.retain(address) }) {
        case .confirmed: break
        case .subscribe: await subscribe(to: address)
        case .wait: await waitUntilSubscribed(to: address)
        }
    }

    /// Wants an address without waiting where there is nothing to wait for.
    ///
    /// - Returns: Whether it was retained; else call ``retain(_:)``.
    func retainIfConfirmed(_ address: HubAddress) -> Bool {
        machine.withLock { $0.retainIfConfirmed(address) }
    }

    func release(_ address: HubAddress) {
        machine.withLock { $0.release(address) }?.cancel()
    }

    /// Whether no address is wanted.
    var isEmpty: Bool { machine.withLock { $0.isEmpty } }

    /// Whether every address that is wanted is subscribed to.
    var isComplete: Bool { machine.withLock { $0.isComplete } }

    func publish(_ envelope: Envelope, to address: HubAddress, completion: @escaping @Sendable (Int) -> Void = { _ in })
    {
        backplane.publish(envelope.bytes(), to: address.channel(names, hub: hubName)) { [logger] result in
            switch result {
            case .success(let receivers): completion(receivers)
            case .failure(let error):
                logger.debug("A message to other nodes was lost", metadata: ["error": "\(error)"])
                completion(0)
            }
        }
    }
}

// MARK: Subscribing

extension ChannelSubscriptions {
    private func subscribe(to address: HubAddress) async {
        var subscription: ChannelSubscription?
        do {
            subscription = try await backplane.subscribe(to: address.channel(names, hub: hubName)) { event in
                switch event {
                case .message(let bytes): self.received(bytes, at: address)
                case .resubscribed: self.listener.withLock { $0 }?.onInterruption?()
                }
            }
        } catch {
            logger.debug("A channel will be subscribed to later", metadata: ["error": "\(error)"])
        }
        let (waiters, cancelled) = machine.withLock { $0.ended(address, with: subscription) }
        cancelled?.cancel()
        for waiter in waiters { waiter.resume() }
        if subscription == nil { retryLater() }
    }

    private func waitUntilSubscribed(to address: HubAddress) async {
        await withCheckedContinuation { waiter in
            if !machine.withLock({ $0.wait(for: address, waiter) }) { waiter.resume() }
        }
    }

    private func received(_ bytes: ByteBuffer, at address: HubAddress) {
        listener.withLock { $0 }?.receive(address, bytes)
    }

    private func subscribeMissing() {
        let missing = machine.withLock { $0.takeMissing() }
        guard !missing.isEmpty else { return }
        Task {
            await withDiscardingTaskGroup { group in
                for address in missing { group.addTask { await self.subscribe(to: address) } }
            }
        }
    }

    /// A subscription can fail while the backplane stays ready: no change of state will then tell to try again.
    private func retryLater() {
        guard backplane.isReady, !isRetrying.exchange(true, ordering: .acquiringAndReleasing) else { return }
        Task { [weak self] in
            try? await Task.sleep(for: .seconds(1))
            guard let self else { return }
            isRetrying.store(false, ordering: .releasing)
            if backplane.isReady { subscribeMissing() }
        }
    }
}
