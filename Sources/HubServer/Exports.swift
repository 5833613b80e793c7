/// What of the protocol is part of the public API, such as ``HubTransportType``: its module is no product of its own.
@_exported public import HubProtocol
