"""Partners on real sockets: how they meet a program that is not ours."""
