# Nodes: NAME.port and NAME.arguments hold what a node was started with, so that it can be started again as it was.

# Chooses port and arguments; a name other than node… is the role. A server that is not hubbub takes those that are given.
define_node() { # NAME SERVE-ARGUMENTS...
    local name=$1 roles=edge,worker
    shift
    case $name in
        edge*) roles=edge ;;
        worker*) roles=worker ;;
    esac
    free_port >"$state/$name.port"
    set -- --port "$(<"$state/$name.port")" --backplane "$(redis_url)" "$@"
    [[ ${binary##*/} != hubbub ]] || set -- serve --host 127.0.0.1 --roles "$roles" "$@"
    printf '%s\n' "$@" >"$state/$name.arguments"
}

launch_node() { # NAME
    local arguments
    mapfile -t arguments <"$state/$1.arguments"
    launch "$1" "$(<"$state/binary")" "${arguments[@]}"
}

await_node() { # NAME
    wait_until "$1" "$deploy/ready" "$(<"$state/$1.port")"
}

# Only edges take connections.
edge_names() {
    local name
    for name in $(node_names); do
        [[ $name == worker* ]] || echo "$name"
    done
}

node_names() {
    local file
    for file in "$state"/*.arguments; do
        [[ -e $file ]] && basename "$file" .arguments
    done
}
