import HubBackplane
import Synchronization

extension LiveStream {
    fileprivate enum Chore {
        case none
        case catchUp
        case askToBeFed
        case renew
        case letGo
        case close
    }

    /// A second has passed.
    func tick() {
        switch state.withLock({ $0.chore(configuration: node.configuration) }) {
        case .none:
            return
        case .catchUp:
            catchUp()
            askToBeFed()
        case .askToBeFed:
            askToBeFed()
        case .renew:
            node.backplane.expire([names.log, names.meta, names.stop], after: node.configuration.liveTimeToLive)
        case .letGo:
            node.registry.release(self)
            letGoOfText()
        case .close:
            closeIfUnused()
        }
    }

    /// The text of a stream that has ended is not kept any longer than its viewers need it.
    func letGoOfText() {
        closeIfUnused { $0.production = nil }
    }
}

extension LiveStream.State {
    fileprivate mutating func chore(configuration: ChunkStreamsConfiguration) -> LiveStream.Chore {
        if production != nil {
            production?.ticks += 1
            let ticks = production?.ticks ?? 0
            if production?.machine.hasEnded == true {
                guard ticks > configuration.textRetention.components.seconds else { return .none }
                return .letGo
            } else {
                guard ticks >= configuration.retention.components.seconds / 2 else { return .none }
                production?.ticks = 0
                return .renew
            }
        }
        if viewers.isEmpty { return .close }
        quietTicks += 1
        guard feed != nil, content.end == nil, Double(quietTicks) >= configuration.silence / .seconds(1) * patience
        else { return isFeedUnanswered ? .askToBeFed : .none }
        isSilent = true
        return .catchUp
    }
}
