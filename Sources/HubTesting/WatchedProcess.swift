import Foundation

/// A child process that never outlives this one.
///
/// Between the two stands a shell that reads from a pipe whose other end only this process holds. When this process
/// ends, even by SIGKILL, the pipe breaks and the shell kills the child.
struct WatchedProcess {
    private static let watcher = """
        "$@" >/dev/null 2>&1 </dev/null &
        echo $!
        read -r end
        kill -9 $! 2>/dev/null
        wait $! 2>/dev/null
        """

    private let watcher: pid_t
    private let pipe: FileHandle
    private let process: pid_t
    private var hasEnded = false

    /// - Parameter arguments: The program, looked up in `PATH`, and its arguments.
    init(_ arguments: [String]) throws {
        let input = try Self.pipe()
        let output = try Self.pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.reading.fileDescriptor, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writing.fileDescriptor, 1)
        // The signals that this thread blocks would stay blocked in the shell, which then never hears of its child's end.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        sigemptyset(&noSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var command = (["/bin/sh", "-c", Self.watcher, "sh"] + arguments).map { strdup($0) } + [nil]
        defer { command.forEach { free($0) } }
        var watcher = pid_t()
        let status = posix_spawn(&watcher, "/bin/sh", &actions, &attributes, &command, environ)
        guard status == 0 else { throw RedisServerError(description: "posix_spawn failed: \(status)") }
        try? output.writing.close()
        self.watcher = watcher
        self.pipe = input.writing
        let line = String(decoding: output.reading.availableData, as: UTF8.self)
        self.process = pid_t(line.trimmingCharacters(in: .newlines)) ?? 0
    }

    /// Whether the child is alive.
    var isRunning: Bool { !hasEnded && process > 0 && kill(process, 0) == 0 }

    func signal(_ signal: Int32) {
        if isRunning { kill(process, signal) }
    }

    /// Kills the child and waits until it is gone.
    mutating func end() {
        if hasEnded { return }
        hasEnded = true
        try? pipe.close()
        var status: Int32 = 0
        while waitpid(watcher, &status, 0) == -1, errno == EINTR {}
    }

    /// A pipe that other children do not inherit.
    private static func pipe() throws -> (reading: FileHandle, writing: FileHandle) {
        var descriptors: [Int32] = [0, 0]
        guard Foundation.pipe(&descriptors) == 0 else { throw RedisServerError(description: "pipe failed: \(errno)") }
        for descriptor in descriptors {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
        return (
            FileHandle(fileDescriptor: descriptors[0], closeOnDealloc: true),
            FileHandle(fileDescriptor: descriptors[1], closeOnDealloc: true)
        )
    }
}
