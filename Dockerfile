# stagewatch on nothing but Node.js and the libraries it loads: no shell, no package manager, no root.
ARG NODE_IMAGE=node:24.11.1-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
# What is published is what is run.
RUN npm run build && npm pack --pack-destination / && npm prune --omit=dev

FROM build AS image
# The program goes to /image as it will lie in the last stage, with every library that the loader asks for.
RUN set -eu; \
    mkdir -p /image/usr/local/bin /image/etc /image/data /image/app; \
    cp "$(command -v node)" /image/usr/local/bin/node; \
    ldd /image/usr/local/bin/node | grep -o '/[^ )]*' | sort -u | while read -r library; do \
      mkdir -p "/image$(dirname "$library")"; \
      cp -L "$library" "/image$library"; \
    done; \
    echo 'stagewatch:x:10001:10001::/data:/nonexistent' >/image/etc/passwd; \
    echo 'stagewatch:x:10001:' >/image/etc/group
RUN tar -xzf /stagewatch-*.tgz --strip-components=1 -C /image/app && cp -r node_modules /image/app/node_modules

FROM scratch
LABEL org.opencontainers.image.title="stagewatch" \
      org.opencontainers.image.description="Prometheus exporter and alerting daemon for GPU pipelines of Docker containers" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=image /image /
COPY --from=image --chown=10001:10001 /image/data /data
# Everything but /data may be read-only.
ENV NODE_ENV=production STAGEWATCH_LISTEN=0.0.0.0:9847 STAGEWATCH_DATA_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 9847
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
  CMD ["/usr/local/bin/node", "/app/dist/healthcheck.js"]
ENTRYPOINT ["/usr/local/bin/node", "/app/dist/main.js"]
CMD ["serve"]
