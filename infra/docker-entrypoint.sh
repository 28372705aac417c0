#!/bin/sh
# tidewire SERVICE [SETTINGS], or tidewire log|restore [OPTIONS]: replaces this shell, so that signals reach the process.
case "${1:-}" in
  edge-proxy | document-host | routing-table | log-storage)
    app=$1
    shift
    ;;
  log | restore) app=cli ;;
  *)
    echo "usage: tidewire edge-proxy|document-host|routing-table|log-storage [settings]; SERVICE --help lists them" >&2
    echo "       tidewire log|restore --help: what looks after the log" >&2
    exit 2
    ;;
esac
exec node --enable-source-maps "/tidewire/apps/$app/dist/main.js" "$@"
