# One image for web, worker, beat, standby and management commands; docker-compose.yml says which of them a container is.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app
COPY requirements/runtime.txt requirements/runtime.txt
RUN pip install --root-user-action=ignore --require-hashes --requirement requirements/runtime.txt

COPY manage.py ./
COPY config config
COPY aftercare aftercare
COPY locale locale
COPY static static
COPY templates templates

# The static files belong to the image; clinics' logos and patients' photos to the data, so only they get volumes.
ENV AFTERCARE_VAR=/srv/aftercare
RUN useradd --system --uid 10001 --home-dir /srv/aftercare --create-home aftercare \
    && SECRET_KEY=only-while-the-image-is-built-0123456789 python manage.py collectstatic --noinput \
    && python -m compileall -q aftercare config \
    && mkdir /srv/aftercare/media /srv/aftercare/photos \
    && chown -R aftercare /srv/aftercare
USER aftercare
VOLUME /srv/aftercare/media /srv/aftercare/photos

EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=15s --start-period=30s CMD ["python", "-m", "config.health", "web"]
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--no-control-socket", "--worker-tmp-dir", "/dev/shm"]
