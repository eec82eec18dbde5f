"""The RandomUser API, version 1.4, on loopback: for machines that cannot reach the real one, and for tests.

    python -m stack.embedded_api --host 127.0.0.1 --port 8090

Its people are made up here, on Faker's word lists; every answer says so in its `X-Random-User-Source` header and its
`info`. `PUT /faults` makes it fail in every way that the real one was seen to fail; `faults.py` lists them.
"""
