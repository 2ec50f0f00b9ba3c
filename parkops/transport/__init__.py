"""Sessions to devices: credentials, NETCONF and SSH, each with its own timeouts and host key check."""

import logging

# Every failure of these libraries becomes a DeviceError; their own tracebacks would only be noise on top.
for _library in ("paramiko", "ncclient", "netmiko"):
    logging.getLogger(_library).setLevel(logging.CRITICAL)
