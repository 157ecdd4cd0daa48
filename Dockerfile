# One image for web, dispatcher and CPU worker. A GPU host runs the same image beside its vLLM server.
FROM python:3.11.13-slim-bookworm
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LORE_DATA_DIR=/data
RUN useradd --create-home --uid 10001 lore && mkdir /data && chown lore:lore /data
WORKDIR /app
COPY requirements/runtime.lock requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/runtime.lock
COPY . .
# The key is for this step alone: none may be baked into the image.
RUN LORE_SECRET_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" python manage.py compile_catalogues \
    && chown -R lore:lore /app
USER lore
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "lore_app.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--preload", "--logger-class", "lore_app.gunicorn_log.GunicornLog"]
