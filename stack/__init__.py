"""The local servers: fetch, configure, start, supervise, stop; and `pipeline`, the command line over them."""
