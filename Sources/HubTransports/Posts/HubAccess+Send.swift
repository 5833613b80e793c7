import HubServer
package import NIOCore

extension HubAccess {
    /// `POST`: returns when there is room for the bytes.
    ///
    /// The body stays unread until its turn among those of its connection has come and, where it is large, until the
    /// connection and this node have room for it: so a client that sends faster than its methods run fills its own socket.
    package func send(_ body: PostBody, to target: Target, on eventLoop: any EventLoop) async throws(HubRefusal) {
        let size = body.size ?? body.maximumSize
        guard size <= body.maximumSize else { throw .bodyTooLarge }
        let deadline = NIODeadline.now() + TimeAmount(postTimeout)
        func exchange() -> HTTPExchange {
            let exchange = HTTPExchange(givenUpAs: .refused(.tooManySends), at: deadline, on: eventLoop)
            body.onClientLeft { exchange.giveUp() }
            return exchange
        }

        let turn = exchange()
        defer { posts.endTurn(turn, of: target.id) }
        posts.awaitTurn(turn, of: target.id)
        try await turn.value().throwRefusal()

        let share = size > PostAdmission.smallSize ? exchange() : nil
        defer { if let share { posts.endShare(share) } }
        if let share {
            try await ask(.room, of: target, on: eventLoop, makeExchange: exchange).answer.throwRefusal()
            posts.awaitShare(share, of: size)
            try await share.value().throwRefusal()
        }
        let bytes = try await body.read(deadline)
        try await ask(.send(bytes), of: target, on: eventLoop, makeExchange: exchange).answer.throwRefusal()
    }
}

extension HomeAnswer {
    fileprivate func throwRefusal() throws(HubRefusal) {
        if case .refused(let refusal) = self { throw HubRefusal(refusal) }
    }
}
