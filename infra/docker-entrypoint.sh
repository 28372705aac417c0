#!/bin/sh
# tidewire SERVICE [SETTINGS]: replaces this shell, so that signals reach the service.
case "${1:-}" in
  edge-proxy | document-host | routing-table | log-storage) ;;
  *)
    echo "usage: tidewire edge-proxy|document-host|routing-table|log-storage [settings]; SERVICE --help lists them" >&2
    exit 2
    ;;
esac
service=$1
shift
exec node --enable-source-maps "/tidewire/apps/$service/dist/main.js" "$@"
