// A fleet that serves a workload, simulated anew with every change.

import { useMemo } from "preact/hooks";
import type { Accelerator, CapacityAnswer, OpenModel, PlanAnswer, SimulateAnswer } from "../api/types";
import { FleetAnswer } from "../sections/FleetAnswer";
import { FleetForm } from "../sections/FleetForm";
import { FleetPlan } from "../sections/FleetPlan";
import { useData } from "../state/data";
import { changes, parallel, planning, read, simulation, useWork, type Ask } from "../state/fleet";
import { held } from "../state/log";
import { query, setQuery } from "../state/route";
import { Head } from "./Head";

// capacityPath asks how much one replica sustains of the workload that was simulated.
function capacityPath(a: Ask, of: SimulateAnswer | null): string {
  if (!of) return "";
  const w = of.workload;
  const shape = a.work === "means" ? { input: a.input, output: a.output } : { input: w.mean_input_tokens, output: w.mean_output_tokens, input_cv: w.input_cv, output_cv: w.output_cv, cached_share: w.cached_share };
  const all = { model: a.model, gpu: a.gpu, precision: a.precision, ...parallel(a.spread), ...shape, ttft_seconds: a.ttft, tpot_ms: a.tpot };
  return "/api/v1/capacity?" + new URLSearchParams(Object.entries(all).map(([k, v]) => [k, String(v)])).toString();
}

const noModels: OpenModel[] = [];
const noGPUs: Accelerator[] = [];

export function Fleet() {
  const q = query.value;
  void held.value;
  const { ask, faults } = useMemo(() => read(q), [q]);
  const set = (part: Partial<Ask>, entry = false) => setQuery(changes(part), entry);
  const asked = simulation(ask);
  const run = useWork<SimulateAnswer>(asked, 120);
  const plan = useWork<PlanAnswer>(ask.plan ? planning(ask) : null, 400);
  const a = run.answer;
  // What follows from the simulation waits for it, so that it has the processors to itself.
  const settled = a && !run.busy ? capacityPath(ask, a) : "";
  const capacity = useData<CapacityAnswer>(settled);
  const models = useData<OpenModel[]>("/api/v1/models");
  const gpus = useData<Accelerator[]>(a || run.problem ? "/api/v1/gpus?offers=false" : "");
  // What keeps a single replica from the target is the fleet's fault where it misses it. A log's own calls are not those of
  // its means.
  const alone = settled && !a?.met && ask.work === "means" ? capacity.problem?.faults : undefined;
  const problems = run.problem?.faults ?? alone ?? plan.problem?.faults ?? [];
  const load = (part: Partial<Ask>) => {
    set(part, true);
    document.getElementById("verdict-line")?.scrollIntoView({ block: "start" });
  };
  return (
    <>
      <Head title="Fleet">
        <p class="lead">How many GPUs serve this work within the latency that users must see: predicted, then proved by simulating every call.</p>
        {faults.length > 0 && (
          <p class="notice">The link says {faults.join(", ")}, which this version cannot use; the default stands in for it.</p>
        )}
      </Head>
      <div class="fleet">
        <FleetAnswer
          run={run}
          asked={asked !== null}
          capacity={capacity.problem ? null : capacity.data}
          none={settled ? capacity.problem : null}
          onReplicas={(replicas) => set({ replicas }, true)}
          onPlan={() => {
            set({ plan: true }, true);
            document.getElementById("plan")?.scrollIntoView({ block: "start" });
          }}
          form={<FleetForm ask={ask} faults={problems} models={models.data ?? noModels} gpus={gpus.data ?? noGPUs} set={set} />}
        />
      </div>
      <FleetPlan ask={ask} work={plan} ready={asked !== null} set={set} onLoad={load} />
    </>
  );
}
