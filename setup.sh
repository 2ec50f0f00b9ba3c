#!/bin/sh
# Sets up everything that parkops needs on Debian 12: `sh setup.sh` for users, `sh setup.sh test` for developers.
set -eu
cd "$(dirname "$0")"
WHAT=${1:-user}

RUN="frr frr-pythontools netconfd libyuma-base netconfd-module-ietf-interfaces openvswitch-switch
     openssh-server openssh-client nftables chrony mosquitto nginx-light prometheus prometheus-node-exporter
     ifupdown rsyslog mosquitto-clients iproute2 ethtool iputils-ping uidmap sudo procps python3 python3-venv ca-certificates"
TEST="git curl gcc libc6-dev python3-dev libyang2-dev libyang2-tools chromium fonts-noto-cjk
      libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0
      keepalived dnsmasq-base fail2ban linuxptp strongswan-swanctl charon-systemd wireguard-tools podman
      snmpd snmp libcoap3-bin softflowd freeradius freeradius-utils lldpd unbound postgresql poppler-utils minisign gnupg fping rsyslog-gnutls
      prometheus-alertmanager prometheus-blackbox-exporter prometheus-snmp-exporter cloud-init"

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 3; }

PACKAGES=$RUN
[ "$WHAT" = test ] && PACKAGES="$RUN $TEST"

missing() {
    for package in $PACKAGES; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s ' "$package"
    done
}

install_packages() {
    wanted=$(missing)
    [ -n "$wanted" ] || return 0
    if [ "$(id -u)" = 0 ]; then as_root=""
    elif sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; }; then as_root="sudo"
    else die "these Debian packages are missing and this user cannot install them; as root: apt-get install $wanted"; fi
    say "installing Debian packages: $wanted"
    $as_root env WANTED="$wanted" sh -eu <<'ROOT'
export DEBIAN_FRONTEND=noninteractive
# The lab starts these daemons in namespaces of its own; none of them shall start on this machine.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT INT TERM
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
timesync=no
command -v systemctl >/dev/null && systemctl is-active --quiet systemd-timesyncd 2>/dev/null && timesync=yes
apt-get update -qq
# cloud-init is wanted for its schema only: it shall never set up this machine.
case " $WANTED " in *" cloud-init "*) mkdir -p /etc/cloud; touch /etc/cloud/cloud-init.disabled ;; esac
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $WANTED >/dev/null
if [ -d /run/systemd/system ]; then
    for package in $WANTED; do
        case $package in
            frr|mosquitto|prometheus|prometheus-*|openvswitch-switch) unit=$package ;;
            keepalived|fail2ban|snmpd|softflowd|freeradius|lldpd|unbound|postgresql) unit=$package ;;
            nginx-light) unit=nginx ;;
            *) continue ;;
        esac
        systemctl disable --quiet "$unit" 2>/dev/null || echo "setup: could not disable $unit" >&2
    done
    # chrony takes the place of systemd-timesyncd: keep this machine's clock right
    if [ "$timesync" = yes ]; then systemctl start chrony; fi
fi
ROOT
}

install_python() {
    python=/usr/bin/python3.11  # Debian's own, which every user may read
    [ -x "$python" ] || python=$(command -v python3.11 || command -v python3) || die "python3 is missing: apt-get install python3"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        die "Python 3.11 or newer is needed, this is $("$python" --version)"
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip -q
    .venv/bin/python -c 'import uv' 2>/dev/null || .venv/bin/python -m pip install -q --disable-pip-version-check 'uv>=0.5'
    extra="--no-dev"
    [ "$WANTED_DEV" = yes ] && extra=""
    # shellcheck disable=SC2086
    .venv/bin/uv sync --quiet --frozen --inexact --all-extras $extra
    [ "$WANTED_DEV" = no ] || install_trestle
}

# compliance-trestle pins libraries that parkops needs newer: it gets an environment of its own, for tests only.
install_trestle() {
    trestle="compliance-trestle==5.2.0"
    [ "$(cat .venv-trestle/installed 2>/dev/null)" = "$trestle" ] && return 0
    .venv/bin/uv venv --quiet --clear --python "$python" .venv-trestle
    .venv/bin/uv pip install --quiet --python .venv-trestle/bin/python "$trestle" ||
        { say "$trestle could not be installed: the OSCAL tests will say that they skip"; return 0; }
    printf '%s\n' "$trestle" > .venv-trestle/installed
}

install_editor() {  # what editors check a plan with, for the tests
    server=yaml-language-server@2.0.0
    [ -e ".venv/editor/$server" ] && return 0
    .venv/bin/npm install --prefix .venv/editor --no-audit --no-fund --loglevel=error "$server" >/dev/null
    touch ".venv/editor/$server"
}

command -v apt-get >/dev/null || die "this is not Debian: install by hand: $PACKAGES"
WANTED_DEV=no
[ "$WHAT" = test ] && WANTED_DEV=yes
install_packages
install_python
if [ "$WANTED_DEV" = yes ]; then install_editor; fi
say "ready: .venv/bin/parkops"
