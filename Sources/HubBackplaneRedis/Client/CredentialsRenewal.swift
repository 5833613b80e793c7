import Logging

/// Shows Redis new credentials over connections that live.
struct CredentialsRenewal: Sendable {
    let source: RedisCredentialsSource
    let links: [RedisLink]
    let logger: Logger

    /// Looks whether credentials have changed until the task is cancelled.
    func run() async {
        guard let interval = source.checkInterval else { return }
        var isFailing = false
        while (try? await Task.sleep(for: interval)) != nil {
            do {
                if let credentials = try await source.read(nil) {
                    // One after the other: there is always a connection that has not changed anything yet.
                    for link in links { await link.renew(with: credentials) }
                }
                isFailing = false
            } catch {
                if Task.isCancelled { return }
                logger.log(
                    level: isFailing ? .debug : .warning, "there are no credentials for redis",
                    metadata: ["error": "\(error)"])
                isFailing = true
            }
        }
    }
}
