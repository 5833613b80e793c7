# One process of the cluster, in the directory $state: NAME.pid holds its pid and start time, NAME.out and NAME.log
# what it printed.

# The start time tells a process from a later one that was given the same pid. A zombie has ended.
start_time() {
    local stat fields
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
    read -ra fields <<<"${stat##*) }"
    [[ ${fields[0]} == Z ]] || echo "${fields[19]}"
}

launch() { # NAME COMMAND...
    local name=$1
    shift
    setsid "$@" >"$state/$name.out" 2>>"$state/$name.log" </dev/null &
    echo "$! $(start_time $!)" >"$state/$name.pid"
}

pid() { # NAME
    local pid started
    [[ -r $state/$1.pid ]] && read -r pid started <"$state/$1.pid" || return 1
    [[ -n $started && $(start_time "$pid") == "$started" ]] && echo "$pid"
}

# Waits until COMMAND succeeds; fails when the process has ended before that, or after 60 s.
wait_until() { # NAME COMMAND...
    local name=$1 deadline=$((SECONDS + 60))
    shift
    until "$@" >/dev/null 2>&1; do
        if ! pid "$name" >/dev/null || ((SECONDS > deadline)); then
            echo "cluster: $name did not start:" >&2
            tail -n 20 "$state/$name.log" >&2
            return 1
        fi
        sleep 0.05
    done
}

# Ends the process and its children (nginx has workers) with the signal; after 60 s with KILL.
end() { # NAME SIGNAL
    local pid deadline=$((SECONDS + 60))
    pid=$(pid "$1") || return 0
    kill -s "$2" -- "-$pid" || true
    while pid "$1" >/dev/null; do
        ((SECONDS > deadline)) && kill -s KILL -- "-$pid" || true
        sleep 0.05
    done
}

# A port that nothing listens on. It is below those that the kernel gives to outgoing connections, so that a process
# that was killed can take it again.
free_port() {
    local port
    while port=$((20000 + SRANDOM % 12000)); do
        grep -qsx "$port" "$state"/*.port && continue
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}
