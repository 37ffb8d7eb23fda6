{{- /* Large mail in a bucket or a directory (blobs.*). Only pods with the role mailbox read and write it. */ -}}

{{- /* The key of the bucket. The key id is no secret, but belongs to one. */ -}}
{{- define "mayfly.blobsEnv" -}}
- name: MAYFLY_BLOBS__ACCESS_KEY_ID
  valueFrom:
    secretKeyRef:
      name: {{ .Values.blobs.existingSecret | quote }}
      key: access-key-id
- name: MAYFLY_BLOBS__SECRET_ACCESS_KEY_FILE
  value: /run/secrets/blobs/secret-access-key
{{- end }}

{{- define "mayfly.blobsMount" -}}
- name: blobs-directory
  mountPath: {{ .Values.blobs.url | trimPrefix "file://" | quote }}
{{- end }}

{{- define "mayfly.blobsVolume" -}}
- name: blobs-directory
  persistentVolumeClaim:
    claimName: {{ .Values.blobs.existingClaim | quote }}
{{- end }}

{{- define "mayfly.blobsProblems" -}}
{{- $blobs := .Values.blobs }}
{{- $isBucket := regexMatch "^s3://[^/?@]+([/?]|$)" $blobs.url }}
{{- $isDirectory := regexMatch "^file:///[A-Za-z0-9_][A-Za-z0-9_./-]*$" $blobs.url }}
{{- if and $blobs.url (not (or $isBucket $isDirectory)) }}
- Set blobs.url to a bucket, such as s3://bucket/prefix?region=eu-central-1, or a directory, such as file:///var/lib/mayfly/blobs.
{{- end }}
{{- if and $blobs.existingSecret (not $isBucket) }}
- Set blobs.url to the bucket of the key in blobs.existingSecret, such as s3://bucket/prefix?region=eu-central-1; or blobs.existingSecret to nothing.
{{- end }}
{{- if and $blobs.existingClaim (not $isDirectory) }}
- Set blobs.url to the directory for the volume in blobs.existingClaim, such as file:///var/lib/mayfly/blobs; or blobs.existingClaim to nothing.
{{- end }}
{{- if and $isDirectory (not $blobs.existingClaim) }}
{{- if eq .Values.mode "fleet" }}
- Set blobs.existingClaim to a PersistentVolumeClaim with ReadWriteMany: all pods of the role mailbox share the directory in blobs.url.
{{- else if not (hasPrefix "file:///var/lib/mayfly/" $blobs.url) }}
- Set blobs.url to a directory on the volume of the pod, such as file:///var/lib/mayfly/blobs, or blobs.existingClaim to a PersistentVolumeClaim for it.
{{- end }}
{{- end }}
{{- if and $isBucket .Values.networkPolicy.enabled (not $blobs.peers) (include "mayfly.blobsServerIsInside" .) }}
- Set blobs.peers to where the endpoint in blobs.url is, such as [{podSelector: {matchLabels: {app: minio}}}], and blobs.port to its port. Otherwise network policies deny the connection to it.
{{- end }}
{{- end }}

{{- /* Not empty if the rule for webhooks does not allow the connection to the endpoint: because of its port, or because its name is that of a
Service (name.namespace) or its address is private. */ -}}
{{- define "mayfly.blobsServerIsInside" -}}
{{- $encoded := regexFind "[?&]endpoint=[^&]*" .Values.blobs.url | trimAll "?&" | trimPrefix "endpoint=" }}
{{- $endpoint := regexReplaceAll "%2[fF]" (regexReplaceAll "%3[aA]" $encoded ":") "/" }}
{{- if regexMatch "^https?://" $endpoint }}
{{- $url := urlParse $endpoint }}
{{- $default := ternary "443" "80" (eq $url.scheme "https") }}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default $default | int }}
{{- $inside := "^[^.:]+([.][^.:]+)?$|[.](svc|local|internal)$|^(0|10|127)[.]|^100[.](6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])[.]|^169[.]254[.]|^172[.](1[6-9]|2[0-9]|3[01])[.]|^192[.]168[.]|^198[.]1[89][.]|^::|^f[cde][0-9a-f]+:" }}
{{- if or (and (ne $port 443) (lt $port 1024)) (regexMatch $inside $url.hostname) }}true{{ end }}
{{- end }}
{{- end }}
