public import NIOCore

extension SyntheticModel {
    /// How many chunks a reply has, how far apart and how large they are.
    ///
    /// Written as `chunks=200,interval=20ms,size=20`: parts in any order, any of them may be left out, durations are a whole
    /// number of `us`, `ms` or `s`, sizes are bytes.
    public struct Settings: Sendable, Hashable, CustomStringConvertible {
        /// Chunks in a reply, at least one.
        public var chunks: Int
        /// Time from one chunk to the next; zero means as fast as they are received.
        public var interval: TimeAmount
        /// Bytes in a chunk. A chunk is longer when its stamp needs more.
        public var size: Int

        public init(chunks: Int = 200, interval: TimeAmount = .milliseconds(20), size: Int = 20) {
            self.chunks = chunks
            self.interval = interval
            self.size = size
        }

        /// Reads settings; what the text leaves out is as in `defaults`.
        ///
        /// - Throws: ``SettingsError`` naming the part that cannot be read.
        public init(parsing text: String, defaults: Settings = Settings()) throws(SettingsError) {
            self = defaults
            var seen: Set<Substring> = []
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                guard let equals = part.firstIndex(of: "=") else {
                    throw SettingsError("\"\(part)\" is not of the form name=value")
                }
                let name = part[..<equals]
                let value = part[part.index(after: equals)...]
                guard seen.insert(name).inserted else {
                    throw SettingsError("\(name) is given twice")
                }
                switch name {
                case "chunks": chunks = try Self.number(value, least: 1, name)
                case "interval": interval = try Self.duration(value, name)
                case "size": size = try Self.number(value, least: 0, name)
                default: throw SettingsError("\"\(name)\" is none of chunks, interval and size")
                }
            }
        }

        /// The settings that a prompt asks for: these ones, unless it reads as settings.
        func overridden(by prompt: String) -> Settings {
            (try? Settings(parsing: prompt, defaults: self)) ?? self
        }

        public var description: String {
            "chunks=\(chunks),interval=\(interval.nanoseconds / 1000)us,size=\(size)"
        }

        private static func number(_ text: Substring, least: Int, _ name: Substring) throws(SettingsError) -> Int {
            guard text.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains), let number = Int(text),
                number >= least
            else {
                throw SettingsError("\(name) must be a whole number of at least \(least), not \"\(text)\"")
            }
            return number
        }

        private static func duration(_ text: Substring, _ name: Substring) throws(SettingsError) -> TimeAmount {
            let units: [(suffix: String, nanoseconds: Int64)] = [("us", 1000), ("ms", 1_000_000), ("s", 1_000_000_000)]
            guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else {
                throw SettingsError("\(name) must be a duration such as 500us, 20ms or 1s, not \"\(text)\"")
            }
            let count = try number(text.dropLast(unit.suffix.count), least: 0, name)
            let (nanoseconds, overflow) = Int64(count).multipliedReportingOverflow(by: unit.nanoseconds)
            guard !overflow else {
                throw SettingsError("\(name) is too long: \"\(text)\"")
            }
            return .nanoseconds(nanoseconds)
        }
    }

    /// Why a text is not ``Settings``.
    public struct SettingsError: Error, Hashable, CustomStringConvertible {
        /// One clause that names the part.
        public let description: String

        init(_ description: String) {
            self.description = description
        }
    }

    /// How far a prompt may override the ``Settings``, since prompts come from clients.
    public struct Limits: Sendable, Hashable {
        public var chunks: Int
        public var interval: TimeAmount
        public var size: Int

        public init(chunks: Int = 1_000_000, interval: TimeAmount = .seconds(60), size: Int = 64 * 1024) {
            self.chunks = chunks
            self.interval = interval
            self.size = size
        }

        /// What the operator has set is allowed in any case.
        func including(_ settings: Settings) -> Limits {
            Limits(
                chunks: max(chunks, settings.chunks), interval: max(interval, settings.interval),
                size: max(size, settings.size))
        }

        func checked(_ settings: Settings) throws(ChatModelError) -> Settings {
            guard settings.chunks <= chunks, settings.interval <= interval, settings.size <= size else {
                throw ChatModelError(
                    code: .badRequest,
                    message: "The synthetic model allows at most chunks=\(chunks), "
                        + "interval=\(interval.nanoseconds / 1_000_000)ms and size=\(size).",
                    retryable: false)
            }
            return settings
        }
    }
}
