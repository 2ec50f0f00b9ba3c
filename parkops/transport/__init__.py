"""Sessions to devices: credentials, NETCONF and SSH, each with its own timeouts and host key check."""
