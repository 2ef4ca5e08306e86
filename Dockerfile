# One image with both models. It needs no volume, no root and no writable file system:
#   docker build --tag ward .
#   docker run --read-only --cap-drop ALL --publish 127.0.0.1:50051:50051 --stop-timeout 30 ward

FROM rust:1.95.0-slim-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make python3-venv \
    && rm -rf /var/lib/apt/lists/*
# This image's own toolchain: without the formatter and the linter that rust-toolchain.toml asks for besides.
ENV RUSTUP_TOOLCHAIN=1.95.0
WORKDIR /ward
# First what changes least, so that the download is made once.
COPY Makefile ./
COPY scripts scripts
RUN make setup
COPY . .
RUN cargo build --locked --release --package service

FROM debian:bookworm-slim
WORKDIR /ward
# The program looks for the runtime beside itself.
COPY --from=build /ward/target/release/ward /ward/.onnxruntime/libonnxruntime.so /ward/ward.toml ./
COPY --from=build /ward/LICENSE /ward/NOTICE ./
COPY --from=build /ward/.onnxruntime/LICENSE /ward/.onnxruntime/ThirdPartyNotices.txt licences/onnxruntime/
COPY --from=build /ward/models/bundles models/bundles
USER 65532:65532
# gRPC, and metrics with the probes. Publish the second one inside your own network only.
EXPOSE 50051 9464
# Longer than Ward takes to load its models; not healthy while it drains.
HEALTHCHECK --interval=10s --timeout=2s --start-period=10s --retries=2 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9464 && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ code _ <&3 && [ \"$code\" = 200 ]"]
ENTRYPOINT ["/ward/ward"]
CMD ["serve", "--config", "/ward/ward.toml", "--listen", "0.0.0.0:50051", "--admin-listen", "0.0.0.0:9464"]
