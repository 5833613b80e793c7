# nginx with files of its own under $state, so that any user can run it beside the system's.

start_nginx() {
    local port
    port=$(<"$state/nginx.port")
    mkdir -p "$state/nginx"
    write_nginx_conf >"$state/nginx/nginx.conf"
    launch nginx nginx -p "$state/nginx/" -c "$state/nginx/nginx.conf"
    wait_until nginx bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
}

# A node that refused a connection is left out for a second.
write_nginx_conf() {
    local name template servers=''
    for name in $(edge_names); do
        servers+="server 127.0.0.1:$(<"$state/$name.port") max_fails=1 fail_timeout=1s;"
    done
    # Its workers run as the one who started it: as nobody they could not enter the state directory.
    ((EUID == 0)) && echo "user root;"
    cat <<CONF
daemon off;
pid nginx.pid;
error_log error.log warn;
worker_processes 2;
worker_rlimit_nofile $(ulimit -Hn);
events { worker_connections 16384; }
http {
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
CONF
    template=$(<"$deploy/nginx/hubbub.conf.template")
    template=${template//\$\{LISTEN\}/127.0.0.1:$port}
    template=${template//\$\{ACCESS_LOG\}/access.log}
    printf '%s\n}\n' "${template//\$\{SERVERS\}/$servers}"
}
