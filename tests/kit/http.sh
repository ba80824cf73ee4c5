# What scenarios say to a daemon that listens on $port without TLS. For tap.sh.
eventually() { # command...
    for _ in $(seq 200); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.05
    done
    "$@"
}
# One request; the answer is in $work/reply.
request() { # on standard input
    exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
    cat >&3
    cat <&3 >"$work/reply"
    exec 3>&-
}
push() { # file
    {
        printf 'POST /v1/metrics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n'
        printf 'Authorization: Bearer a-push-token-of-the-tests\r\nConnection: close\r\nContent-Length: %d\r\n\r\n' "$(wc -c <"$1")"
        cat "$1"
    } | request
}
get() { printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$1" | request; }
replied() { grep -qaF -- "$1" "$work/reply" || { echo "not in the reply: $1"; head -n 20 "$work/reply"; return 1; }; }
