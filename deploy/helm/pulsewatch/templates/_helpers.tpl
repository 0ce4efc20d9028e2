{{- define "pulsewatch.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "pulsewatch.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "pulsewatch.labels" -}}
{{ include "pulsewatch.selector" . }}
app.kubernetes.io/part-of: {{ .Values.appName }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* The environment variable of a setting: kafka.sasl.password_file is PULSEWATCH_KAFKA__SASL__PASSWORD_FILE. */}}
{{- define "pulsewatch.variable" -}}
PULSEWATCH_{{ . | replace "." "__" | upper }}
{{- end }}
