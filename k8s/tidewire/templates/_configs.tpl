{{/* The settings of every service, by its name. */}}
{{- define "tidewire.configs" -}}
{{- $common := fromYaml (include "tidewire.commonConfig" .) -}}
{{- $gossip := fromYaml (include "tidewire.gossipConfig" .) -}}
{{- $routing := fromYaml (include "tidewire.routingConfig" .) -}}
{{- $log := fromYaml (include "tidewire.logConfig" .) -}}
{{- $s3 := fromYaml (include "tidewire.s3Config" .) -}}
{{- if .Values.s3.bucket }}
{{- $s3 = mergeOverwrite $s3 (dict "s3" .Values.s3.config) -}}
{{- end }}
{{- /* Which shard a pod is, it takes from the number in its name. */}}
{{- $shard := dict "count" (int .Values.logStorage.shards) -}}
{{- $storage := dict "storage" (dict "directory" "/var/lib/tidewire/log" "shard" $shard) -}}
{{- if eq .Values.logStorage.engine "jetstream" }}
{{- $nats := merge (fromYaml (include "tidewire.natsAccess" .)) (omit .Values.nats "existingSecret" "auth" "user" "tls") -}}
{{- $storage = dict "storage" (dict "engine" "jetstream") "nats" $nats -}}
{{- end }}
{{- $documents := dict "documents" .Values.documents -}}
{{- $edge := dict "edge" (dict "listen" (printf "0.0.0.0:%d" (int .Values.edgeProxy.port)) "engine" "uws") "auth" (fromYaml (include "tidewire.authConfig" .)) -}}
{{- $configs := dict
  "log-storage" (mergeOverwrite (dict) (deepCopy $common) (include "tidewire.shutdownConfig" .Values.logStorage | fromYaml) $storage $s3 .Values.logStorage.config)
  "routing-table" (mergeOverwrite (dict) (deepCopy $common) (deepCopy $gossip) (include "tidewire.shutdownConfig" .Values.routingTable | fromYaml) .Values.routingTable.config)
  "document-host" (mergeOverwrite (dict) (deepCopy $common) (deepCopy $gossip) (include "tidewire.shutdownConfig" .Values.documentHost | fromYaml) $log $documents .Values.documentHost.config)
  "edge-proxy" (mergeOverwrite (dict) (deepCopy $common) (deepCopy $routing) (include "tidewire.shutdownConfig" .Values.edgeProxy | fromYaml) $edge .Values.edgeProxy.config)
-}}
{{- toYaml $configs -}}
{{- end -}}

{{/*
The process has what is left of the pod's grace period: the pause before its SIGTERM, and some seconds to write its last
words, are the pod's. Argument: the values of the service.
*/}}
{{- define "tidewire.shutdownConfig" -}}
shutdown:
  grace: {{ sub (int .terminationGracePeriodSeconds) (add (int (include "tidewire.preStopSeconds" .)) 5) }}s
{{- end -}}

{{/*
How long a pod that is to go waits before its process hears of it: by then the balancers of the Services have taken it out,
and nobody meets a closed port.
*/}}
{{- define "tidewire.preStopSeconds" -}}5{{- end -}}

{{/* Who clients are. A secret comes from a Secret, as a file: everybody who may look at the release can read a ConfigMap. */}}
{{- define "tidewire.authConfig" -}}
{{- $auth := deepCopy (omit .Values.auth "existingSecret") -}}
{{- if .Values.auth.existingSecret }}
{{- $_ := set $auth "jwt" (merge (dict "secretFile" "/etc/tidewire/auth/jwtSecret") $auth.jwt) -}}
{{- end }}
{{- toYaml $auth -}}
{{- end -}}
