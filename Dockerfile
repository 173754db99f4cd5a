# The two wheels in an image: make wheel && docker build --file Dockerfile --tag mohawk output/wheels
# Not built where this was written; `make wheel-check` installs the same wheels into an empty environment.
# For GPUs: --build-arg INDEX=https://pypi.org/simple
FROM python:3.12-slim-bookworm
ARG INDEX=https://download.pytorch.org/whl/cpu
RUN --mount=type=bind,target=/wheels \
    pip install --no-cache-dir --extra-index-url "$INDEX" /wheels/mohawk-*.whl /wheels/mohawk_run-*.whl
RUN useradd --create-home mohawk
USER mohawk
WORKDIR /work
EXPOSE 8080
ENTRYPOINT ["mohawk"]
