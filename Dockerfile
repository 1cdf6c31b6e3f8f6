# Builds the package from the hash-pinned locks, and ships it without compiler, pip cache or root.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/robotrader && python -m venv /opt/build
# The dependencies have their own layers: they change less often than the code.
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN /opt/robotrader/bin/pip install --require-hashes -r requirements/runtime.txt \
    && /opt/build/bin/pip install --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY conf conf
COPY supervision supervision
COPY actors actors
COPY robotrader robotrader
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/robotrader/bin/pip install --no-deps --no-index /wheels/*.whl

FROM python:3.11-slim
# A fixed number: the owner of a mounted data folder must be known beforehand.
RUN useradd --uid 10001 --create-home robotrader
COPY --from=build /opt/robotrader /opt/robotrader
ENV PATH=/opt/robotrader/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001
WORKDIR /home/robotrader
ENTRYPOINT ["robotrader"]
CMD ["--help"]
