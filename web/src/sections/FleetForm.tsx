// The fleet that is asked about, its work and its target. What the server refuses stands beside its field.

import { useId, useMemo } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { Fault } from "../api/client";
import type { Accelerator, OpenModel } from "../api/types";
import { short } from "../format";
import { mostReplicas, type Ask, type Work } from "../state/fleet";
import { demoPath, held, hold } from "../state/log";
import { Combobox } from "../ui/Combobox";
import { Drop } from "../ui/Drop";
import { Field } from "../ui/Field";
import { NumberBox } from "../ui/NumberBox";

// fields are the names by which the server calls each field's part of a request.
const fields = {
  model: ["model"],
  gpu: ["gpu", "gpus"],
  precision: ["precision", "precisions", "kv_precision"],
  spread: ["tensor_parallel", "data_parallel", "expert_parallel"],
  replicas: ["replicas"],
  routing: ["routing"],
  rate: ["workload.requests_per_second", "requests_per_second"],
  input: ["workload.input", "input"],
  output: ["workload.output", "output"],
  work: ["requests", "files", "workload", "request", "format"],
  ttft: ["target.ttft_seconds", "ttft_seconds"],
  tpot: ["target.tpot_ms", "tpot_ms"],
} satisfies Partial<Record<keyof Ask, string[]>>;

const routings = [
  ["least_loaded", "to the least loaded"],
  ["round_robin", "round robin"],
  ["prefix_affinity", "by prefix affinity"],
] as const;

function Said({ id, text }: { id: string; text: string | undefined }) {
  if (!text) return null;
  return (
    <p class="fault" id={id} role="alert">
      {text}
    </p>
  );
}

function Select(props: {
  label: string;
  value: string;
  options: (readonly [string, string])[];
  fault: string | undefined;
  onPick: (v: string) => void;
}) {
  const id = useId();
  const known = props.options.some(([v]) => v === props.value);
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <select
        id={id}
        value={props.value}
        aria-invalid={!!props.fault}
        aria-describedby={props.fault ? `${id}-fault` : undefined}
        onChange={(e) => props.onPick(e.currentTarget.value)}
      >
        {!known && <option value={props.value}>{props.value}</option>}
        {props.options.map(([v, name]) => (
          <option key={v} value={v}>
            {name}
          </option>
        ))}
      </select>
      <Said id={`${id}-fault`} text={props.fault} />
    </div>
  );
}

const most = 64; // replicas on the slider; the box takes more

function ReplicaSlider({ value, fault, onValue }: { value: number; fault: string | undefined; onValue: (v: number) => void }) {
  const set = (v: number) => onValue(Math.min(mostReplicas, Math.max(1, Math.round(v))));
  return (
    <div class="replica-slider">
      <div class="field">
        <label for="replicas">Replicas</label>
        <span class="box">
          <button type="button" class="step" aria-label="One replica fewer" disabled={value <= 1} onClick={() => set(value - 1)}>
            −
          </button>
          <NumberBox value={value} unit="count" label="Replicas, exact" onValue={set} step={(key) => set(value + (key.endsWith("Up") ? 1 : -1))} />
          <button type="button" class="step" aria-label="One replica more" onClick={() => set(value + 1)}>
            +
          </button>
        </span>
      </div>
      <input
        type="range"
        id="replicas"
        min={1}
        max={most}
        step={1}
        value={Math.min(value, most)}
        aria-valuetext={`${value} replicas`}
        onInput={(e) => set(Number(e.currentTarget.value))}
      />
      <div class="ends" aria-hidden="true">
        <span>1</span>
        <span>{most}</span>
      </div>
      <Said id="replicas-fault" text={fault} />
    </div>
  );
}

function LogPicker({ ask, fault }: { ask: Ask; fault: string | undefined }) {
  if (ask.work === "demo") {
    return (
      <>
        <p class="why">
          A day of an invented coding assistant, 30,000 calls. <a href={demoPath} download>The log itself</a>.
        </p>
        <Said id="fleet-log-fault" text={fault} />
      </>
    );
  }
  return (
    <Drop
      id="fleet-log"
      title="Drop a call log or trace, or choose one"
      said={held.value.files.map((f) => `${f.name}, ${short(f.size)} bytes`).join("; ")}
      fault={fault}
      why="Times and token counts, as CSV or JSON lines or any format of a call log; gzip is fine. It goes to the server that sent this page, and nowhere else. A link does not carry it."
      onFiles={hold}
    />
  );
}

const works: [Work, string][] = [
  ["means", "by its means"],
  ["log", "my log"],
  ["demo", "a demo log"],
];

function Group({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <fieldset>
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}

export function FleetForm(props: {
  ask: Ask;
  faults: Fault[];
  models: OpenModel[];
  gpus: Accelerator[];
  set: (set: Partial<Ask>, entry?: boolean) => void;
}) {
  const { ask, set } = props;
  const fault = (of: keyof typeof fields) =>
    props.faults
      .filter((f) => fields[of].includes(f.where))
      .map((f) => f.what)
      .join(" ") || undefined;
  const models = useMemo(
    () => props.models.map((m) => ({ id: m.id, name: m.name, detail: m.licence, words: `${m.id} ${m.name}`.toLowerCase() })),
    [props.models],
  );
  const gpus = useMemo(
    () =>
      props.gpus.map((g) => ({
        id: g.id,
        name: g.name,
        detail: `${Math.round(g.memory_gib)} GiB`,
        words: `${g.id} ${g.name} ${g.vendor}`.toLowerCase(),
      })),
    [props.gpus],
  );
  const model = props.models.find((m) => m.id === ask.model);
  const experts = model ? model.active_parameters < model.parameters : ask.spread.startsWith("ep");
  const spreads: (readonly [string, string])[] = [
    ["", "the fewest GPUs that fit"],
    ...["1", "2", "4", "8"].map((n) => [n, n === "1" ? "1 GPU" : `${n} GPUs share every layer`] as const),
    ...(experts ? ["2", "4", "8"].map((n) => [`ep${n}`, `${n} GPUs divide the experts`] as const) : []),
  ];
  return (
    <form class="fleet-form" aria-label="The fleet, its work and its target" onSubmit={(e) => e.preventDefault()}>
      <ReplicaSlider value={ask.replicas} fault={fault("replicas")} onValue={(replicas) => set({ replicas })} />
      <Group title="Each replica">
        <Combobox label="Model" choices={models} value={ask.model} onChoose={(model) => set({ model }, true)} />
        <Said id="model-fault" text={fault("model")} />
        <Combobox label="GPU" choices={gpus} value={ask.gpu} onChoose={(gpu) => set({ gpu }, true)} />
        <Said id="gpu-fault" text={fault("gpu")} />
        <Select
          label="Weights"
          value={ask.precision}
          options={["bf16", "fp8", "int8", "fp4", "int4"].map((p) => [p, p] as const)}
          fault={fault("precision")}
          onPick={(precision) => set({ precision }, true)}
        />
        <Select label="Spread over" value={ask.spread} options={spreads} fault={fault("spread")} onPick={(spread) => set({ spread }, true)} />
      </Group>
      <Group title="Work">
        <div class="choices" role="radiogroup" aria-label="How the work is described">
          {works.map(([id, name]) => (
            <label key={id}>
              <input type="radio" name="work" checked={ask.work === id} onChange={() => set({ work: id }, true)} /> {name}
            </label>
          ))}
        </div>
        {ask.work === "means" ? (
          <>
            <Field label="Calls a second" unit="count" suffix="/s" value={ask.rate} fault={fault("rate")} onValue={(rate) => set({ rate })} />
            <Field label="Input, mean" unit="count" suffix="tokens" value={ask.input} fault={fault("input")} onValue={(input) => set({ input })} />
            <Field
              label="Output, mean"
              unit="count"
              suffix="tokens"
              value={ask.output}
              fault={fault("output")}
              onValue={(output) => set({ output })}
            />
            <Said id="work-fault" text={fault("work")} />
          </>
        ) : (
          <LogPicker ask={ask} fault={fault("work")} />
        )}
        <Select
          label="Routed"
          value={ask.routing}
          options={[...routings]}
          fault={fault("routing")}
          onPick={(routing) => set({ routing }, true)}
        />
      </Group>
      <Group title="Target: 99 of 100 within">
        <Field label="First token" unit="count" suffix="s" value={ask.ttft} fault={fault("ttft")} onValue={(ttft) => set({ ttft })} />
        <Field label="Later tokens, each" unit="count" suffix="ms" value={ask.tpot} fault={fault("tpot")} onValue={(tpot) => set({ tpot })} />
      </Group>
    </form>
  );
}
