#!/bin/sh
# Installs the system packages that the tests want and that are missing here. Debian and its relatives, as root.
set -eu

postgres_server() {
    for initdb in /usr/lib/postgresql/*/bin/initdb "$(pg_config --bindir 2>/dev/null)/initdb"; do
        [ ! -x "$initdb" ] || return 0
    done
    return 1
}

a_browser() { # who may install gets the one without windows: in it the tests take two thirds of the processor time
    command -v chromium-headless-shell && return
    [ "$(id -u)" != 0 ] && { command -v chromium || command -v chromium-browser; }
}

static_busybox() { # the usual one would need a C library inside the containers
    command -v busybox >/dev/null && ! ldd "$(command -v busybox)" >/dev/null 2>&1
}

# /usr/sbin is where dockerd and iptables are, and is not on everybody's path.
PATH="$PATH:/usr/sbin:/sbin"

missing=""
postgres_server || missing="$missing postgresql"
a_browser >/dev/null || missing="$missing chromium-headless-shell"
# A container engine of the tests' own: it is started by them, and only as root.
command -v dockerd >/dev/null || missing="$missing docker.io"
command -v iptables >/dev/null || missing="$missing iptables"
command -v ip >/dev/null || missing="$missing iproute2"
command -v openssl >/dev/null || missing="$missing openssl"
static_busybox || missing="$missing busybox-static"
# A pooler before PostgreSQL and a proxy before the site, as many installations have them.
command -v pgbouncer >/dev/null || missing="$missing pgbouncer"
command -v nginx >/dev/null || missing="$missing nginx"

if [ -z "$missing" ]; then
    echo "System packages: nothing is missing."
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "Missing:$missing. This is not a Debian system: install what corresponds with its own package manager." >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "Missing:$missing. As root: apt-get install$missing" >&2
    exit 1
fi

# The tests start servers of their own, so the package's ready-made cluster is not wanted. The file is here only
# while apt works: whoever installs PostgreSQL later gets the usual cluster.
no_cluster=/etc/postgresql-common/createcluster.d/orgsite-tests.conf
trap 'rm -f "$no_cluster" "${no_start:-}"' EXIT
mkdir -p "${no_cluster%/*}"
echo "create_main_cluster = false" >"$no_cluster"

# The tests start the others, too: Debian asks this program before it starts a server that it installed.
if [ ! -e /usr/sbin/policy-rc.d ]; then
    no_start=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' >"$no_start"
    chmod +x "$no_start"
fi

echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-cache show chromium-headless-shell >/dev/null 2>&1 ||
    missing=$(echo "$missing" | sed 's/chromium-headless-shell/chromium/') # Debian alone has it
# shellcheck disable=SC2086 # a list of packages, split on purpose
apt-get install -y -qq --no-install-recommends $missing
