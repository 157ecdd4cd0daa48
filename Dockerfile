# One image for web, dispatcher and CPU worker. A GPU host runs the same image beside its vLLM server.
# By digest: the same bytes every day. `make digests` takes today's.
FROM python:3.11.13-slim-bookworm@sha256:86adf8dbadc3d6e82ee5dd2c74bec2e1c2467cdad47886280501df722372d2e1
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LORE_DATA_DIR=/data TMPDIR=/scratch HOME=/tmp
# What the processes may write to: what is kept, and what is not. The product itself is root's and only read.
RUN useradd --no-create-home --uid 10001 lore && install -d -m 0700 -o lore -g lore /data /scratch
WORKDIR /app
COPY requirements/build.lock requirements/runtime.lock requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/build.lock \
    && pip install --no-cache-dir --no-build-isolation --require-hashes -r requirements/runtime.lock
COPY . .
# The key is for this step alone: none may be baked into the image.
RUN LORE_SECRET_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" LORE_DATA_DIR=/tmp/build python manage.py compile_catalogues \
    && rm -rf /tmp/build && python -m compileall -q /app && chown -R root:root /app && chmod -R a+rX,go-w /app
USER lore
VOLUME /data /scratch
EXPOSE 8000
CMD ["gunicorn", "--config", "python:lore_app.web_process.gunicorn_settings", "lore_app.wsgi", "--bind", "0.0.0.0:8000", "--worker-tmp-dir", "/dev/shm"]
