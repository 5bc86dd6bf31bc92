// The log that the usage page is about: where it comes from, how it was read, and what could not be.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Kept, LogFile } from "../api/types";
import { count, day, short, words } from "../format";
import { formats, pricedChoices } from "../state/book";
import { demoPath, held, hold, read, reading } from "../state/log";
import type { View } from "../state/usage";
import { Combobox } from "../ui/Combobox";
import { Drop } from "../ui/Drop";
import { LogReading } from "./LogReading";

const conventions = { detect: "no row shows whether", includes: "includes cached tokens", excludes: "excludes cached tokens" };

const inputs = [
  ["detect", "as found out"],
  ["includes", "it includes them"],
  ["excludes", "it excludes them"],
] as const;

function Faults({ f }: { f: LogFile }) {
  if (!f.faults || f.faults.length === 0) return null;
  return (
    <details class="faults" open={f.faulty <= 5}>
      <summary>
        {count(f.faulty)} of {count(f.rows)} rows of {f.name} could not be read, and are in no figure
      </summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={`Rows of ${f.name} that could not be read`}>
        <table class="data">
          <thead>
            <tr>
              <th scope="col">Place</th>
              <th scope="col" class="text">
                Value
              </th>
              <th scope="col" class="text">
                Problem
              </th>
            </tr>
          </thead>
          <tbody>
            {f.faults.map((e) => (
              <tr key={`${e.line} ${e.field}`}>
                <th scope="row">
                  {e.file}:{e.line}
                </th>
                <td class="text">
                  {e.field}
                  {e.value !== undefined && <code> {e.value}</code>}
                </td>
                <td class="text">
                  {e.problem}
                  {e.hint && <span class="muted"> ({e.hint})</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {f.faulty > f.faults.length && <p class="note">The first {count(f.faults.length)} are shown.</p>}
    </details>
  );
}

function File({ f, more }: { f: LogFile; more: boolean }) {
  const title = formats.value?.find((x) => x.name === f.format)?.title ?? words(f.format);
  return (
    <li>
      <p>
        <b>{f.name}</b>: {title}, because {f.format_why}. {count(f.calls)} of {count(f.rows)} rows are calls
        {f.grain === "bucket" && " or sums of several"}
        {f.skips?.map((s) => `; ${count(s.rows)} left out: ${s.why}`)}.
      </p>
      <p>
        The input figure {f.input === "detect" ? `was read as it stands: ${conventions.detect} it includes cached tokens` : <b>{conventions[f.input]}</b>}
        {f.input_why && <>: {f.input_why}</>}.
      </p>
      {f.columns && f.columns.length > 0 && (
        <p class="why">Columns: {f.columns.map((c) => (c.field === c.name ? c.name : `${c.field} from ${c.name}`)).join(", ")}.</p>
      )}
      {more && <Faults f={f} />}
    </li>
  );
}

// AsRead says how each file was read, and takes another convention for its input.
export function AsRead({ files }: { files: LogFile[] }) {
  const r = reading.value;
  return (
    <div class="as-read">
      <ul class="files">
        {files.map((f) => (
          <File key={f.name} f={f} more={true} />
        ))}
      </ul>
      <fieldset class="choice">
        <legend>Read the input figure of all files</legend>
        {inputs.map(([id, name]) => (
          <label key={id} class="check">
            <input type="radio" name="usage-convention" checked={r.input === id} onChange={() => read({ input: id })} />
            <span>{name}</span>
          </label>
        ))}
      </fieldset>
    </div>
  );
}

// Part chooses a part of the log.
export function Part({ view, set }: { view: View; set: (part: { from?: string; to?: string; project?: string }) => void }) {
  // What is typed stays while an earlier answer comes and the page is drawn anew.
  const [project, typed] = useState(view.project);
  useEffect(() => typed(view.project), [view.project]);
  return (
    <form class="filters part" aria-label="A part of the log" onSubmit={(e) => e.preventDefault()}>
      <label>
        From
        <input type="date" value={view.from} onChange={(e) => set({ from: e.currentTarget.value })} />
      </label>
      <label>
        To, that day included
        <input type="date" value={view.to} onChange={(e) => set({ to: e.currentTarget.value })} />
      </label>
      <label>
        Project
        <input
          type="search"
          value={project}
          placeholder="all"
          onInput={(e) => typed(e.currentTarget.value)}
          onChange={(e) => set({ project: e.currentTarget.value })}
        />
      </label>
    </form>
  );
}

export function UsageLog(props: { view: View; kept: Kept | null; set: (v: Partial<Record<"log", string>>) => void; open: boolean }) {
  const { view, kept, set } = props;
  const r = reading.value;
  const how = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    if (props.open && how.current) how.current.open = true; // and it stays so
  }, [props.open]);
  return (
    <form aria-label="The log" onSubmit={(e) => e.preventDefault()}>
      <Drop
        id="usage-files"
        title="Drop call logs here, or choose some"
        said={view.log === "" && held.value.files.map((f) => `${f.name}, ${short(f.size)} bytes`).join("; ")}
        why="What your vendor or gateway exports, or any CSV, JSON lines or Parquet with a time, a model and token counts; gzip and zstd are fine. They go to the server that sent this page, and nowhere else."
        onFiles={(list) => {
          hold(list);
          set({ log: "" });
        }}
      >
        <p>
          {kept && kept.rows > 0 && (
            <>
              <button type="button" class="link" disabled={view.log === "kept"} onClick={() => set({ log: "kept" })}>
                Use the {count(kept.rows)} calls that this server keeps
              </button>
              {kept.first_start && kept.last_start && (
                <span class="muted">
                  , {day(kept.first_start)} to {day(kept.last_start)}
                </span>
              )}
              .{" "}
            </>
          )}
          {view.log !== "example" && (
            <>
              No log at hand?{" "}
              <button type="button" class="link" onClick={() => set({ log: "example" })}>
                Try an example
              </button>{" "}
            </>
          )}
          <span class="muted">
            {view.log === "example" ? "On show: a" : "of a"} day of an invented coding assistant, <a href={demoPath}>30,000 calls</a>.
          </span>
        </p>
      </Drop>
      {view.log !== "kept" && (
        <details ref={how}>
          <summary>How to read the log</summary>
          <LogReading id="usage" onChange={() => undefined} />
          <div class="settings">
            <div>
              <Combobox
                label="Model of calls that name none"
                choices={pricedChoices.value}
                value={r.as}
                placeholder="none: such calls have no price"
                onChoose={(as) => read({ as })}
              />
              {r.as && (
                <label class="check">
                  <input type="checkbox" checked={r.replace} onChange={(e) => read({ replace: e.currentTarget.checked })} />
                  <span>Take that model for every call, whatever the log names</span>
                </label>
              )}
            </div>
          </div>
        </details>
      )}
    </form>
  );
}
