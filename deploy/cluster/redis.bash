# Redis as Hubbub needs it: it may not evict keys, and finds dead subscribers early.

start_redis() {
    local port
    port=$(<"$state/redis.port")
    launch redis redis-server --bind 127.0.0.1 --port "$port" --dir "$state" \
        --maxmemory-policy noeviction --tcp-keepalive 15 --save '' --appendonly no
    wait_until redis redis-cli -p "$port" ping
}
