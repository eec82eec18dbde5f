# Every image of the deployment. The stages that `docker-compose-*.yaml` name as targets are images; the others are
# what they share. Versions are pinned in requirements.lock and stack/jars.lock, which the local stack uses too.

ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# ── Shared ───────────────────────────────────────────────────────────────────────────────────────────────────────────

FROM ${PYTHON_IMAGE} AS python
# tini is the first process of every container: it hands signals on and buries orphans, on every engine.
# One account for all images, so that the files on a volume belong to whoever mounts it.
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \
    apt-get update \
 && apt-get install --yes --no-install-recommends tini \
 && groupadd --gid 10001 pipeline \
 && useradd --uid 10001 --gid pipeline --home-dir /opt/pipeline --shell /bin/bash pipeline
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin \
    LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
LABEL org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.base.name="python:3.11-slim-bookworm"
ENTRYPOINT ["tini", "--"]

FROM python AS java
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \
    apt-get update \
 && apt-get install --yes --no-install-recommends openjdk-17-jre-headless

FROM python AS spark-packages
COPY docker/dockerfile/requirements.py requirements.lock /build/
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv /opt/venv \
 && python /build/requirements.py /build/requirements.lock \
      confluent-kafka orjson psycopg2-binary pydantic-settings pyspark > /build/requirements.txt \
 && pip install --require-hashes --no-deps --requirement /build/requirements.txt \
 && pip uninstall --yes pip setuptools

FROM python AS dagster-packages
COPY docker/dockerfile/requirements.py requirements.lock /build/
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv /opt/venv \
 && python /build/requirements.py /build/requirements.lock \
      confluent-kafka dagster dagster-postgres dagster-webserver faker orjson psycopg2-binary pydantic-settings \
      requests starlette uvicorn > /build/requirements.txt \
 && pip install --require-hashes --no-deps --requirement /build/requirements.txt \
 && pip uninstall --yes pip setuptools

FROM java AS jars
WORKDIR /build
# What was fetched is kept beside the image and verified, so that a changed lock file fetches only what is new.
RUN --mount=type=cache,target=/cache \
    --mount=type=bind,from=spark-packages,source=/opt/venv,target=/opt/venv \
    --mount=type=bind,source=stack/__init__.py,target=stack/__init__.py \
    --mount=type=bind,source=stack/errors.py,target=stack/errors.py \
    --mount=type=bind,source=stack/jars.lock,target=stack/jars.lock \
    --mount=type=bind,source=stack/jars.py,target=stack/jars.py \
    --mount=type=bind,source=stack/spark_home.py,target=stack/spark_home.py \
    python -c "import pathlib, shutil, stack.jars as jars; \
    [shutil.copytree(folder, f'/jars/{name}') for name, folder in \
     jars.provide(pathlib.Path('/cache'), pathlib.Path('/usr/bin/java')).items()]"

# ── Kafka: controllers, brokers, and the client programs ─────────────────────────────────────────────────────────────

FROM java AS kafka
LABEL org.opencontainers.image.title="random-user-pipeline/kafka" \
      org.opencontainers.image.description="Apache Kafka in KRaft mode: controller, broker, or both"
COPY --from=jars /jars/kafka /opt/kafka/libs
COPY stack/kafka_log4j2.properties /opt/kafka/config/log4j2.properties
COPY docker/dockerfile/kafka /opt/kafka/bin
RUN for program in topics console-consumer console-producer consumer-groups configs metadata-quorum; do \
      ln -s kafka-tool "/opt/kafka/bin/kafka-$program.sh"; \
    done \
 && install --directory --owner pipeline --group pipeline /var/lib/kafka
ENV PATH=/opt/kafka/bin:$PATH
USER pipeline
WORKDIR /var/lib/kafka
CMD ["server"]

# ── Spark: the master; a worker is the same with the stream's code ───────────────────────────────────────────────────

FROM java AS spark
LABEL org.opencontainers.image.title="random-user-pipeline/spark" \
      org.opencontainers.image.description="Apache Spark standalone, with its Kafka connector"
COPY --from=spark-packages /opt/venv /opt/venv
COPY --from=jars /jars/spark /opt/venv/lib/python3.11/site-packages/pyspark/jars
COPY docker/dockerfile/spark /opt/pipeline/bin
RUN ln -s /opt/venv/lib/python3.11/site-packages/pyspark /opt/spark \
 && install --directory --owner pipeline --group pipeline /var/lib/spark
ENV PATH=/opt/pipeline/bin:$PATH SPARK_HOME=/opt/spark
USER pipeline
WORKDIR /var/lib/spark
CMD ["master"]

FROM spark AS spark-worker
LABEL org.opencontainers.image.title="random-user-pipeline/spark-worker" \
      org.opencontainers.image.description="A Spark worker that can run the stream"
COPY contract /opt/pipeline/contract
COPY sql /opt/pipeline/sql
COPY spark /opt/pipeline/spark
ENV PYTHONPATH=/opt/pipeline
CMD ["worker"]

# ── Dagster: webserver and daemon, which know no code; the code location is the same with the pipeline's ─────────────

FROM python AS dagster
LABEL org.opencontainers.image.title="random-user-pipeline/dagster" \
      org.opencontainers.image.description="Dagster's webserver and daemon, and the embedded API"
COPY --from=dagster-packages /opt/venv /opt/venv
# The configuration belongs to the image, what Dagster writes beside it to a volume.
RUN install --directory --owner pipeline --group pipeline /var/lib/dagster/storage
COPY stack/dagster.yaml /var/lib/dagster/dagster.yaml
COPY docker/dockerfile/dagster /opt/pipeline/bin
COPY workspace.yaml /opt/pipeline/
COPY stack/__init__.py /opt/pipeline/stack/
COPY stack/embedded_api /opt/pipeline/stack/embedded_api
ENV PATH=/opt/pipeline/bin:$PATH PYTHONPATH=/opt/pipeline DAGSTER_HOME=/var/lib/dagster
USER pipeline
WORKDIR /opt/pipeline
CMD ["dagster-webserver", "-h", "0.0.0.0", "-p", "3000", "-w", "workspace.yaml"]

FROM dagster AS dagster-code
LABEL org.opencontainers.image.title="random-user-pipeline/dagster-code" \
      org.opencontainers.image.description="Dagster's code location: the pipeline's definitions"
# The version of the stream's code is made of these four; see pipeline_defs/stream.py.
COPY requirements.lock /opt/pipeline/
COPY contract /opt/pipeline/contract
COPY sql /opt/pipeline/sql
COPY spark /opt/pipeline/spark
COPY pipeline_defs /opt/pipeline/pipeline_defs
CMD ["dagster", "api", "grpc", "--module-name", "pipeline_defs.definitions", "--location-name", "pipeline_defs", \
     "--host", "0.0.0.0", "--port", "4000"]
