#!/bin/sh
# PostgreSQL's programs, for tests and benchmarks with a server of their own: installed on Debian, unless there.
set -eu

if ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null; then
    exit
fi
# Run as root; no server of the package's own is made, and nothing is left behind but the package.
install='
set -e
own=/etc/postgresql-common/createcluster.d
mkdir -p $own
echo "create_main_cluster = false" > $own/trailbook.conf
trap "rm -f $own/trailbook.conf" EXIT
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql
'
echo "Installing PostgreSQL for the tests ..."
if command -v apt-get >/dev/null; then
    if [ "$(id -u)" = 0 ]; then
        sh -c "$install" && exit
    elif sudo -n true 2>/dev/null; then
        sudo sh -c "$install" && exit
    fi
fi
echo "The tests need PostgreSQL's programs (postgres and initdb). On Debian: sudo apt-get install postgresql" >&2
exit 1
