import FoundationEssentials
import Glibc

/// A date and a time of day, as some sources of tokens write the end of theirs.
struct CivilTime: Hashable {
    private let fields: [Int32]

    /// Nil when there is no such time.
    init?(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        guard (1970...2999).contains(year), (1...12).contains(month), (1...31).contains(day), (0...23).contains(hour),
            (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        fields = [year - 1900, month - 1, day, hour, minute, second].map(Int32.init)
    }

    /// As a time of UTC.
    var inUTC: Date {
        var time = time
        return Date(timeIntervalSince1970: TimeInterval(timegm(&time)))
    }

    /// As a time of this machine's zone.
    var inLocalZone: Date {
        var time = time
        return Date(timeIntervalSince1970: TimeInterval(mktime(&time)))
    }

    private var time: tm {
        var time = tm()
        time.tm_year = fields[0]
        time.tm_mon = fields[1]
        time.tm_mday = fields[2]
        time.tm_hour = fields[3]
        time.tm_min = fields[4]
        time.tm_sec = fields[5]
        // Whether it is summer is for the zone to say.
        time.tm_isdst = -1
        return time
    }
}

extension CivilTime {
    /// Reads `2026-11-22 10:01:02.000000`, with or without the fraction.
    init?(dashed text: String) {
        let words = text.split(separator: " ")
        guard words.count == 2 else { return nil }
        let date = words[0].split(separator: "-").compactMap { Int($0) }
        let time = words[1].prefix { $0 != "." }.split(separator: ":").compactMap { Int($0) }
        guard date.count == 3, time.count == 3 else { return nil }
        self.init(year: date[0], month: date[1], day: date[2], hour: time[0], minute: time[1], second: time[2])
    }

    /// Reads `06/20/2026 02:57:58 +00:00` and `1/16/2026 5:24:12 AM +00:00`.
    init?(slashed text: String) {
        var words = text.split(separator: " ")
        guard words.popLast() == "+00:00" else { return nil }
        let half = words.count == 3 ? words.removeLast() : nil
        guard words.count == 2 else { return nil }
        let date = words[0].split(separator: "/").compactMap { Int($0) }
        var time = words[1].split(separator: ":").compactMap { Int($0) }
        guard date.count == 3, time.count == 3 else { return nil }
        if let half {
            guard half == "AM" || half == "PM", (1...12).contains(time[0]) else { return nil }
            time[0] = time[0] % 12 + (half == "PM" ? 12 : 0)
        }
        self.init(year: date[2], month: date[0], day: date[1], hour: time[0], minute: time[1], second: time[2])
    }
}
