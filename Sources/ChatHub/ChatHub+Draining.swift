import ChunkStreams
import Logging
import Synchronization

/// The end of a node's work.
extension ChatHub {
    /// Takes no more asks, lets running replies finish for ``ChatHubConfiguration/drainTimeout``, and ends the rest as
    /// `failed(shutting_down)`. Clients that ask all the same are answered by other nodes. May be called more than once.
    package func drain() async {
        let task = draining.withLock { draining in
            let task = draining ?? Task { await self.endReplies() }
            draining = task
            return task
        }
        await task.value
    }

    private func endReplies() async {
        drainBegins.finish()
        worker.places.close()
        await withTaskGroup { group in
            group.addTask { await self.giveUpWaiting() }
            async let isFed: Void = feeds.drain(within: configuration.drainTimeout, as: .shuttingDown)
            await worker.drain(within: configuration.drainTimeout)
            await isFed
            group.cancelAll()
        }
    }

    /// Until cancelled, from when the ends of replies should have been in their logs: they never are while Redis is away.
    private func giveUpWaiting() async {
        do {
            try await Task.sleep(for: configuration.drainTimeout + configuration.endTime)
            logger.warning("Replies are left without an end: the backplane does not take it")
            while true {
                streams.giveUpWaiting()
                try await Task.sleep(for: .milliseconds(100))
            }
        } catch {}
    }
}
