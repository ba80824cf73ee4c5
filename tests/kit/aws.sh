# A double of AWS for scenarios in shell, after tests/kit/tap.sh: aws_start [options of the double] sets $aws_url, and ends
# the one before; it ends with the script. There are no credentials around but the keys that aws_keys gives, which it knows.
export HOME=$work/home AWS_EC2_METADATA_DISABLED=true
unset AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
unset AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_WEB_IDENTITY_TOKEN_FILE
mkdir -p "$HOME/.aws"

aws_start() {
    aws_stop
    rm -f "$work/aws.url"
    "${LEEWAY%/*}/tests/double/aws" "$@" >"$work/aws.url" &
    aws_process=$!
    trap 'kill ${aws_process:-} ${loggly_process:-} 2>/dev/null; rm -rf "$work"' EXIT
    for _ in $(seq 100); do
        [ -s "$work/aws.url" ] && break
        sleep 0.02
    done
    aws_url=$(cat "$work/aws.url")
}
aws_stop() {
    [ -n "${aws_process:-}" ] || return 0
    kill "$aws_process"
    wait "$aws_process" 2>/dev/null
    aws_process=
}
# A command with keys; $secret where it is to be another one.
aws_keys() { AWS_ACCESS_KEY_ID=AKIDTEST AWS_SECRET_ACCESS_KEY=${secret:-top/secret+1} "$@"; }
