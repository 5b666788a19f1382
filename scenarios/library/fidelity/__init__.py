"""Short scenarios that run unscaled on real sockets: virtual time and the wire must agree on them."""
