# The app and its worker. Build:  docker build -t aether .
# On a machine with an NVIDIA GPU, torch's CUDA build is what `pip install torch` brings; to have the
# smaller CPU build, pass the index that serves it:  --build-arg PIP_EXTRA_INDEX_URL=...
FROM python:3.11-slim-bookworm AS build
ARG PIP_EXTRA_INDEX_URL=""
ENV PIP_EXTRA_INDEX_URL=${PIP_EXTRA_INDEX_URL} PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/aether
COPY requirements.txt requirements.lock ./
RUN /opt/aether/bin/pip install -r requirements.txt -c requirements.lock

FROM python:3.11-slim-bookworm
# rasterio's GDAL takes libexpat from the system, and the slim image has none; backups take the client of the database's
# version, which in compose.yaml is this Debian's.
RUN apt-get update && apt-get install -y --no-install-recommends libexpat1 postgresql-client && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 10001 aether && install -d -o aether -g aether /data
COPY --from=build /opt/aether /opt/aether
WORKDIR /app
COPY app.py ./
COPY .streamlit .streamlit
COPY aether_core aether_core
COPY api api
COPY cli cli
COPY db db
COPY pages pages
COPY ui ui
COPY workflows workflows
ENV PATH=/opt/aether/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 AETHER_HOME=/data AETHER_HOST=0.0.0.0 \
    OMP_WAIT_POLICY=PASSIVE
USER aether
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["python", "-m", "ui.server", "--port", "8501"]
