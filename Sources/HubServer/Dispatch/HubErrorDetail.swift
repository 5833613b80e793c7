import HubProtocol
import Logging

extension HubEndpoint {
    /// Logs what kind of error it was, and not what it says: that may be what a client has sent.
    func logFailure(of method: String, _ error: any Error) {
        guard !(error is HubError), !(error is CancellationError), !(error is HubClientResultError) else { return }
        logger.warning("A hub method failed", metadata: ["method": "\(method)", "error": "\(type(of: error))"])
    }
}

extension HubErrorText.Detail {
    /// What a client may know of an error: nothing unless it was made for it or the options say so.
    init?(_ error: any Error, options: HubOptions) {
        if let error = error as? HubError {
            self.init(typeName: "HubException", message: error.message)
        } else if options.enableDetailedErrors {
            self.init(error)
        } else {
            return nil
        }
    }

    private init(_ error: any Error) {
        if let error = error as? any HubErrorNaming {
            self.init(typeName: error.hubErrorName, message: error.hubErrorMessage)
        } else {
            self.init(typeName: String(describing: type(of: error)), message: String(describing: error))
        }
    }
}
