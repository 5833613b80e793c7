/// The script behind `append(_:ifLastIs:)`: reading the log's end and writing behind it have to be one step, and WATCH
/// does not do on a connection that others use at the same time.
enum ConditionalAppend {
    static let script = """
        local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
        if (last[1] and last[1][1] or '') ~= ARGV[1] then return 0 end
        redis.call('XADD', KEYS[1], ARGV[2], 'e', ARGV[3])
        redis.call('PUBLISH', ARGV[4], ARGV[3])
        if ARGV[5] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[5]) end
        if ARGV[6] ~= '' then redis.call('XTRIM', KEYS[1], 'MAXLEN', ARGV[6]) end
        return 1
        """

    /// The script's SHA-1, by which Redis knows it once it was sent.
    static let digest = "ada1f33f2e0c0d2a659f11fa926afb4ccc92d366"
}
