import ChatHub
import Crypto
import HTTPTypes
import Hummingbird
import NIOCore

extension RouterMethods {
    /// Adds the chat page at `/`, its files beside it.
    func page() {
        for file in ChatPage.files {
            let page = PageResponse(file)
            get(RouterPath(stringLiteral: "/" + file.name)) { request, _ in page.response(to: request) }
            guard file.name == ChatPage.index else { continue }
            get("/") { request, _ in page.response(to: request) }
        }
    }
}

/// A file of the page, as it is sent: browsers keep it and ask whether it has changed.
private struct PageResponse: Sendable {
    private let body: ByteBuffer
    private let tag: String
    private let headers: HTTPFields

    init(_ file: ChatPage.File) {
        body = ByteBuffer(bytes: file.bytes)
        let digits = SHA256.hash(data: file.bytes).prefix(12).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        tag = "\"\(digits.joined())\""
        headers = [
            .contentType: file.contentType.rawValue,
            .eTag: tag,
            .cacheControl: "no-cache",
            .xContentTypeOptions: "nosniff",
            .contentSecurityPolicy:
                "default-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ]
    }

    func response(to request: Request) -> Response {
        if request.headers[.ifNoneMatch] == tag { return Response(status: .notModified, headers: headers) }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
    }
}
