# HAProxy with the configuration of deploy/haproxy, where it was asked for beside nginx.

start_haproxy() {
    local port
    port=$(<"$state/haproxy.port")
    write_haproxy_cfg >"$state/haproxy.cfg"
    launch haproxy haproxy -db -f "$state/haproxy.cfg"
    wait_until haproxy "$deploy/ready" "$port"
}

write_haproxy_cfg() {
    local name cfg servers=''
    for name in $(edge_names); do servers+="server $name 127.0.0.1:$(<"$state/$name.port")"$'\n    '; done
    cfg=$(<"$deploy/haproxy/haproxy.cfg")
    cfg=${cfg//\$\{LISTEN\}/127.0.0.1:$port}
    # Who is there can be asked: echo "show stat" | socat - UNIX:haproxy.sock
    printf 'global\n    stats socket %s mode 600\n%s\n' "$state/haproxy.sock" "${cfg//\$\{SERVERS\}/$servers}"
}
