{{- /* Captchas of another service (captcha.*). Only pods with the role gateway check them. */ -}}

{{- /* The URL is in the Secret because it can contain a key. */ -}}
{{- define "mayfly.captchaEnv" -}}
- name: MAYFLY_GATEWAY__CAPTCHA_VERIFY_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.captcha.existingSecret | quote }}
      key: verify-url
- name: MAYFLY_GATEWAY__CAPTCHA_VERIFY_SECRET_FILE
  value: /run/secrets/captcha/verify-secret
{{- end }}

{{- define "mayfly.captchaProblems" -}}
{{- $own := index .Values.settings "MAYFLY_GATEWAY__CAPTCHA" | default "off" }}
{{- if and .Values.captcha.existingSecret (ne $own "off") }}
- Remove MAYFLY_GATEWAY__CAPTCHA from settings, or set captcha.existingSecret to nothing: Mayfly checks its own captchas or those of another service.
{{- end }}
{{- end }}
