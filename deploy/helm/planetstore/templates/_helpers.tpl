{{- define "planetstore.labels" -}}
app.kubernetes.io/name: planetstore
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- /* One role: .root, .role, .name of the set, .replicas, .storage, .secrets (place: key), .environment. */}}
{{- define "planetstore.role" -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ .name }}
  labels: {{- include "planetstore.labels" . | nindent 4 }}
spec:
  serviceName: planetstore
  replicas: {{ .replicas }}
  podManagementPolicy: Parallel
  # Nodes have the numbers of their logins.
  ordinals: { start: 1 }
  selector:
    matchLabels: {{- include "planetstore.labels" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "planetstore.labels" . | nindent 8 }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: 60
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        fsGroupChangePolicy: OnRootMismatch
        seccompProfile: { type: RuntimeDefault }
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "planetstore.labels" . | nindent 14 }}
      containers:
        - name: {{ .role }}
          image: {{ .root.Values.image | quote }}
          args: [run, {{ .role }}]
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          env:
            - name: POD_NAME
              valueFrom: { fieldRef: { fieldPath: metadata.name } }
            - { name: PLANETSTORE_NATS_URL, value: {{ .root.Values.nats.url | quote }} }
            - { name: PLANETSTORE_NATS_CA, value: /run/secrets/planetstore/nats-ca }
            - { name: PLANETSTORE_NATS_CREDENTIALS, value: /run/secrets/planetstore/nats }
            - { name: PLANETSTORE_METRICS_TOKEN_FILE, value: /run/secrets/planetstore/metrics-token }
            - { name: PLANETSTORE_CONSOLE, value: "0.0.0.0:9001" }
            {{- if eq .role "node" }}
            - { name: PLANETSTORE_NODE, value: $(POD_NAME) }
            {{- else }}
            - { name: PLANETSTORE_LOG_REPLICAS, value: {{ .root.Values.nats.replicas | quote }} }
            {{- end }}
            {{- range $name, $value := .environment }}
            - { name: {{ $name }}, value: {{ $value | quote }} }
            {{- end }}
          ports:
            - { name: console, containerPort: 9001 }
            {{- if eq .role "gateway" }}
            - { name: s3, containerPort: 9000 }
            {{- end }}
          livenessProbe: { httpGet: { path: /healthz, port: console }, periodSeconds: 10 }
          readinessProbe: { httpGet: { path: /readyz, port: console }, periodSeconds: 5 }
          startupProbe: { httpGet: { path: /healthz, port: console }, failureThreshold: 30 }
          resources: {{- toYaml .root.Values.resources | nindent 12 }}
          volumeMounts:
            - { name: data, mountPath: /data }
            {{- range $place, $key := .secrets }}
            - { name: secrets, mountPath: /run/secrets/planetstore/{{ $place }}, subPathExpr: {{ $key | quote }}, readOnly: true }
            {{- end }}
      volumes:
        - name: secrets
          secret: { secretName: {{ .root.Values.secret }}, defaultMode: 0440 }
  volumeClaimTemplates:
    - metadata: { name: data }
      spec:
        accessModes: [ReadWriteOnce]
        {{- with .root.Values.storageClass }}
        storageClassName: {{ . }}
        {{- end }}
        resources: { requests: { storage: {{ .storage }} } }
{{- end }}
