{{- /* Beginning of a policy: `root`, `suffix`, and the component whose pods it selects; without one all pods of the release. */ -}}
{{- define "mayfly.policy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "mayfly.metadata" (dict "root" .root "suffix" .suffix) | nindent 2 }}
spec:
  podSelector:
    {{- include "mayfly.podsOf" . | nindent 4 }}
{{- end }}

{{- /* Selects pods of the release: `root`, and `name`, `component` or `components`. */ -}}
{{- define "mayfly.podsOf" -}}
matchLabels:
  app.kubernetes.io/instance: {{ .root.Release.Name }}
  {{- with .name }}
  app.kubernetes.io/name: {{ . }}
  {{- end }}
  {{- with .component }}
  app.kubernetes.io/component: {{ . }}
  {{- end }}
{{- with .components }}
matchExpressions:
  - key: app.kubernetes.io/component
    operator: In
    values: {{ . }}
{{- end }}
{{- end }}

{{- define "mayfly.publicAddresses" -}}
- ipBlock:
    cidr: 0.0.0.0/0
    except: [0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/3]
- ipBlock:
    cidr: 2000::/3
    except: ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]
{{- end }}

{{- /* Webhooks: public addresses and the ports that a URL can have. The SSRF guard of the process enforces the same. */ -}}
{{- define "mayfly.webhookEgress" -}}
- to:
    {{- include "mayfly.publicAddresses" . | nindent 4 }}
  ports:
    - port: 443
    - port: 1024
      endPort: 65535
{{- end }}

{{- /* Calls between roles: `root`, `to` and `port`. */ -}}
{{- define "mayfly.egressTo" -}}
- to:
    - podSelector:
        {{- include "mayfly.podsOf" (dict "root" .root "component" .to) | nindent 8 }}
  ports:
    - port: {{ .port }}
{{- end }}

{{- /* HTTP from its clients; without clients nothing. */ -}}
{{- define "mayfly.httpIngress" -}}
{{- with .Values.networkPolicy.httpClients }}
- from:
    {{- toYaml . | nindent 4 }}
  ports:
    - port: 8080
{{- end }}
{{- end }}
