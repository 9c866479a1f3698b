# Base images are arguments, so that a mirror or a pinned digest can be given:
#   docker build --build-arg BUILD_IMAGE=… --build-arg RUN_IMAGE=… --build-arg VERSION=… .
ARG BUILD_IMAGE=golang:1.26
ARG RUN_IMAGE=gcr.io/distroless/static-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# What "bot version" says: .git is not part of the build context.
ARG VERSION=(unknown)
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w -X 'main.built=${VERSION}'" -o /out/bot ./cmd/bot && mkdir /out/data

FROM ${RUN_IMAGE}
COPY --from=build /out/bot /bot
# 65532 is "nonroot" in distroless images. A volume takes over the owner of the
# folder it is made from, so that this user can write the state file.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/bot"]
CMD ["serve", "--settings", "/etc/aws-access-bot/bot.yaml"]
