import CoreMetrics
import PrometheusMetrics
import Testing

@Suite struct PrometheusMetricsTests {
    @Test func countersAreToldByLabels() {
        let factory = PrometheusMetricsFactory(families: [.init("requests", help: "Requests,\nby \\ method.")])
        let get = Counter(label: "requests", dimensions: [("method", "GET"), ("code", "200")], factory: factory)
        get.increment()
        // The same one, whatever the order.
        Counter(label: "requests", dimensions: [("code", "200"), ("method", "GET")], factory: factory).increment(by: 2)
        Counter(label: "requests", dimensions: [("method", "a\"b\\c\nd")], factory: factory).increment()
        #expect(
            factory.text() == #"""
                # HELP requests_total Requests,\nby \\ method.
                # TYPE requests_total counter
                requests_total{code="200",method="GET"} 3
                requests_total{method="a\"b\\c\nd"} 1

                """#)
    }

    @Test func timersAreHistogramsInSeconds() {
        let family = PrometheusFamily("wait", name: "wait_seconds", help: "Waiting.", buckets: [0.001, 0.25])
        let factory = PrometheusMetricsFactory(families: [family])
        let timer = Timer(label: "wait", dimensions: [], factory: factory)
        for milliseconds in [1, 250, 251] { timer.recordMilliseconds(milliseconds) }
        #expect(
            factory.text() == """
                # HELP wait_seconds Waiting.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{le="0.001"} 1
                wait_seconds_bucket{le="0.25"} 2
                wait_seconds_bucket{le="+Inf"} 3
                wait_seconds_sum 0.502
                wait_seconds_count 3

                """)
    }

    @Test func recordersAreHistogramsOrGauges() {
        let factory = PrometheusMetricsFactory(families: [.init("size", help: "Sizes.", buckets: [10])])
        Recorder(label: "size", dimensions: [("kind", "a")], aggregate: true, factory: factory).record(11)
        Recorder(label: "now", dimensions: [], aggregate: false, factory: factory).record(1.5)
        let meter = Meter(label: "open", dimensions: [], factory: factory)
        meter.increment(by: 3)
        meter.decrement()
        let text = factory.text()
        #expect(text.contains("size_bucket{kind=\"a\",le=\"10\"} 0\n"))
        #expect(text.contains("size_sum{kind=\"a\"} 11\nsize_count{kind=\"a\"} 1\n"))
        #expect(text.contains("# TYPE now gauge\nnow 1.5\n"))
        #expect(text.contains("# TYPE open gauge\nopen 2\n"))
    }

    @Test func whatIsNoNameBecomesOne() {
        let factory = PrometheusMetricsFactory()
        Counter(label: "gen_ai.client-é total", dimensions: [("server.port", "1")], factory: factory).increment()
        Counter(label: "2xx", dimensions: [], factory: factory).increment()
        #expect(factory.text().contains("gen_ai_client___total{server_port=\"1\"} 1\n"))
        #expect(factory.text().contains("_2xx_total 1\n"))
    }

    @Test func aNameIsOfOneKind() {
        let factory = PrometheusMetricsFactory()
        Meter(label: "a", dimensions: [], factory: factory).set(1)
        let other = Recorder(label: "a", dimensions: [], aggregate: true, factory: factory)
        other.record(5)
        #expect(factory.text() == "# TYPE a gauge\na 1\n")
    }

    @Test func thereAreNotMoreSeriesThanPrometheusBears() {
        let factory = PrometheusMetricsFactory()
        for user in 0..<PrometheusMetricsFactory.maximumSeries + 5 {
            Counter(label: "users", dimensions: [("id", "\(user)")], factory: factory).increment()
        }
        #expect(factory.text().split(separator: "\n").count == PrometheusMetricsFactory.maximumSeries + 1)
    }

    @Test func whatIsCountedByManyAtOnceIsAllCounted() async {
        let factory = PrometheusMetricsFactory()
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<1000 {
                        Counter(label: "all", dimensions: [], factory: factory).increment()
                        Timer(label: "time", dimensions: [], factory: factory).recordNanoseconds(1)
                    }
                }
            }
        }
        #expect(factory.text().contains("all_total 4000\n"))
        #expect(factory.text().contains("time_count 4000\n"))
    }
}
