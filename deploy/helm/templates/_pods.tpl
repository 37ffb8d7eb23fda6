{{- /* What all pods have: `root` and `account`. No pod calls the API server. */ -}}
{{- define "mayfly.pod" -}}
serviceAccountName: {{ include "mayfly.fullname" .root }}-{{ .account }}
automountServiceAccountToken: false
# The variables of Services would begin with MAYFLY_ too, and unknown keys are an error.
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* The user of the image, and the group of volumes and Secrets. */ -}}
{{- define "mayfly.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "mayfly.image" -}}
{{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
{{- end }}

{{- define "mayfly.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* Annotations of servers. The name of the ConfigMap stays, so its hash here restarts the pods when a setting changes. */ -}}
{{- define "mayfly.podAnnotations" -}}
prometheus.io/scrape: "true"
prometheus.io/port: "9090"
checksum/settings: {{ include "mayfly.settings" . | sha256sum }}
{{- end }}

{{- /* What all servers have: probes, drain, settings. */ -}}
{{- define "mayfly.server" -}}
name: mayfly
image: {{ include "mayfly.image" . }}
envFrom:
  - configMapRef:
      name: {{ include "mayfly.fullname" . }}
startupProbe:
  httpGet:
    path: /livez
    port: admin
  periodSeconds: 1
  timeoutSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet:
    path: /livez
    port: admin
  periodSeconds: 10
  timeoutSeconds: 2
  failureThreshold: 3
readinessProbe:
  httpGet:
    path: /readyz
    port: admin
  periodSeconds: 5
  # The check of each dependency can take a second.
  timeoutSeconds: 4
  failureThreshold: 2
lifecycle:
  preStop:
    sleep:
      seconds: 5
securityContext:
  {{- include "mayfly.containerSecurityContext" . | nindent 2 }}
{{- end }}

{{- /* 5 s until traffic stops (preStop), 25 s to drain the edges, and 10 s for services after them. */ -}}
{{- define "mayfly.gracePeriod" -}}45{{- end }}

{{- /* The Secrets of a role by the name of their volume, which is also their directory: `root` and `role`. */ -}}
{{- define "mayfly.secrets" -}}
{{- $values := .root.Values -}}
{{- if eq .root.Values.mode "fleet" }}
grpc: {{ $values.fleet.grpc.existingSecret | quote }}
{{- with $values.fleet.grpc.tls.existingSecret }}
grpc-tls: {{ . | quote }}
{{- end }}
{{- if ne .role "smtp" }}
redis: {{ $values.fleet.redis.existingSecret | quote }}
{{- end }}
{{- if has .role (list "auth" "mailbox") }}
{{ .role }}: {{ (index $values.fleet .role).existingSecret | quote }}
{{- end }}
{{- end }}
{{- if has .role (list "smtp" "embedded") }}
{{- with $values.smtp.tls.existingSecret }}
smtp-tls: {{ . | quote }}
{{- end }}
{{- end }}
{{- if has .role (list "mailbox" "embedded") }}
{{- with $values.blobs.existingSecret }}
blobs: {{ . | quote }}
{{- end }}
{{- end }}
{{- if has .role (list "gateway" "embedded") }}
{{- with $values.captcha.existingSecret }}
captcha: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "mayfly.secretMounts" -}}
{{- range $name, $secret := include "mayfly.secrets" . | fromYaml }}
- name: {{ $name }}
  mountPath: /run/secrets/{{ $name }}
  readOnly: true
{{- end }}
{{- end }}

{{- define "mayfly.secretVolumes" -}}
{{- range $name, $secret := include "mayfly.secrets" . | fromYaml }}
- name: {{ $name }}
  secret:
    secretName: {{ $secret | quote }}
    defaultMode: 288 # 0440
{{- end }}
{{- end }}

{{- define "mayfly.smtpTlsEnv" -}}
- name: MAYFLY_SMTP__TLS_CERT
  value: /run/secrets/smtp-tls/tls.crt
- name: MAYFLY_SMTP__TLS_KEY
  value: /run/secrets/smtp-tls/tls.key
{{- end }}
