extension Option {
    /// Limits and times of connections. The defaults are ASP.NET's where it has one, but for what a chat needs: prompts that
    /// are long, questions side by side, and stateful reconnect.
    static let limits: [Option] = [
        Option("connect-timeout", value: "DURATION", fallback: "15s", help: "time to connect after negotiating"),
        Option("handshake-timeout", value: "DURATION", fallback: "15s", help: "time to shake hands"),
        Option(
            "keep-alive-interval", value: "DURATION", fallback: "15s",
            help: "silence after which a client is sent a ping"),
        Option(
            "client-timeout-interval", value: "DURATION", fallback: "30s",
            help: "silence of a client after which its connection is closed"),
        Option(
            "transport-send-timeout", value: "DURATION", fallback: "10s",
            help: "how long a client may take nothing of what waits for it"),
        Option("close-timeout", value: "DURATION", fallback: "5s", help: "how long a connection may take to end"),
        Option(
            "going-away-timeout", value: "DURATION", fallback: "1s",
            help: "the same of a WebSocket when the node is told to stop"),
        Option(
            "drain-timeout", value: "DURATION", fallback: "30s",
            help: "how long replies may go on when the node is told to stop; told again, it ends at once"),
        Option(
            "shutdown-timeout", value: "DURATION", fallback: "5s",
            help: "how long connections may take to end after that"),
        Option(
            "poll-timeout", value: "DURATION", fallback: "90s",
            help: "how long a poll of long polling waits for messages"),
        Option(
            "disconnect-timeout", value: "DURATION", fallback: "15s",
            help: "how long a client may take to poll again, to connect after its first request, or to come back"),
        Option(
            "allow-stateful-reconnects", value: "true|false", fallback: "true",
            help: "lets clients that ask for it go on over another WebSocket, at any node, when theirs is cut"),
        Option(
            "stateful-reconnect-buffer-size", value: "BYTES", fallback: "100000",
            help: "bytes kept for such a client until it acknowledges them; then further messages wait"),
        Option(
            "relay-timeout", value: "DURATION", fallback: "10s",
            help: "how long the node that holds a connection may leave a request unanswered that arrived at another one"
        ),
        Option(
            "application-max-buffer-size", value: "BYTES", fallback: "65536",
            help: "most bytes posted by a client that wait for its hub; then its POST hangs"),
        Option(
            "transport-max-buffer-size", value: "BYTES", fallback: "65536",
            help: "bytes that wait for the next poll of a client before its hub is held up"),
        Option("maximum-post-size", value: "BYTES", fallback: "4194304", help: "most bytes of one POST"),
        Option(
            "large-post-buffer-size", value: "BYTES", fallback: "33554432",
            help: "bytes of POSTs of more than 64 KiB that the node takes in at once; further ones wait, unread"),
        Option(
            "post-timeout", value: "DURATION", fallback: "90s",
            help: "how long a POST may take until its bytes are taken"),
        Option(
            "transports", value: "NAMES", fallback: "WebSockets,ServerSentEvents,LongPolling",
            help: "how clients may be connected, separated by commas"),
        Option(
            "protocols", value: "NAMES", fallback: "json,messagepack",
            help: "the protocols that clients may speak, separated by commas"),
        Option(
            "http-idle-timeout", value: "DURATION", fallback: "130s",
            help: "how long an HTTP connection may stay without a request"),
        Option(
            "maximum-receive-message-size", value: "BYTES",
            help: "longest message of a client (default: six times --maximum-prompt-bytes, and 4096)"),
        Option(
            "maximum-outbox-size", value: "BYTES", fallback: "1048576", help: "most bytes that wait for a slow client"),
        Option(
            "maximum-parallel-invocations", value: "COUNT", fallback: "10",
            help: "invocations of one client that run at once, not counting asks; further ones wait"),
        Option(
            "maximum-parallel-streams", value: "COUNT", fallback: "100",
            help: "asks and streams of one client that run at once; further ones are refused"),
        Option(
            "stream-buffer-capacity", value: "COUNT", fallback: "10",
            help: "items of a client's stream that wait before it is held up"),
        Option(
            "client-result-timeout", value: "DURATION", fallback: "30s",
            help: "how long a client may take to answer an invocation of a hub's"),
        Option(
            "minimum-protocol-version", value: "NUMBER", fallback: "0", help: "lowest version of negotiation, 0 or 1"),
        Option(
            "detailed-errors", value: "", kind: .toggle, help: "tells clients what kind of error a method failed with"),
        Option(
            "maximum-connections", value: "COUNT", help: "most connections of hubs on this node (default: no limit)"),
        Option(
            "maximum-connections-per-address", value: "COUNT",
            help: "most connections of hubs from one address (default: no limit)"),
        Option(
            "negotiate-rate", value: "RATE",
            help: "clients that may negotiate in a second, COUNT or COUNT:BURST (default: no limit)"),
        Option("negotiate-rate-per-address", value: "RATE", help: "the same for one address (default: no limit)"),
        Option(
            "connect-rate", value: "RATE",
            help: "connections that may begin in a second, COUNT or COUNT:BURST (default: no limit)"),
        Option("connect-rate-per-address", value: "RATE", help: "the same for one address (default: no limit)"),
        Option(
            "trusted-proxies", value: "ADDRESSES",
            help: "proxies whose word is taken on clients' addresses, such as 10.0.0.0/8, separated by commas"),
        Option(
            "forwarded-header", value: "NAME", fallback: "x-forwarded-for",
            help: "where they write it, x-forwarded-for or forwarded"),
    ]
}
