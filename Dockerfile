# Both stages are Debian 12: the binary is linked against the hiredis of the one and finds it in the other.
FROM swift:6.3-bookworm AS build
# Debian takes old versions out of its archive when it fixes them: what is pinned cannot be built a month later.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libhiredis-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY Package.* ./
RUN swift package resolve
COPY Sources Sources
COPY Tests Tests
COPY Examples Examples
RUN swift build --configuration release --product hubbub --static-swift-stdlib \
    && install -D "$(swift build --configuration release --show-bin-path)/hubbub" /staging/hubbub \
    && install /usr/libexec/swift/linux/swift-backtrace-static /staging/

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libhiredis0.14 tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --no-create-home --uid 10001 --shell /usr/sbin/nologin hubbub
COPY --from=build /staging/ /usr/local/bin/
COPY deploy/ready /usr/local/bin/hubbub-ready
# By number, so that Kubernetes can see that it is not root.
USER 10001
ENV HUBBUB_HOST=0.0.0.0 \
    HUBBUB_PORT=8080 \
    SWIFT_BACKTRACE=enable=yes,sanitize=yes,threads=all,images=all,interactive=no,swift-backtrace=/usr/local/bin/swift-backtrace-static
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s --retries=3 CMD ["hubbub-ready", "8080"]
ENTRYPOINT ["hubbub"]
CMD ["serve"]
