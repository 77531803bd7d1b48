# One image for all roles. It holds no nats-server: `dev` needs one on PATH, the roles use that of compose.yaml. For
# permanent use, add the digests of both images (`docker buildx imagetools inspect`), because tags may be moved.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p planetstore

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --create-home --home-dir /data planetstore
COPY --from=build /src/target/release/planetstore /usr/local/bin/planetstore
USER planetstore
WORKDIR /data
ENV PLANETSTORE_DATA=/data/store
VOLUME /data
ENTRYPOINT ["planetstore"]
