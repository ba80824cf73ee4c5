#!/bin/sh
# Installs the named Debian packages that are missing; does nothing when all are there. usage: packages.sh NAME...
missing=
if ! command -v dpkg-query >/dev/null 2>&1; then
    printf 'leeway: not a Debian system; these packages, or what they are called here, are needed:\n  %s\n' "$*" >&2
    exit 0
fi
for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
sudo=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || { printf 'leeway: needs root or sudo to install:%s\n' "$missing" >&2; exit 1; }
    sudo=sudo
fi
printf 'installing with apt-get:%s\n' "$missing"
$sudo apt-get update -qq || exit 1
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null || {
    printf 'leeway: apt-get could not install:%s\n' "$missing" >&2
    exit 1
}
