// The reader's own workload: a call log, or a description of one.

import { batch, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { asProblem, get, post, upload, type Problem } from "../api/client";
import type { ConstraintSet, DecideAnswer, Scenario } from "../api/types";
import { percent, short } from "../format";
import { bookProblem, loadBook, openChoices, pricedChoices } from "../state/book";
import { handed, held, hold, logForm, read, reading } from "../state/log";
import { cataloged, go, limits, setWork, workView } from "../state/store";
import type { WorkView } from "../state/view";
import { Combobox } from "../ui/Combobox";
import { Drop } from "../ui/Drop";
import { Field } from "../ui/Field";
import { Tabs } from "../ui/Tabs";
import { Trouble } from "../ui/Trouble";
import { useNear } from "../ui/useNear";
import { Decision } from "./Decision";
import { LogReading } from "./LogReading";
import { Section } from "./Section";

type Running = { what: "sending"; share: number } | { what: "deciding" };

const answer = signal<DecideAnswer | null>(null);
const problem = signal<Problem | null>(null);
const running = signal<Running | null>(null);
// stale says that something has changed since the answer.
const stale = signal(false);

let control: AbortController | null = null;

function scenario(w: WorkView, c: ConstraintSet, workload: boolean): Scenario {
  return {
    version: 1,
    current: { model: w.model },
    ...(w.candidates.length > 0 && { candidates: w.candidates.map((model) => ({ model })) }),
    ...(workload && {
      workload: {
        input: w.input,
        output: w.output,
        cached_share: w.cached,
        ...(w.by === "calls" ? { calls_per_day: w.calls } : { spend: w.spend }),
      },
    }),
    ...(Object.values(c).some((v) => (Array.isArray(v) ? v.length > 0 : v)) && { constraints: c }),
  };
}

async function decide(): Promise<void> {
  control?.abort();
  const mine = (control = new AbortController());
  const w = workView.value!;
  const c = limits.value ?? {};
  const sending = w.source === "log" && !w.example;
  batch(() => {
    problem.value = null;
    running.value = sending ? { what: "sending", share: 0 } : { what: "deciding" };
  });
  try {
    const a = await (sending
      ? sendLog(w, c, mine.signal)
      : w.source === "log"
        ? get<DecideAnswer>("/api/v1/example", mine.signal)
        : post<DecideAnswer>("/api/v1/decide", scenario(w, c, true), mine.signal));
    if (mine !== control) return;
    batch(() => {
      answer.value = a;
      stale.value = false;
      running.value = null;
    });
  } catch (error) {
    if (mine !== control) return;
    batch(() => {
      running.value = null;
      if (!mine.signal.aborted) {
        answer.value = null;
        problem.value = asProblem(error);
      }
    });
  }
}

function sendLog(w: WorkView, c: ConstraintSet, signal: AbortSignal): Promise<DecideAnswer> {
  const { files, kept, part } = held.value;
  const asked: [string, string][] = [["scenario", JSON.stringify(scenario(w, c, false))], ...part];
  if (kept) asked.push(["kept", "true"]);
  return upload<DecideAnswer>(
    "/api/v1/decide/log",
    logForm({ ...reading.value, as: w.model }, files, asked),
    (share) => {
      running.value = share < 1 ? { what: "sending", share } : { what: "deciding" };
    },
    signal,
  );
}

function take(list: File[]): void {
  hold(list);
  setWork({ example: false });
  void decide();
}

// change marks the answer as older than the form.
function change(set: Partial<WorkView>): void {
  setWork(set);
  if (answer.value && !workView.value?.example) stale.value = true;
}

function Candidates({ w }: { w: WorkView }) {
  const left = openChoices.value.filter((c) => !w.candidates.includes(c.id));
  const name = (id: string) => openChoices.value.find((c) => c.id === id)?.name ?? id;
  return (
    <div class="candidates">
      <Combobox
        label="Open models that would do"
        hint={
          w.candidates.length === 0
            ? "None named: the server compares one that the question is often asked about. Name those that pass your own evaluation; the cheapest wins."
            : "The cheapest of them wins, so list only those that pass your own evaluation."
        }
        choices={left}
        value=""
        placeholder="Search open weights"
        onChoose={(id) => change({ candidates: [...w.candidates, id].slice(0, 8) })}
      />
      {w.candidates.length > 0 && (
        <ul class="chosen">
          {w.candidates.map((id) => (
            <li key={id}>
              {name(id)}{" "}
              <button type="button" class="link" onClick={() => change({ candidates: w.candidates.filter((c) => c !== id) })}>
                remove<span class="hidden"> {name(id)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function LogForm({ w }: { w: WorkView }) {
  const moved = () => {
    if (answer.value) stale.value = true;
  };
  const { files, kept, part } = held.value;
  return (
    <form aria-label="Decide on a call log" onSubmit={(e) => e.preventDefault()}>
      <Drop
        id="log-files"
        title="Drop a call log here, or choose one"
        why="Any of the formats below, or any CSV or JSON lines with a time, a model and token counts; gzip is fine. The log goes to the server that sent this page, and nowhere else."
        onFiles={take}
      >
        <p>
          No log at hand?{" "}
          <button type="button" class="link" onClick={() => go((v) => ({ ...v, work: { ...v.work, example: true } }))}>
            Try an example
          </button>{" "}
          <span class="muted">of a day of an invented coding assistant, decided without your constraints.</span>
        </p>
      </Drop>
      <div class="settings">
        <div>
          <Combobox
            label="Model of calls that name none"
            choices={pricedChoices.value}
            value={w.model}
            onChoose={(model) => change({ model })}
          />
          <label class="check">
            <input
              type="checkbox"
              checked={reading.value.replace}
              onChange={(e) => {
                read({ replace: e.currentTarget.checked });
                moved();
              }}
            />
            <span>Take that model for every call, whatever the log names</span>
          </label>
        </div>
        <Candidates w={w} />
      </div>
      <details>
        <summary>How to read the log</summary>
        <LogReading id="log" onChange={moved} />
      </details>
      {(files.length > 0 || kept) && !w.example && (
        <p>
          <button type="button" class="primary" disabled={running.value !== null} onClick={() => void decide()}>
            {stale.value ? "Decide again" : "Decide"}
          </button>{" "}
          <span class="muted">
            on {part.length > 0 && "a part of "}
            {kept ? "the calls that this server keeps" : files.map((f) => `${f.name} (${short(f.size)} bytes)`).join(", ")};{" "}
            <a href="/usage">what they say</a>
          </span>
        </p>
      )}
    </form>
  );
}

function DescribeForm({ w }: { w: WorkView }) {
  const fault = (...fields: string[]) => problem.value?.faults.find((f) => fields.includes(f.where))?.what;
  return (
    <form
      aria-label="Describe the workload"
      onSubmit={(e) => {
        e.preventDefault();
        if (w.decided) void decide();
        else go((v) => ({ ...v, work: { ...v.work, decided: true } })); // which decides
      }}
    >
      <div class="settings">
        <div>
          <Combobox label="Today's model" choices={pricedChoices.value} value={w.model} onChoose={(model) => change({ model })} />
          <Field
            label="Input tokens a call"
            unit="count"
            value={w.input}
            fault={fault("workload.input")}
            onValue={(input) => change({ input })}
          />
          <Field
            label="Output tokens a call"
            unit="count"
            value={w.output}
            fault={fault("workload.output")}
            onValue={(output) => change({ output })}
          />
          <Field
            label="Input served by the cache"
            unit="share"
            suffix="%"
            value={w.cached}
            fault={fault("workload.cached_share")}
            onValue={(cached) => change({ cached })}
          />
        </div>
        <div>
          <Candidates w={w} />
          <fieldset class="choice">
            <legend>How much</legend>
            <label class="check">
              <input type="radio" name="work-by" checked={w.by === "calls"} onChange={() => change({ by: "calls" })} />
              <span>calls a day</span>
            </label>
            <label class="check">
              <input type="radio" name="work-by" checked={w.by === "spend"} onChange={() => change({ by: "spend" })} />
              <span>dollars a month</span>
            </label>
            {w.by === "calls" ? (
              <Field
                label="Calls a day"
                unit="count"
                value={w.calls}
                fault={fault("workload.calls_per_day")}
                onValue={(calls) => change({ calls })}
              />
            ) : (
              <Field
                label="API spend"
                unit="USD"
                suffix="$/mo"
                value={w.spend}
                fault={fault("workload.spend")}
                onValue={(spend) => change({ spend })}
              />
            )}
          </fieldset>
        </div>
      </div>
      <p>
        <button type="submit" class="primary">
          {stale.value && answer.value ? "Decide again" : "Decide"}
        </button>
      </p>
    </form>
  );
}

function Progress() {
  const r = running.value;
  if (!r) return null;
  return (
    <div class="progress" role="status">
      <p>
        {r.what === "sending" ? `Sending: ${percent(Math.round(r.share * 100) / 100)}` : "Reading and deciding…"}{" "}
        <button type="button" class="link" onClick={() => control?.abort()}>
          cancel
        </button>
      </p>
      <progress aria-label="Progress" {...(r.what === "sending" && { value: r.share })} max={1} />
    </div>
  );
}

// Spoken repeats the verdict for assistive technology when it arrives.
function Spoken() {
  const v = answer.value?.decision?.verdict;
  return (
    <p class="hidden" role="status">
      {v && !running.value ? `${v.headline}. ${v.sentence}` : ""}
    </p>
  );
}

function Active() {
  const set = limits.value ?? {};
  const names = cataloged()
    .constraints.filter((c) => (Array.isArray(set[c.id]) ? (set[c.id] as string[]).length > 0 : set[c.id]))
    .map((c) => c.label);
  return (
    <p class="muted">
      {names.length > 0 ? (
        <>
          Constraints from above apply: {names.join(", ")}. <a href="#constraints">Change them</a>
        </>
      ) : (
        <>
          No constraint is set. <a href="#constraints">Set one</a> and decide again.
        </>
      )}
    </p>
  );
}

function show(source: WorkView["source"]): void {
  control?.abort();
  batch(() => {
    answer.value = null;
    problem.value = null;
    running.value = null;
    stale.value = false;
    go((v) => ({ ...v, work: { ...v.work, source, example: false } }));
  });
}

export function Log() {
  const w = workView.value!;
  const near = useNear<HTMLDivElement>(() => void loadBook());
  const set = limits.value;
  // A link to an answer asks for it again; so does a constraint that moved, where the question is small.
  useEffect(() => {
    if (handed.value) {
      handed.value = false;
      setWork({ source: "log", example: false, ...(reading.value.as && { model: reading.value.as }) });
      void decide().then(() => document.getElementById("decision")?.scrollIntoView());
      return;
    }
    if (w.source === "form" ? w.decided : w.example) void decide();
    else if (answer.value) stale.value = true;
  }, [set, w.source, w.decided, w.example]);
  return (
    <Section
      id="log"
      title="Your log"
      gloss="What you really send, priced at the price in force at each call's time, and the GPUs that it would need at its peak."
    >
      <div ref={near} class="log">
        {bookProblem.value && <Trouble problem={bookProblem.value} retry={() => void loadBook()} />}
        <Tabs
          id="work"
          label="Where the workload comes from"
          tabs={[
            { id: "log", name: "From a call log" },
            { id: "form", name: "Without a log" },
          ]}
          selected={w.source}
          onSelect={(id) => show(id as WorkView["source"])}
        >
          {w.source === "log" ? <LogForm w={w} /> : <DescribeForm w={w} />}
          <Active />
        </Tabs>
        <Progress />
        <Spoken />
        {problem.value && <Trouble problem={problem.value} />}
        {answer.value && (
          <div class={stale.value ? "stale" : ""}>
            {stale.value && <p class="edited">Something has changed since this was decided.</p>}
            <Decision answer={answer.value} />
          </div>
        )}
        {!answer.value && !problem.value && !running.value && (
          <p class="empty muted">
            {w.source === "log"
              ? "No log yet. Its verdict will stand here: today's bill, the same open weights at a host, GPUs of your own, and a hybrid, each with its ledger."
              : "Not decided yet. The verdict will stand here, with a ledger for each option."}
          </p>
        )}
      </div>
    </Section>
  );
}
