# One image for all roles, and for the NATS servers of compose.yaml: `dev` starts its own nats-server. For permanent use, add
# the digests of all images (`docker buildx imagetools inspect`), because tags may be moved.
FROM node:22-bookworm-slim AS pages
WORKDIR /src
COPY ui/package.json ui/package-lock.json ui/
RUN cd ui && npm ci --no-audit --no-fund
COPY ui ui
COPY schemas schemas
COPY services/admin/build-pages services/admin/compress-pages.mjs services/admin/
RUN services/admin/build-pages

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
COPY --from=pages /src/ui/dist ui/dist
RUN cargo build --release --locked -p planetstore

FROM nats:2.15.1 AS nats

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --create-home --home-dir /data planetstore
COPY --from=build /src/target/release/planetstore /usr/local/bin/planetstore
COPY --from=nats /nats-server /usr/local/bin/nats-server
USER planetstore
WORKDIR /data
ENV PLANETSTORE_DATA=/data/store
VOLUME /data
ENTRYPOINT ["planetstore"]
