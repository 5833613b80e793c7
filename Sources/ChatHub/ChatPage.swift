/// The chat page and that of the group chat: plain files, embedded in the binary.
package enum ChatPage {
    /// One file of the page.
    package struct File: Sendable {
        /// Its name beside the page.
        package let name: String
        package let contentType: ContentType
        package let bytes: [UInt8]

        fileprivate init(_ name: String, _ contentType: ContentType, _ bytes: [UInt8]) {
            self.name = name
            self.contentType = contentType
            self.bytes = bytes
        }
    }

    /// The media types that the page's files have.
    package enum ContentType: String, Sendable {
        case html = "text/html; charset=utf-8"
        case css = "text/css; charset=utf-8"
        case javaScript = "text/javascript; charset=utf-8"
        case svg = "image/svg+xml"
    }

    /// The file that is the page itself.
    package static let index = "index.html"

    /// All files.
    package static let files = [
        File("base.css", .css, PackageResources.base_css),
        File("chat.js", .javaScript, PackageResources.chat_js),
        File("composer.css", .css, PackageResources.composer_css),
        File("composer.js", .javaScript, PackageResources.composer_js),
        File("connection.js", .javaScript, PackageResources.connection_js),
        File("conversation.css", .css, PackageResources.conversation_css),
        File("conversation.js", .javaScript, PackageResources.conversation_js),
        File("copy.js", .javaScript, PackageResources.copy_js),
        File("favicon.svg", .svg, PackageResources.favicon_svg),
        File("follow.js", .javaScript, PackageResources.follow_js),
        File("frame.js", .javaScript, PackageResources.frame_js),
        File("group-chat.js", .javaScript, PackageResources.group_chat_js),
        File("group.css", .css, PackageResources.group_css),
        File("group.html", .html, PackageResources.group_html),
        File("group.js", .javaScript, PackageResources.group_js),
        File("header.css", .css, PackageResources.header_css),
        File("history.js", .javaScript, PackageResources.history_js),
        File("index.html", .html, PackageResources.index_html),
        File("markdown-blocks.js", .javaScript, PackageResources.markdown_blocks_js),
        File("markdown-inline.js", .javaScript, PackageResources.markdown_inline_js),
        File("markdown.css", .css, PackageResources.markdown_css),
        File("markdown.js", .javaScript, PackageResources.markdown_js),
        File("message.css", .css, PackageResources.message_css),
        File("message.js", .javaScript, PackageResources.message_js),
        File("proof.js", .javaScript, PackageResources.proof_js),
        File("reply.js", .javaScript, PackageResources.reply_js),
        File("signalr-calls.js", .javaScript, PackageResources.signalr_calls_js),
        File("signalr-connection.js", .javaScript, PackageResources.signalr_connection_js),
        File("signalr-keepalive.js", .javaScript, PackageResources.signalr_keepalive_js),
        File("signalr-log.js", .javaScript, PackageResources.signalr_log_js),
        File("signalr-methods.js", .javaScript, PackageResources.signalr_methods_js),
        File("signalr-observers.js", .javaScript, PackageResources.signalr_observers_js),
        File("signalr-protocol.js", .javaScript, PackageResources.signalr_protocol_js),
        File("signalr-reconnect.js", .javaScript, PackageResources.signalr_reconnect_js),
        File("signalr-stream.js", .javaScript, PackageResources.signalr_stream_js),
        File("signalr-transport.js", .javaScript, PackageResources.signalr_transport_js),
        File("signalr.js", .javaScript, PackageResources.signalr_js),
        File("status.js", .javaScript, PackageResources.status_js),
    ]
}
