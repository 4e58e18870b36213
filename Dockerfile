# mt on a CPU, with the server. Runs are kept in the volume /runs.
#
#   docker build -t mt .
#   docker run --rm --no-healthcheck -v mt-runs:/runs mt train --out /runs/mine
#   docker run --rm --init -p 127.0.0.1:5000:5000 -v mt-runs:/runs mt
#
# deploy/compose.yaml does the same with fewer words.

FROM python:3.12-slim AS build
# uv knows PyTorch's index of CPU builds; pip would install 5 GB of CUDA.
RUN pip install --no-cache-dir uv==0.13.9 && python -m venv --without-pip /opt/mt
WORKDIR /src
COPY . .
RUN uv pip install --python /opt/mt/bin/python --no-cache --compile-bytecode --torch-backend cpu \
    --constraints constraints.txt '.[serve]'

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home mt && install --directory --owner=mt /runs
COPY --from=build /opt/mt /opt/mt
# Encoded corpora are cached beside the runs: the rest of the image may be read-only.
ENV PATH=/opt/mt/bin:$PATH HF_HOME=/runs/.cache PYTHONUNBUFFERED=1
USER 10001
WORKDIR /runs
VOLUME /runs
EXPOSE 5000
HEALTHCHECK --start-period=60s --interval=30s --timeout=10s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:5000/health')"]
ENTRYPOINT ["mt"]
CMD ["serve", "--host", "0.0.0.0", "--model", "/runs/mine"]
