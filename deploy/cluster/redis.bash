# Redis with the configuration and the users of deploy/redis. Nodes are the user hubbub; whoever else is on this machine may ask
# it anything, as the user default, which is off elsewhere.

start_redis() {
    local port
    port=$(<"$state/redis.port")
    launch redis redis-server "$deploy/redis/redis.conf" --bind 127.0.0.1 --port "$port" --dir "$state" \
        --aclfile "$state/users.acl"
    wait_until redis redis-cli -p "$port" ping
}

# Chooses the password of the nodes, which have any name for APP here.
define_redis_users() {
    local acl digest
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$state/redis.password"
    digest=$(sha256sum <"$state/redis.password")
    acl=$(<"$deploy/redis/users.acl.template")
    acl=${acl//\$\{PASSWORD_SHA256\}/${digest%% *}}
    acl=${acl/user default off/"user default on nopass ~* &* +@all"}
    printf '%s\n' "${acl//\$\{APP\}/*}" >"$state/users.acl"
}

# Where nodes find it.
redis_url() {
    echo "redis://hubbub:$(<"$state/redis.password")@127.0.0.1:$(<"$state/redis.port")"
}
