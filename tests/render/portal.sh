#!/bin/sh
# A gateway, what is outside, and two guests on one LAN, each in a network namespace of its own, inside private ones.
# $1 is a folder with the rendered files; what guests see goes to its file `seen`.
set -eu
cd "$1"
mount -t tmpfs none /run
mkdir /run/netns
mount --bind resolv.conf /etc/resolv.conf
for name in out lan one two; do
    touch /run/netns/$name
    unshare --net=/run/netns/$name true
    nsenter --net=/run/netns/$name ip link set lo up
done
in_() { where=$1; shift; nsenter --net=/run/netns/"$where" "$@"; }

ip link set lo up
ip link add eth1 type veth peer name up0
ip link add eth2 type veth peer name gw0
ip link set up0 netns /run/netns/out
ip link set gw0 netns /run/netns/lan
in_ lan ip link add br0 type bridge
for guest in one two; do
    ip link add "p$guest" type veth peer name eth0
    ip link set "p$guest" netns /run/netns/lan
    ip link set eth0 netns /run/netns/$guest
    in_ lan ip link set "p$guest" master br0 up
done
in_ lan ip link set gw0 master br0 up
in_ lan ip link set br0 up
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip addr add 192.0.2.1/24 dev eth1
ip addr add 2001:dba::1/64 dev eth1 nodad
ip addr add 10.7.0.1/24 dev eth2
ip addr add 2001:db8:7::1/64 dev eth2 nodad
ip link set eth1 up
ip link set eth2 up
host() {
    in_ "$1" ip link set "$2" up
    in_ "$1" ip addr add "$3" dev "$2"
    in_ "$1" ip addr add "$4" dev "$2" nodad
    in_ "$1" ip route add default via "$5"
    in_ "$1" ip -6 route add default via "$6"
}
host out up0 192.0.2.80/24 2001:dba::80/64 192.0.2.1 2001:dba::1
host one eth0 10.7.0.11/24 2001:db8:7::11/64 10.7.0.1 2001:db8:7::1
host two eth0 10.7.0.12/24 2001:db8:7::12/64 10.7.0.1 2001:db8:7::1

nft -f nft.conf
dnsmasq -d -C dnsmasq.conf --pid-file= >names 2>&1 &  # -d: it takes no other user
echo "master_process off;" >>nginx.conf  # one process, which takes no other user
nginx -c "$1/nginx.conf" &
python3 portal.py 8911 600 >log 2>&1 &
mkdir outside
echo outside >outside/index.html
for port in 80 8080; do
    in_ out python3 -m http.server --bind :: --directory outside $port >/dev/null 2>&1 &
done

ask() {  # who, what it shows, curl's arguments
    who=$1 what=$2
    shift 2
    said=$(in_ "$who" curl -s --max-time 10 --cacert cert.pem -w ' %{http_code} %{redirect_url}' "$@" || echo " none $?")
    printf '%s %s: %s\n' "$who" "$what" "$(printf '%s' "$said" | tr -s ' \r\n' '   ')" >>seen
}
tries=0
until in_ out curl -s http://127.0.0.1:80/ http://127.0.0.1:8080/ >/dev/null &&
    in_ one curl -s -o /dev/null --max-time 2 --cacert cert.pem https://portal.park.example/captive-portal/api; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { echo "the daemons do not answer" >&2; exit 1; }
    sleep 0.1
done

API=https://portal.park.example/captive-portal/api
ask one web http://192.0.2.80/
ask one web6 'http://[2001:dba::80]/'
ask one other http://192.0.2.80:8080/
ask one page -o page -H 'X-Real-IP: 10.7.0.12' https://portal.park.example/guest
ask one api $API
ask one get https://portal.park.example/accept
ask one accept -X POST -H 'X-Real-IP: 10.7.0.12' --data 'mac=00:00:00:00:00:00;reboot' https://portal.park.example/accept
ask one again -4 -X POST https://portal.park.example/accept
ask one web http://192.0.2.80/
ask one web6 'http://[2001:dba::80]/'
ask one other http://192.0.2.80:8080/
ask one api $API
ask two web http://192.0.2.80/
ask two other http://192.0.2.80:8080/
ask two api $API
for from in '$(reboot)' '10.7.0.12; reboot' '{ 02:00:00:00:00:01 }' 10.7.0.99; do
    printf 'from %s: %s\n' "$from" "$(curl -s -o /dev/null -w '%{http_code}' -X POST -H "X-Real-IP: $from" http://127.0.0.1:8911/accept)" >>seen
done
nft -j list set inet parkops guests >guests.json
in_ one ip -br link show eth0 | awk '{print $3}' >mac
