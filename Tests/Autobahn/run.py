"""Runs Autobahn's WebSocket cases against an echo: run.py ws://127.0.0.1:PORT/open-echo [CASE...], as in
run.py URL 6.4.1 '9.*'

Each message has to come back as text if it was text and as bytes if it was bytes. Which groups are left out, and why, LEFT_OUT says; they
run where they are named ('12.*').
"""

import re
import sys
import time
from collections import Counter

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol, connectWS
from autobahn.websocket.protocol import WebSocketProtocol
from twisted.internet import reactor

from python2 import load_cases, to_bytes, to_str

GOOD = {"OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED"}
# Groups that do not run, and why.
COMPRESSION = (
    "permessage-deflate, which the server never accepts: a client gets a connection without it, as RFC 7692 has it, and the cases "
    "end as UNIMPLEMENTED. ASP.NET's SignalR leaves it off too, since secrets beside text of others must not be compressed (CRIME)"
)
LEFT_OUT = {"12": COMPRESSION, "13": COMPRESSION}
TIME_LIMIT = 120  # seconds, for a case


class Client(WebSocketClientProtocol):
    """What a case calls `self.p`."""

    def __init__(self, kind: type) -> None:
        super().__init__()
        self.kind, self.case = kind, None
        self.connectionWasOpen = self.createWirelog = False
        self.createStats, self.wirelog = True, []
        self.rxOctetStats, self.rxFrameStats = Counter(), Counter()
        self.txOctetStats, self.txFrameStats = Counter(), Counter()

    def connectionMade(self) -> None:
        self.case = self.kind(self)
        super().connectionMade()

    # The cases look at what went in and out.

    def logRxOctets(self, data: bytes) -> None:
        self.rxOctetStats[len(data)] += 1

    def logTxOctets(self, data: bytes, sync: bool) -> None:
        self.txOctetStats[len(data)] += 1

    def logRxFrame(self, header, payload) -> None:
        self.rxFrameStats[header.opcode] += 1

    def logTxFrame(self, header, payload, repeat, chop, sync) -> None:
        self.txFrameStats[header.opcode] += 1

    def enableWirelog(self, enabled: bool) -> None:
        self.createWirelog = enabled

    # What they have done later.

    def continueLater(self, delay: float, action, tag=None) -> None:
        reactor.callLater(delay, lambda: self.state == WebSocketProtocol.STATE_CLOSED or action())

    def killAfter(self, delay: float) -> None:
        self.continueLater(delay, self._fail_connection if hasattr(self, "_fail_connection") else self.failConnection)

    def closeAfter(self, delay: float) -> None:
        self.continueLater(delay, self.sendClose)

    # What they send, right or wrong.

    def sendFrame(self, opcode, payload=b"", **options):
        return super().sendFrame(opcode, payload=to_bytes(payload), **options)

    def sendMessage(self, payload, *options, **more):
        return super().sendMessage(to_bytes(payload), *options, **more)

    def beginMessage(self, isBinary=False, doNotCompress=False, opcode=None):
        return super().beginMessage(isBinary or opcode == WebSocketProtocol.MESSAGE_TYPE_BINARY, doNotCompress)

    def sendMessageFrame(self, payload, *options, **more):
        return super().sendMessageFrame(to_bytes(payload), *options, **more)

    def sendMessageFrameData(self, payload, *options, **more):
        return super().sendMessageFrameData(to_bytes(payload), *options, **more)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        return super().sendCloseFrame(code, reasonUtf8 and to_bytes(reasonUtf8), isReply)

    def sendClose(self, code=None, reason=None):
        """Checks nothing: there are cases of codes that may not be sent."""
        if self.state == WebSocketProtocol.STATE_OPEN:
            self.sendCloseFrame(1000 if code is None and reason is not None else code, reason)

    # What comes back.

    def onOpen(self) -> None:
        self.connectionWasOpen = True
        self.case.onOpen()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        compares_bytes = getattr(self.case, "TESTDATA", None) is not None
        self.case.onMessage(payload if compares_bytes else to_str(payload), isBinary)

    def onPong(self, payload: bytes) -> None:
        self.case.onPong(to_str(payload))

    def onClose(self, wasClean, code, reason) -> None:
        if self.case:
            self.case.onClose(wasClean, code, reason)

    def connectionLost(self, reason) -> None:
        super().connectionLost(reason)
        if self.case:
            self.case.onConnectionLost(self.failedByMe)
        self.factory.ended()


class Connection(WebSocketClientFactory):
    """One case."""

    def __init__(self, url: str, kind: type, done) -> None:
        super().__init__(url)
        self.kind, self.done, self.client = kind, done, None
        self.logOctets = self.logFrames = True
        self.setProtocolOptions(failByDrop=False, openHandshakeTimeout=10, closeHandshakeTimeout=5)
        self.limit = reactor.callLater(TIME_LIMIT, self.ended)

    def buildProtocol(self, address) -> Client:
        self.client = Client(self.kind)
        self.client.factory = self
        return self.client

    def clientConnectionFailed(self, connector, reason) -> None:
        self.ended()

    def ended(self) -> None:
        if not self.done:
            return
        if self.limit.active():
            self.limit.cancel()
        elif self.client and self.client.transport:
            self.client.transport.abortConnection()
        done, self.done = self.done, None
        reactor.callLater(0, done, self.client.case if self.client else None)


class Run:
    def __init__(self, url: str, patterns: list[str]) -> None:
        self.url, self.module, self.began = url, load_cases(), time.monotonic()
        self.behaviors: dict[str, Counter] = {}
        self.failures: list[str] = []
        wanted = [re.compile(re.escape(pattern).replace(r"\*", ".*")) for pattern in patterns]
        numbered = [(kind.__name__.removeprefix("Case").replace("_", "."), kind) for kind in self.module.Cases]
        self.cases = [
            (number, kind)
            for number, kind in sorted(numbered, key=lambda case: [int(part) for part in case[0].split(".")])
            if (any(one.fullmatch(number) for one in wanted) if wanted else number.split(".")[0] not in LEFT_OUT)
        ]
        self.left_out = Counter() if wanted else Counter(number.split(".")[0] for number, _ in numbered) & Counter(
            dict.fromkeys(LEFT_OUT, len(numbered))
        )

    def next(self, index: int = 0) -> None:
        if index == len(self.cases):
            return reactor.stop()
        number, kind = self.cases[index]

        def done(case) -> None:
            self.judge(number, case)
            self.next(index + 1)

        connectWS(Connection(self.url, kind, done))

    def judge(self, number: str, case) -> None:
        behavior = case.behavior if case else "FAILED"
        close = case.behaviorClose if case else "FAILED"
        self.behaviors.setdefault(number.split(".")[0], Counter())[behavior] += 1
        # Where the outcome is for information only, a close need not be clean.
        if behavior not in GOOD or close not in GOOD | ({"UNCLEAN"} if behavior == "INFORMATIONAL" else set()):
            self.failures.append(number)
            why = f"{case.result} {case.resultClose}" if case else "no connection, or no end"
            print(f"{number} FAILED: {behavior}, {close}: {why}", flush=True)

    def report(self) -> int:
        for group, behaviors in self.behaviors.items():
            counts = ", ".join(f"{count} {behavior}" for behavior, count in sorted(behaviors.items()))
            print(f"{group:>3} {self.module.CaseCategories.get(group, '')}: {counts}")
        for group, count in sorted(self.left_out.items()):
            print(f"{group:>3} {self.module.CaseCategories.get(group, '')}: {count} left out: {LEFT_OUT[group]}")
        ran = sum(behaviors.total() for behaviors in self.behaviors.values())
        failed = len(self.failures) + len(self.cases) - ran
        print(f"{len(self.cases) - failed} passed, {failed} failed in {time.monotonic() - self.began:.0f} s")
        return 1 if failed or not ran else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    run = Run(sys.argv[1], sys.argv[2:])
    reactor.callWhenRunning(run.next)
    reactor.run()
    sys.exit(run.report())
