extension Option {
    /// All options of `hubbub load`.
    static let load: [Option] = [
        Option(
            "url", value: "URL", fallback: "http://127.0.0.1:8080", kind: .list,
            help:
                "a chat hub, as http://HOST:PORT[/PATH] or https://…, where PATH is /chat unless given; several take turns"
        ),
        Option("insecure", value: "", kind: .toggle, help: "any certificate of a server is taken"),
        Option(
            "access-token", value: "TEXT", isSecret: true,
            help: "what every request shows as Authorization: Bearer TEXT"),
        Option(
            "transport", value: "TRANSPORT", fallback: "webSockets",
            help: "how clients connect: webSockets, serverSentEvents (or sse) or longPolling"),
        Option(
            "protocol", value: "PROTOCOL", fallback: "json",
            help: "what clients speak: json, or messagepack, which serverSentEvents cannot carry"),
        Option(
            "request-url", value: "URL", kind: .list,
            help:
                "where the requests of serverSentEvents and longPolling go that are not the first of their connection,"
                + " as a load balancer may send them to other nodes; several take turns (default: where that was)"),
        Option("connections", value: "COUNT", fallback: "100", help: "clients, each with one connection"),
        Option(
            "slow-readers", value: "COUNT",
            help: "of the clients so many read about 2 KiB a second; their times are not counted (default: none)"),
        Option("connect-rate", value: "COUNT", help: "connects begun in a second (default: no limit)"),
        Option("connect-timeout", value: "DURATION", fallback: "10s", help: "time for one connect"),
        Option(
            "keep-alive-interval", value: "DURATION", fallback: "15s",
            help: "how often a client pings; with longPolling it needs not"),
        Option(
            "hold", value: "DURATION", help: "how long connections stay idle before the first ask (default: not at all)"
        ),
        Option("concurrency", value: "COUNT", fallback: "1", help: "asks at once on a connection"),
        Option(
            "asks", value: "COUNT",
            help: "asks in all on a connection (default: no limit with --duration, none with --hold, else 1)"),
        Option(
            "duration", value: "DURATION",
            help: "how long replies that have ended are followed by new asks (default: --asks decides)"),
        Option("ramp", value: "DURATION", help: "time over which the connections begin to ask (default: all at once)"),
        Option(
            "resume", value: "", kind: .toggle,
            help: "a client whose connection is lost connects again, and resumes its replies"),
        Option(
            "reconnect-every", value: "DURATION",
            help: "how often a client that asks cuts its connection, about; needs --resume (default: never)"),
        Option(
            "prompt", value: "TEXT", fallback: "chunks=50,interval=20ms,size=20",
            help: "what is asked; --model synthetic reads it as settings"),
        Option("hash-every", value: "COUNT", fallback: "16", help: "of how many replies one has its SHA-256 checked"),
        Option("timeout", value: "DURATION", fallback: "5m", help: "when asks that are still open have failed"),
        Option(
            "process", value: "NAME=PID", kind: .list,
            help: "a process of this machine whose CPU time and memory are reported, may be repeated (Linux)"),
        Option(
            "require", value: "OBJECTIVES",
            help:
                "what has to be reached, separated by commas, as p99<20ms,firstChunk.p50<=5ms,lost=0,completed>=1000;"
                + " a percentile alone is of the latency, lost are chunks and replies"),
        Option(
            "scenario", value: "FILE",
            help:
                "a YAML list of runs, which come one after the other: each has a name and any of these options; flags hold"
                + " for all of them"),
        Option("json", value: "", kind: .toggle, help: "report as JSON; a list of reports with --scenario"),
    ]

    /// What `hubbub load --help` prints.
    static var loadHelp: String {
        """
        hubbub load [OPTIONS]

        Connects to a chat hub, asks, and checks that every reply arrives whole and in order. Latencies, and which chunks
        are missing, are told where --model synthetic replies, latencies only when it does so on the same machine.
        The exit code is not 0 when anything was lost, wrong or failed, or what --require asks for was not reached.
        A terminal is told each second how far it is. Ctrl-C lets replies end, and reports; a second one ends at once.

        \(load.map { helpEntry($0.flag, $0.sentence) }.joined(separator: "\n"))
        """
    }
}
