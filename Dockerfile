# Base images are arguments, so that a mirror or a pinned digest can be given:
#   docker build --build-arg BUILD_IMAGE=… --build-arg RUN_IMAGE=… .
ARG BUILD_IMAGE=golang:1.26
ARG RUN_IMAGE=gcr.io/distroless/static-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/bot ./cmd/bot

FROM ${RUN_IMAGE}
COPY --from=build /out/bot /bot
# 65532 is "nonroot" in distroless images; the state file needs a volume that
# this user can write to.
USER 65532:65532
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/bot"]
CMD ["serve", "--settings", "/etc/aws-access-bot/bot.yaml"]
