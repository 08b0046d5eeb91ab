# The web client, the static binary, and nothing else.
FROM node:20-bookworm-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web ./
RUN npm run build

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/web/dist web/dist
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.release=${VERSION}" -o /synctv . && mkdir /data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /synctv /synctv
COPY --from=build --chown=nonroot:nonroot /data /data
ENV SYNCTV_DATA_DIR=/data
VOLUME /data
EXPOSE 8080 1935
HEALTHCHECK --interval=10s --timeout=4s CMD ["/synctv", "health"]
ENTRYPOINT ["/synctv"]
