import HTTPTypes
import Hummingbird
import NIOCore
import PrometheusMetrics

extension RouterMethods {
    /// `/metrics`, as Prometheus scrapes it.
    func metrics(_ prometheus: PrometheusMetricsFactory) {
        let process = ProcessMetrics()
        get("/metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: prometheus.text() + process.text())))
        }
    }
}
