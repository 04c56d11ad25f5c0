# One image for all programs:  docker build -t nodepool .  &&  docker run nodepool nodepool --help
FROM node:20-bookworm-slim AS build
WORKDIR /opt/nodepool
COPY package.json package-lock.json .npmrc tsconfig.json tsconfig.build.json ./
RUN npm ci
COPY src src
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
# What a builder needs; launchers and the command line need none of it.
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-diskimage-builder sudo qemu-utils debootstrap extlinux gdisk \
    dosfstools squashfs-tools procps util-linux openssh-client ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/nodepool
COPY --from=build /opt/nodepool/node_modules node_modules
COPY --from=build /opt/nodepool/dist dist
COPY package.json ./
COPY bin bin
COPY elements elements
COPY etc/dashboard etc/dashboard
COPY host-tools host-tools
ENV PATH=/opt/nodepool/bin:$PATH
EXPOSE 8005
CMD ["nodepool-launcher", "-f"]
