# Three images from the scripts that the tests run: server, validator, agent.
#   docker build --target server    -t firebreak/server .
#   docker build --target validator -t firebreak/validator .
#   docker build --target agent     -t firebreak/agent .

FROM debian:12 AS builder
WORKDIR /src
COPY script/bootstrap script/bootstrap
RUN script/bootstrap
COPY . .
RUN script/build release && script/install /opt/firebreak

FROM debian:12-slim AS runtime
COPY script/runtime-packages /usr/local/share/firebreak/runtime-packages
RUN apt-get update \
 && xargs --arg-file=/usr/local/share/firebreak/runtime-packages \
      apt-get install --yes --no-install-recommends \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --home-dir /var/lib/firebreak --create-home firebreak

FROM runtime AS server
COPY --from=builder /opt/firebreak/bin/firebreakd /opt/firebreak/bin/firebreak /usr/local/bin/
COPY --from=builder /opt/firebreak/share/firebreak /usr/local/share/firebreak
USER firebreak
EXPOSE 8443
VOLUME /var/lib/firebreak
ENTRYPOINT ["firebreakd"]
CMD ["serve", "--config", "/etc/firebreak/firebreakd.yaml"]

FROM runtime AS validator
COPY --from=builder /opt/firebreak/bin/firebreak-validate /opt/firebreak/bin/firebreak /usr/local/bin/
COPY --from=builder /opt/firebreak/lib/engines /usr/local/lib/engines
USER firebreak
ENTRYPOINT ["firebreak-validate"]
CMD ["--help"]

FROM runtime AS agent
COPY --from=builder /opt/firebreak/bin/firebreak-agent /usr/local/bin/
COPY --from=builder /opt/firebreak/lib/engines /usr/local/lib/engines
USER firebreak
VOLUME /var/lib/firebreak
ENTRYPOINT ["firebreak-agent"]
CMD ["run", "--config", "/etc/firebreak/agent.yaml"]
