// The log as FOCUS rows, and a check of any FOCUS file.

import { useState } from "preact/hooks";
import { problemOf, upload } from "../api/client";
import type { Conformance } from "../api/types";
import { count } from "../format";
import { logForm, reading } from "../state/log";
import { logsOf, selection, useSend, type View } from "../state/usage";
import { download } from "../ui/download";
import { Drop } from "../ui/Drop";
import { Trouble } from "../ui/Trouble";
import { Section } from "./Section";
import { Reading } from "./UsageReading";

const editions = ["1.2", "1.4"] as const;

interface Exported {
  name: string;
  complete: boolean;
}

function Export({ view }: { view: View }) {
  const [edition, setEdition] = useState<string>("1.2");
  const [type, setType] = useState<string>("csv");
  const [period, setPeriod] = useState<string>("day");
  const work = useSend<Exported>();
  const run = () =>
    work.send(async (_, signal) => {
      const form = logForm(reading.value, await logsOf(view), [
        ["focus", edition],
        ["period", period],
        ["type", type],
        ...selection(view),
      ]);
      if (view.log === "kept") form.append("kept", "true");
      const response = await fetch("/api/v1/usage/export", { method: "POST", body: form, signal });
      if (!response.ok) throw problemOf(response.status, await response.text());
      const name = `focus-${edition}.${type}`;
      download(name, await response.blob());
      return { name, complete: response.headers.get("Breakeven-Complete") !== "false" };
    });
  return (
    <form class="export" aria-label="Export as FOCUS" onSubmit={(e) => e.preventDefault()}>
      <div class="filters">
        <label>
          Edition
          <select value={edition} onChange={(e) => setEdition(e.currentTarget.value)}>
            {editions.map((v) => (
              <option key={v} value={v}>
                FOCUS {v}
              </option>
            ))}
          </select>
        </label>
        <label>
          A row for each
          <select value={period} onChange={(e) => setPeriod(e.currentTarget.value)}>
            <option value="day">day</option>
            <option value="hour">hour</option>
          </select>
        </label>
        <label>
          File
          <select value={type} onChange={(e) => setType(e.currentTarget.value)}>
            <option value="csv">CSV</option>
            <option value="parquet">Parquet</option>
          </select>
        </label>
        <button type="button" class="primary" disabled={work.busy} onClick={run}>
          Export
        </button>
      </div>
      {selection(view).length > 0 && <p class="note">The export is of the part of the log that is chosen above.</p>}
      <Reading work={work} />
      {work.problem && <Trouble problem={work.problem} />}
      {work.answer && (
        <p role="status">
          {work.answer.name} is saved.
          {!work.answer.complete && (
            <>
              {" "}
              <b>It does not conform:</b> rows without a price have no cost, which FOCUS does not allow.
            </>
          )}
        </p>
      )}
    </form>
  );
}

function Checked({ c }: { c: Conformance }) {
  const wrong = c.results.filter((r) => r.outcome === "fail" || r.outcome === "advice");
  return (
    <div class="checked">
      <p class="lead" role="status">
        {c.conforms ? `The file conforms to FOCUS ${c.version}` : `The file does not conform to FOCUS ${c.version}`}: {count(c.passed)} rules pass,{" "}
        {count(c.failed)} fail, {count(c.advised)} advise otherwise, {count(c.skipped)} do not apply or cannot be decided from a file.{" "}
        {count(c.rows)} rows.
      </p>
      {wrong.length > 0 && (
        <ul class="sentences">
          {wrong.slice(0, 20).map((r) => (
            <li key={r.rule}>
              <b>{r.outcome === "fail" ? "fails" : "advice"}</b> {r.column}: {r.text} {r.why && <span class="muted">{r.why}</span>}{" "}
              {r.lines && r.lines.length > 0 && <span class="muted">Lines {r.lines.join(", ")}.</span>} <span class="muted">{r.rule}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function UsageFocus({ view, log }: { view: View; log: boolean }) {
  const check = useSend<Conformance>();
  return (
    <Section
      id="focus"
      title="FOCUS"
      gloss="The FinOps Foundation's format of bills. The export has one row for each meter of each model, with exact decimal amounts."
    >
      {log && <Export view={view} />}
      <Drop
        id="focus-file"
        title="Check a FOCUS file"
        one
        why="One file, in CSV, Parquet or JSON lines. It is held against the rules of the specification that a file alone can decide."
        onFiles={(list) => check.send((progress, signal) => upload<Conformance>("/api/v1/usage/focus-check", form(list), progress, signal))}
      />
      <Reading work={check} />
      {check.problem && <Trouble problem={check.problem} />}
      {check.answer && <Checked c={check.answer} />}
    </Section>
  );
}

function form(list: File[]): FormData {
  const f = new FormData();
  for (const file of list) f.append("files", file, file.name);
  return f;
}
