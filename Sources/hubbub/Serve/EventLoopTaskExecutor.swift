import NIOCore
import NIOPosix

/// Runs tasks on the event loops: on the one where a task is woken, so that what a socket or a timer wakes goes on without a
/// change of threads. That change was the largest part of a connect, and of a chunk.
///
/// Only for tasks that do not block.
final class EventLoopTaskExecutor: TaskExecutor {
    private let group: MultiThreadedEventLoopGroup

    init(group: MultiThreadedEventLoopGroup) { self.group = group }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // `any()` is the current event loop where there is one.
        group.any().execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
