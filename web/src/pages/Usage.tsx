// What a log says: its cost over time, when its calls come, how long they are, and what can be asked of it.

import { useEffect, useMemo } from "preact/hooks";
import type { Kept, ProfileAnswer, UsageAnswer } from "../api/types";
import { AsRead, Part, UsageLog } from "../sections/UsageLog";
import { UsageAnswers } from "../sections/UsageAnswers";
import { UsageArrivals } from "../sections/UsageArrivals";
import { UsageBill } from "../sections/UsageBill";
import { UsageFocus } from "../sections/UsageFocus";
import { UsageKept } from "../sections/UsageKept";
import { UsageLengths } from "../sections/UsageLengths";
import { Notes, Reading } from "../sections/UsageReading";
import { UsageSpend } from "../sections/UsageSpend";
import { day, several, short, toCents } from "../format";
import { loadBook } from "../state/book";
import { useData } from "../state/data";
import { decideOnLog, demoLog, held, hold, reading } from "../state/log";
import { query, setQuery } from "../state/route";
import { question, readView, selection, suits, useAnswer, type View } from "../state/usage";
import { Trouble } from "../ui/Trouble";
import { Head } from "./Head";

const anchors = [
  ["spend", "Spend"],
  ["arrivals", "Arrivals"],
  ["lengths", "Lengths"],
  ["answers", "What it can answer"],
  ["bill", "Bill against log"],
  ["focus", "FOCUS"],
] as const;

async function decide(v: View): Promise<void> {
  if (v.log !== "") hold(v.log === "kept" ? [] : [await demoLog()], v.log === "kept");
  decideOnLog(selection(v));
}

function Sum({ a, view }: { a: ProfileAnswer; view: View }) {
  const p = a.workload.profile;
  const calls = p.requests ?? p.calls;
  return (
    <div class="usage-sum">
      <h2 id="usage-sum">
        {a.usd === undefined ? (
          "Nothing here has a price"
        ) : (
          <>
            {!a.complete && "At least "}
            {toCents(a.usd)}
          </>
        )}{" "}
        for {several(calls, p.requests === null ? "row" : "call")}
      </h2>
      <p>
        {p.start && p.end && (day(p.start) === day(p.end) ? `On ${day(p.start)}. ` : `${day(p.start)} to ${day(p.end)}. `)}
        {a.workload.profile.input && `Mean input ${short(a.workload.profile.input.mean)} tokens`}
        {a.workload.profile.output && `, output ${short(a.workload.profile.output.mean)}. `}
        Read as {a.level}.
      </p>
      <p>
        <button type="button" class="primary" onClick={() => void decide(view)}>
          Decide on this workload
        </button>{" "}
        <span class="muted">API, open weights by the token, or GPUs of your own.</span>
      </p>
      <nav aria-label="Parts of this page" class="parts">
        <ul>
          {anchors.map(([id, name]) => (
            <li key={id}>
              <a href={`#${id}`}>{name}</a>
            </li>
          ))}
        </ul>
      </nav>
    </div>
  );
}

export function Usage() {
  const q = query.value;
  void [held.value, reading.value];
  const view = useMemo(() => readView(q), [q]);
  useEffect(() => void loadBook(), []);
  const keeps = useData<Kept>("/api/v1/usage/kept");
  const kept = keeps.problem ? null : keeps.data;
  const profile = useAnswer<ProfileAnswer>(question(view, "profile", []));
  const a = profile.answer;
  const per = view.per || suits(a);
  const report = useAnswer<UsageAnswer>(
    a
      ? question(view, "report", [
          ["by", per],
          ["by", view.by],
        ])
      : null,
  );
  const log = a !== null;
  return (
    <>
      <Head title="Usage">
        <p class="lead">What your calls cost at the price in force at each call's time, when they come, and what follows from that.</p>
      </Head>
      <div class="usage">
        <UsageLog view={view} kept={kept} set={(v) => setQuery({ log: v.log }, true)} open={profile.problem !== null} />
        <Reading work={profile} />
        {profile.problem && <Trouble problem={profile.problem} retry={profile.retry} />}
        {a && (
          <div class={profile.busy ? "stale" : ""} aria-busy={profile.busy}>
            <Sum a={a} view={view} />
            {view.log !== "kept" && <AsRead files={a.files} />}
            <Part view={view} set={setQuery} />
            <Notes of="how this was read" list={a.notes} />
          </div>
        )}
        {!log && !profile.problem && !profile.busy && (
          <p class="empty muted">
            No log yet. Its spend over time will stand here, with the changes of prices marked on it, the hours of the week in which calls come, how
            long they are, and what the log can answer.
          </p>
        )}
      </div>
      {a && (
        <>
          <UsageSpend
            view={view}
            profile={a}
            report={report}
            set={(part) => setQuery({ ...part, ...(part.by === "model" && { by: "" }) })}
          />
          <UsageArrivals c={a.workload} />
          <UsageLengths c={a.workload} />
          <UsageAnswers a={a} />
          <UsageBill key={`${view.log} ${held.value.version}`} view={view} />
        </>
      )}
      <UsageFocus view={view} log={log} />
      {kept && (
        <UsageKept
          kept={kept}
          view={view}
          log={log}
          onChange={() => {
            keeps.retry();
            if (view.log === "kept") profile.retry();
          }}
        />
      )}
    </>
  );
}
