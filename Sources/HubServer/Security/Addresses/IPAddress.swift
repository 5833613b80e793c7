#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// An address of the Internet. Those of version 4 are kept as version 6 maps them (RFC 4291, section 2.5.5.2), so that
/// `192.0.2.1` and `::ffff:192.0.2.1` are one.
package struct IPAddress: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    private static let mappedPrefix: UInt64 = 0xFFFF << 32

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// - Returns: Nil for what is no address.
    package init?(_ text: String) {
        guard text.utf8.count <= 45 else { return nil }
        var version4: UInt32 = 0
        var version6: (UInt64, UInt64) = (0, 0)
        if inet_pton(AF_INET, text, &version4) == 1 {
            self.init(high: 0, low: Self.mappedPrefix | UInt64(UInt32(bigEndian: version4)))
        } else if inet_pton(AF_INET6, text, &version6) == 1 {
            self.init(high: UInt64(bigEndian: version6.0), low: UInt64(bigEndian: version6.1))
        } else {
            return nil
        }
    }

    package var isVersion4: Bool { high == 0 && low & ~0xFFFF_FFFF == Self.mappedPrefix }

    /// The network that one customer has: version 6 gives each of them 2⁶⁴ addresses (RFC 6177).
    package var customer: IPAddress { isVersion4 ? self : IPAddress(high: high, low: 0) }
}

/// All addresses that begin with the same bits (CIDR, RFC 4632).
package struct IPAddressRange: Hashable, Sendable {
    private let first: IPAddress
    private let prefix: Int

    /// - Parameter text: An address, and the number of leading bits behind a slash where it is not one address alone.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { return nil }
        // What looks like version 4 counts its 32 bits, and a mapped address its 128.
        let isVersion4 = address.isVersion4 && !parts[0].contains(":")
        var prefix = 128
        if parts.count == 2 {
            guard let bits = Int(parts[1]), (0...(isVersion4 ? 32 : 128)).contains(bits) else { return nil }
            prefix = isVersion4 ? bits + 96 : bits
        }
        self.prefix = prefix
        first = address.masked(prefix)
    }

    package func contains(_ address: IPAddress) -> Bool { address.masked(prefix) == first }
}

extension IPAddress {
    fileprivate func masked(_ prefix: Int) -> IPAddress {
        IPAddress(high: high & Self.mask(min(prefix, 64)), low: low & Self.mask(max(prefix - 64, 0)))
    }

    private static func mask(_ bits: Int) -> UInt64 { bits == 0 ? 0 : ~0 << UInt64(64 - bits) }
}
