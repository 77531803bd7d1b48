# One image for all roles. It holds no nats-server: `dev` needs one on PATH, the roles use that of compose.yaml. For
# permanent use, add the digests of both images (`docker buildx imagetools inspect`), because tags may be moved.
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

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --create-home --home-dir /data planetstore
COPY --from=build /src/target/release/planetstore /usr/local/bin/planetstore
USER planetstore
WORKDIR /data
ENV PLANETSTORE_DATA=/data/store
VOLUME /data
ENTRYPOINT ["planetstore"]
