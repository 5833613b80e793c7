import Logging
import NIOHTTP1

extension HTTPResponseHead {
    /// The status, and the ids by which the server's operator finds the request.
    var logMetadata: Logger.Metadata {
        let ids = ["apim-request-id", "x-request-id"].compactMap { name in
            // Bounded, because a server can write anything there.
            headers.first(name: name).map { (name, Logger.MetadataValue.string(String($0.prefix(128)))) }
        }
        return Logger.Metadata(uniqueKeysWithValues: ids + [("status", "\(status.code)")])
    }
}
