{{- /* Prefix of all names: the release, with the chart if the release does not name it. */ -}}
{{- define "mayfly.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}
{{- end }}

{{- /* The roles that have pods of their own, or the one component that has all roles. */ -}}
{{- define "mayfly.components" -}}
{{- if eq .Values.mode "fleet" }}[gateway, smtp, auth, mailbox]{{ else }}[embedded]{{ end }}
{{- end }}

{{- /* The component that serves a role: `root` and `role`. */ -}}
{{- define "mayfly.component" -}}
{{- if eq .root.Values.mode "fleet" }}{{ .role }}{{ else }}embedded{{ end }}
{{- end }}

{{- /* Labels by which Services and workloads select pods: `root` and `component`. They never change. */ -}}
{{- define "mayfly.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- /* Labels of pods. Those of the chart's version would restart the pods for every new chart. */ -}}
{{- define "mayfly.podLabels" -}}
{{ include "mayfly.selector" . }}
app.kubernetes.io/part-of: mayfly
{{- end }}

{{- /* Labels of objects. */ -}}
{{- define "mayfly.labels" -}}
{{ include "mayfly.podLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* Metadata of an object in the namespace of the release: `root`, and optionally `suffix` of the name and `component`. */ -}}
{{- define "mayfly.metadata" -}}
name: {{ include "mayfly.fullname" .root }}{{ with .suffix }}-{{ . }}{{ end }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "mayfly.labels" . | nindent 2 }}
{{- end }}
