import PrometheusMetrics

/// What `/metrics` says of the metrics that a node has; docs/METRICS.md explains them.
enum MetricFamilies {
    static let all = connections + streams + backplane + model

    /// From a tenth of a millisecond to two seconds: what hubs add.
    private static let short = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2]
    /// From ten milliseconds to a minute and more: what models take.
    private static let long = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80]

    private static let connections: [PrometheusFamily] = [
        .init("hubbub_connections", help: "Connections whose handshake was accepted."),
        .init("hubbub_connections_opened_total", help: "Handshakes that were accepted."),
        .init("hubbub_connections_closed_total", help: "Connections that have ended, by why."),
        .init("hubbub_refusals_total", help: "Requests answered with 429 or 503, by why."),
        .init("hubbub_invocations_total", help: "Invocations of hub methods that have ended."),
        .init("hubbub_outbox_bytes", help: "Bytes of messages that wait for clients that take no more."),
        .init("hubbub_slow_clients_total", help: "Clients cut off because they read too slowly."),
        .init("hubbub_relay_requests_total", help: "Requests that arrived here for connections of other nodes."),
        .init("hubbub_event_loop_lag_seconds", help: "How late event loops are.", buckets: short),
    ]

    private static let streams: [PrometheusFamily] = [
        .init("hubbub_chunks_produced_total", help: "Chunks of replies that are produced here."),
        .init("hubbub_chunks_delivered_total", help: "Chunks given to the connections that see them."),
        .init("hubbub_chunks_merged_total", help: "Those of them that went out with the one before."),
        .init("hubbub_hub_added_latency_seconds", help: "From a chunk's append to a viewer's socket.", buckets: short),
        .init(
            "hubbub_time_to_first_chunk_seconds", help: "From an ask to the first text for its client.", buckets: long),
        .init("hubbub_replies_total", help: "Replies that have ended for who asked here, by how."),
        .init("hubbub_resumes_total", help: "Resumes, by outcome."),
        .init("hubbub_stops_total", help: "Stops, by outcome."),
        .init("hubbub_stop_duration_seconds", help: "From a stop to the end in the log.", buckets: short),
        .init("hubbub_producer_lost_total", help: "Replies that this node ended for a lost one."),
    ]

    private static let backplane: [PrometheusFamily] = [
        .init("hubbub_backplane_lag_seconds", help: "From a message's PUBLISH to its arrival here.", buckets: short),
        .init("hubbub_backplane_reconnects_total", help: "Connections to Redis that were lost and made again."),
        .init("hubbub_redis_command_duration_seconds", help: "How long commands of Redis take.", buckets: short),
    ]

    /// OpenTelemetry's names, with the units that Prometheus wants in them.
    private static let model: [PrometheusFamily] = [
        .init(
            "gen_ai.client.operation.duration", name: "gen_ai_client_operation_duration_seconds",
            help: "How long a model's reply takes.", buckets: long),
        .init(
            "gen_ai.client.operation.time_to_first_chunk", name: "gen_ai_client_operation_time_to_first_chunk_seconds",
            help: "From a request to the model's first chunk.", buckets: long),
        .init(
            "gen_ai.client.operation.time_per_output_chunk",
            name: "gen_ai_client_operation_time_per_output_chunk_seconds",
            help: "From one chunk of a model to the next.",
            buckets: long),
        .init(
            "gen_ai.client.token.usage", help: "Tokens of a request or its reply.",
            buckets: (0..<11).map { Double(1 << (2 * $0)) }),
    ]
}
