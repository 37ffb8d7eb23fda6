{{- /* One line for each value that is missing or cannot be used. */ -}}
{{- define "mayfly.problems" -}}
{{- $name := include "mayfly.fullname" . }}
{{- if gt (len $name) 36 }}
- The name {{ $name }} is too long for Kubernetes: use a release name of at most 29 characters.
{{- end }}
{{- if not .Values.domains }}
- Set domains to the domains on which mailboxes are created, such as --set 'domains={mayfly.example.com}'.
{{- end }}
{{- if not .Values.smtp.hostname }}
- Set smtp.hostname to the host name in the MX record, such as mx.mayfly.example.com.
{{- end }}
{{- if .Values.ingress.enabled }}
{{- if not .Values.ingress.host }}
- Set ingress.host to the host name of the web page and the API, such as mayfly.example.com.
{{- end }}
{{- if not .Values.ingress.trustedProxies }}
- Set ingress.trustedProxies to the network of the ingress controller's pods, such as 10.0.0.0/8. Otherwise all clients share one rate limit.
{{- end }}
{{- end }}
{{- if and .Values.acme.domains .Values.ingress.enabled }}
- Set ingress.enabled=false, or acme.domains to nothing: with acme.domains Mayfly terminates TLS itself.
{{- end }}
{{- include "mayfly.blobsProblems" . }}
{{- include "mayfly.captchaProblems" . }}
{{- include "mayfly.settingProblems" . }}
{{- if eq .Values.mode "fleet" }}
{{- include "mayfly.fleetProblems" . }}
{{- end }}
{{- end }}

{{- define "mayfly.settingProblems" -}}
{{- $own := include "mayfly.ownSettings" . | fromYaml }}
{{- range $key := keys .Values.settings | sortAlpha }}
{{- if regexMatch "(^MAYFLY_(DATABASE|REDIS)__URL|_SECRET|_SECRET_ACCESS_KEY|_VERIFY_URL|__SIGNING_KEY|__DATA_KEY)$" $key }}
- Remove {{ $key }} from settings: it is a secret, and everyone who can read ConfigMaps would see it. Name a Secret instead (fleet.*.existingSecret, blobs.existingSecret, captcha.existingSecret).
{{- else if or (hasKey $own $key) (regexMatch "^MAYFLY_(ROLES|DATABASE__URL_FILE|REDIS__URL_FILE|AUTH__SIGNING_KEY_FILE|GATEWAY__CAPTCHA_VERIFY_SECRET_FILE|MAILBOX__DATA_KEY_FILE|SMTP__TLS_CERT|SMTP__TLS_KEY|SMTP__SPOOL_DIR|BLOBS__URL|BLOBS__ACCESS_KEY_ID|BLOBS__SECRET_ACCESS_KEY_FILE)$" $key) }}
- Remove {{ $key }} from settings: the chart sets it from its other values.
{{- end }}
{{- end }}
{{- end }}

{{- define "mayfly.fleetProblems" -}}
{{- $fleet := .Values.fleet }}
{{- $secrets := dict
  "fleet.grpc" (dict "value" $fleet.grpc.existingSecret "keys" "the key secret")
  "fleet.redis" (dict "value" $fleet.redis.existingSecret "keys" "the key url")
  "fleet.auth" (dict "value" $fleet.auth.existingSecret "keys" "the keys signing-key and database-url")
  "fleet.mailbox" (dict "value" $fleet.mailbox.existingSecret "keys" "the keys data-key and database-url") }}
{{- range $path, $secret := $secrets }}
{{- if not $secret.value }}
- Set {{ $path }}.existingSecret to the name of a Secret with {{ $secret.keys }}; the README of the chart has the commands that create it.
{{- end }}
{{- end }}
{{- if .Values.networkPolicy.enabled }}
{{- $stores := dict "fleet.auth.database" $fleet.auth.database "fleet.mailbox.database" $fleet.mailbox.database "fleet.redis" $fleet.redis }}
{{- range $path, $store := $stores }}
{{- if not $store.peers }}
- Set {{ $path }}.peers to where the store is, such as [{ipBlock: {cidr: 192.0.2.10/32}}]. Otherwise network policies deny the connection to it.
{{- end }}
{{- end }}
{{- end }}
{{- range $role := list "auth" "gateway" "mailbox" "smtp" }}
{{- $replicas := (index $fleet $role).replicas }}
{{- if gt (int $replicas.min) (int $replicas.max) }}
- Set fleet.{{ $role }}.replicas.max to at least fleet.{{ $role }}.replicas.min.
{{- end }}
{{- end }}
{{- if and $fleet.priorityClass.create (not $fleet.priorityClass.name) }}
- Set fleet.priorityClass.name, or fleet.priorityClass.create=false for no PriorityClass.
{{- end }}
{{- end }}
