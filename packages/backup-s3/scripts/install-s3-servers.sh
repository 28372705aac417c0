#!/usr/bin/env bash
# Installs the S3 servers that the tests of this package run against: OpenStack Swift with its S3 API (packages of Debian
# or Ubuntu) and MinIO (built with Go). What is there already is left alone; what cannot be installed here is said.
set -uo pipefail
# The newest release of MinIO's module; the tests were written against it.
MINIO_VERSION="v0.0.0-20260212201848-7aac2a2c5b7c"
missing=0

if ! command -v swift-proxy-server >/dev/null || ! command -v memcached >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    # Their services are not started: the tests start programs of their own.
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq &&
      apt-get install -y -qq --no-install-recommends swift-proxy swift-account swift-container swift-object memcached \
        >/dev/null || missing=1
  else
    echo "Swift needs root and apt-get: install swift-proxy, swift-account, swift-container, swift-object, memcached" >&2
    missing=1
  fi
fi

if [ -z "${TIDEWIRE_MINIO_BIN:-}" ] && ! command -v minio >/dev/null && [ ! -x "${GOPATH:-$HOME/go}/bin/minio" ]; then
  if command -v go >/dev/null; then
    echo "building MinIO, which takes a few minutes"
    go install "github.com/minio/minio@$MINIO_VERSION" || missing=1
  else
    echo "MinIO is left out: install Go, or set TIDEWIRE_MINIO_BIN" >&2
  fi
fi
exit "$missing"
