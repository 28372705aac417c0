{{- define "tidewire.fullname" -}}
{{- if contains "tidewire" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-tidewire" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "tidewire.selector" -}}
app.kubernetes.io/name: tidewire
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "tidewire.labels" -}}
{{ include "tidewire.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "tidewire.secretName" -}}
{{- .Values.sharedKey.existingSecret | default (printf "%s-shared-key" (include "tidewire.fullname" .)) -}}
{{- end -}}

{{/* Ports are the same in every pod, so that settings can name them. */}}
{{- define "tidewire.linkPort" -}}7300{{- end -}}
{{- define "tidewire.gossipPort" -}}7301{{- end -}}
{{- define "tidewire.adminPort" -}}9090{{- end -}}

{{/* Settings every process gets. */}}
{{- define "tidewire.commonConfig" -}}
link:
  kind: {{ .Values.link.kind }}
  grpcShape: {{ .Values.link.grpcShape }}
  grpcTuning: {{ .Values.link.grpcTuning }}
  listen: "0.0.0.0:{{ include "tidewire.linkPort" . }}"
  sharedKeyFile: /etc/tidewire/secret/sharedKey
  {{- if .Values.link.tls.existingSecret }}
  tls:
    certFile: /etc/tidewire/link-tls/tls.crt
    keyFile: /etc/tidewire/link-tls/tls.key
    caFile: /etc/tidewire/link-tls/ca.crt
    serverName: {{ .Values.link.tls.serverName | quote }}
  {{- end }}
admin:
  listen: "0.0.0.0:{{ include "tidewire.adminPort" . }}"
logging:
  level: {{ .Values.logLevel }}
{{- end -}}

{{- define "tidewire.gossipConfig" -}}
gossip:
  bind: "0.0.0.0:{{ include "tidewire.gossipPort" . }}"
  seeds:
    - "{{ include "tidewire.fullname" . }}-routing-table.{{ .Release.Namespace }}.svc:{{ include "tidewire.gossipPort" . }}"
  label: {{ printf "%s/%s" .Release.Namespace .Release.Name | quote }}
  # One node may begin the group alone, so that pods that start at one moment do not begin several.
  bootstrapNode: {{ include "tidewire.fullname" . }}-routing-table-0
{{- end -}}

{{- define "tidewire.routingConfig" -}}
routing:
  addresses:
{{- range $i := until (int .Values.routingTable.replicas) }}
    - "{{ include "tidewire.fullname" $ }}-routing-table-{{ $i }}.{{ include "tidewire.fullname" $ }}-routing-table.{{ $.Release.Namespace }}.svc:{{ include "tidewire.linkPort" $ }}"
{{- end }}
{{- end -}}

{{/* Every shard of the log, in order: pods of a StatefulSet keep their names. */}}
{{- define "tidewire.logConfig" -}}
log:
  addresses:
{{- if eq .Values.logStorage.engine "jetstream" }}
    - "{{ include "tidewire.fullname" . }}-log-storage.{{ .Release.Namespace }}.svc:{{ include "tidewire.linkPort" . }}"
{{- else }}
{{- range $i := until (int .Values.logStorage.shards) }}
    - "{{ include "tidewire.fullname" $ }}-log-storage-{{ $i }}.{{ include "tidewire.fullname" $ }}-log-storage.{{ $.Release.Namespace }}.svc:{{ include "tidewire.linkPort" $ }}"
{{- end }}
{{- end }}
{{- end -}}

{{/* Where the log is backed up to; nothing without a bucket. The keys come from the Secret, as files. */}}
{{- define "tidewire.s3Config" -}}
{{- with .Values.s3 }}
{{- if .bucket }}
{{- $cluster := printf "%s-%s" $.Release.Namespace $.Release.Name | replace "." "_" | trunc 64 -}}
s3:
  bucket: {{ .bucket | quote }}
  {{- with .endpoint }}
  endpoint: {{ . | quote }}
  {{- end }}
  region: {{ .region | quote }}
  addressing: {{ .addressing }}
  prefix: {{ .prefix | quote }}
  cluster: {{ .cluster | default $cluster | quote }}
  accessKeyIdFile: /etc/tidewire/s3/accessKeyId
  secretAccessKeyFile: /etc/tidewire/s3/secretAccessKey
{{- end }}
{{- end }}
{{- end -}}

{{/* A pod of any service. Arguments: root, component, service (its values), ports, isMember, isBehindService (others find it
by a Service that balances), volumes, mounts */}}
{{- define "tidewire.podTemplate" -}}
metadata:
  labels:
    {{- include "tidewire.labels" . | nindent 4 }}
  annotations:
    # New settings roll the pods, of this service alone: nobody waits for the log because there is one more document.
    checksum/config: {{ get (fromYaml (include "tidewire.configs" .root)) .component | toJson | sha256sum }}
    prometheus.io/scrape: "true"
    prometheus.io/port: {{ include "tidewire.adminPort" .root | quote }}
    prometheus.io/path: /metrics
spec:
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  automountServiceAccountToken: false
  # Kubernetes would add TIDEWIRE_..._PORT variables for services; processes refuse settings they do not know.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .service.terminationGracePeriodSeconds }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 1000
    runAsGroup: 1000
    fsGroup: 1000
    seccompProfile: { type: RuntimeDefault }
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "tidewire.selector" . | nindent 10 }}
  containers:
    - name: {{ .component }}
      image: "{{ .root.Values.image.repository }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}"
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: [{{ .component | quote }}]
      env:
        - name: POD_NAME
          valueFrom: { fieldRef: { fieldPath: metadata.name } }
        - name: POD_IP
          valueFrom: { fieldRef: { fieldPath: status.podIP } }
        - name: TIDEWIRE_CONFIG
          value: /etc/tidewire/config/config.yaml
        - name: TIDEWIRE_NODE_ID
          value: "$(POD_NAME)"
        - name: TIDEWIRE_LINK_ADVERTISE
          value: "$(POD_IP):{{ include "tidewire.linkPort" .root }}"
        {{- if .isMember }}
        - name: TIDEWIRE_GOSSIP_ADVERTISE
          value: "$(POD_IP):{{ include "tidewire.gossipPort" .root }}"
        {{- end }}
      ports:
        - { name: admin, containerPort: {{ include "tidewire.adminPort" .root }} }
        {{- toYaml .ports | nindent 8 }}
      {{- if .isBehindService }}
      lifecycle:
        preStop:
          exec: { command: [sleep, {{ include "tidewire.preStopSeconds" . | quote }}] }
      {{- end }}
      startupProbe:
        httpGet: { path: /healthz, port: admin }
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet: { path: /healthz, port: admin }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /readyz, port: admin }
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 2
      resources:
        {{- toYaml .service.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      volumeMounts:
        - { name: config, mountPath: /etc/tidewire/config, readOnly: true }
        - { name: shared-key, mountPath: /etc/tidewire/secret, readOnly: true }
        {{- if .root.Values.link.tls.existingSecret }}
        - { name: link-tls, mountPath: /etc/tidewire/link-tls, readOnly: true }
        {{- end }}
        {{- with .mounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      configMap: { name: {{ include "tidewire.fullname" .root }}-{{ .component }} }
    - name: shared-key
      secret: { secretName: {{ include "tidewire.secretName" .root }} }
    {{- with .root.Values.link.tls.existingSecret }}
    - name: link-tls
      secret: { secretName: {{ . | quote }} }
    {{- end }}
    {{- with .volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .service.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .service.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .service.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* Who log storage is to NATS, and how it speaks to it: the settings under `nats`. */}}
{{- define "tidewire.natsAccess" -}}
{{- $nats := .Values.nats -}}
{{- if $nats.existingSecret }}
{{- $settings := dict "creds" "credentialsFile" "nkey" "nkeyFile" "token" "tokenFile" "password" "passwordFile" -}}
{{- if and (eq $nats.auth "password") (not $nats.user) }}
{{- fail "nats.auth is password: set nats.user" }}
{{- end }}
{{ get $settings $nats.auth }}: /etc/tidewire/nats/{{ $nats.auth }}
{{- if eq $nats.auth "password" }}
user: {{ $nats.user | quote }}
{{- end }}
{{- end }}
tls:
  enabled: {{ $nats.tls.enabled }}
  {{- if $nats.tls.existingSecret }}
  caFile: /etc/tidewire/nats-tls/ca.crt
  {{- if $nats.tls.clientCertificate }}
  certFile: /etc/tidewire/nats-tls/tls.crt
  keyFile: /etc/tidewire/nats-tls/tls.key
  {{- end }}
  {{- end }}
  {{- if $nats.tls.serverName }}
  serverName: {{ $nats.tls.serverName | quote }}
  {{- end }}
{{- end }}
