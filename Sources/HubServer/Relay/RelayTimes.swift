/// How long edges and homes wait for each other.
struct RelayTimes: Sendable {
    /// How long the home may be silent about a request.
    let deadline: Duration

    /// - Parameter deadline: ``HubOptions/relayTimeout``, from which the other times follow.
    init(deadline: Duration) { self.deadline = deadline }

    /// How often it is looked what is due.
    var interval: Duration { max(.milliseconds(10), deadline / 40) }
    /// What was not answered is said again after this.
    var repetition: Duration { deadline / 10 }
    /// How long a home is looked for that nobody listens for, while some node may be about to.
    var absence: Duration { deadline * 3 / 10 }
    /// How long what became of a request is remembered: as long as it could be repeated, and as long again.
    var memory: Duration { deadline * 2 }
}
