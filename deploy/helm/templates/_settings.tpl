{{- /* Settings that operators can replace in `settings`. */ -}}
{{- define "mayfly.defaultSettings" -}}
# Each thread keeps 19 MiB; one for each core of a large node would exceed the memory of the pod.
MAYFLY_AUTH__HASH_WORKERS: "2"
MAYFLY_LOG__FORMAT: json
{{- end }}

{{- /* Settings that follow from other values and from the ports and volumes of the pods. */ -}}
{{- define "mayfly.ownSettings" -}}
{{- $name := include "mayfly.fullname" . -}}
MAYFLY_DOMAINS: {{ .Values.domains | join "," | quote }}
MAYFLY_SMTP__HOSTNAME: {{ .Values.smtp.hostname | quote }}
MAYFLY_GATEWAY__LISTEN: "[::]:8080"
MAYFLY_SMTP__LISTEN: "[::]:2525"
MAYFLY_ADMIN__LISTEN: "[::]:9090"
{{- if .Values.ingress.enabled }}
MAYFLY_GATEWAY__TRUSTED_PROXIES: {{ .Values.ingress.trustedProxies | join "," | quote }}
{{- end }}
{{- with .Values.acme.domains }}
MAYFLY_GATEWAY__ACME__DOMAINS: {{ . | join "," | quote }}
MAYFLY_GATEWAY__ACME__HTTP_LISTEN: "[::]:8081"
{{- end }}
{{- with .Values.blobs.url }}
MAYFLY_BLOBS__URL: {{ . | quote }}
{{- end }}
{{- if eq .Values.mode "embedded" }}
MAYFLY_DATA_DIR: /var/lib/mayfly/data
{{- else }}
{{- $scheme := ternary "https" "http" (ne .Values.fleet.grpc.tls.existingSecret "") }}
MAYFLY_AUTH__LISTEN: "[::]:50051"
MAYFLY_MAILBOX__LISTEN: "[::]:50052"
MAYFLY_AUTH__ENDPOINT: {{ $scheme }}://{{ $name }}-auth:50051
MAYFLY_MAILBOX__ENDPOINT: {{ $scheme }}://{{ $name }}-mailbox:50052
MAYFLY_GRPC__SECRET_FILE: /run/secrets/grpc/secret
{{- if .Values.fleet.grpc.tls.existingSecret }}
MAYFLY_GRPC__TLS_CERT: /run/secrets/grpc-tls/tls.crt
MAYFLY_GRPC__TLS_KEY: /run/secrets/grpc-tls/tls.key
MAYFLY_GRPC__TLS_CA: /run/secrets/grpc-tls/ca.crt
{{- end }}
{{- end }}
{{- end }}

{{- /* The data of the ConfigMap. */ -}}
{{- define "mayfly.settings" -}}
{{- $own := include "mayfly.ownSettings" . | fromYaml -}}
{{- $defaults := include "mayfly.defaultSettings" . | fromYaml -}}
{{- toYaml (merge $own .Values.settings $defaults) }}
{{- end }}
