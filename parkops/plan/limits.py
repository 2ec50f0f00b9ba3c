"""What one device or one segment of the design has room for."""

from __future__ import annotations

ROUTER_PORTS = 64  # data ports of a core router, a boundary or the park firewall
FIRST_HOST, LAST_HOST = 10, 250  # .1 is the gateway, .2 to .9 are kept for standby gateways
HOSTS = LAST_HOST - FIRST_HOST + 1
