// The calls that the server keeps: what they are of, which logs they came in, and how they go.

import { useState } from "preact/hooks";
import { post, upload } from "../api/client";
import type { ImportAnswer, Kept, Proof, Receipt } from "../api/types";
import { count, day, several } from "../format";
import { logForm, reading } from "../state/log";
import { forget, logsOf, useSend, type View } from "../state/usage";
import { Trouble } from "../ui/Trouble";
import { Section } from "./Section";
import { Reading } from "./UsageReading";

// became says what became of an import's rows.
const became = (r: Receipt) =>
  [
    `${count(r.added)} new`,
    r.same > 0 && `${count(r.same)} there already`,
    r.replaced > 0 && `${count(r.replaced)} replaced an earlier statement`,
    r.withheld > 0 && `${count(r.withheld)} withheld after a deletion`,
  ]
    .filter(Boolean)
    .join(", ");

function Import({ view, onDone }: { view: View; onDone: () => void }) {
  const work = useSend<ImportAnswer>();
  const run = () =>
    work.send(async (progress, signal) => {
      const a = await upload<ImportAnswer>("/api/v1/usage/import", logForm(reading.value, await logsOf(view)), progress, signal);
      onDone();
      return a;
    });
  return (
    <>
      <p>
        <button type="button" class="second" disabled={work.busy} onClick={run}>
          Keep this log on the server
        </button>{" "}
        <span class="muted">A call that is there already counts once.</span>
      </p>
      <Reading work={work} />
      {work.problem && <Trouble problem={work.problem} />}
      {work.answer?.logs.map((r, i) => (
        <p key={i} role="status">
          {r.known
            ? `${r.name} was taken in before, on ${day(r.at)}: nothing is added.`
            : `${r.name}: ${several(r.rows, "call")}, ${became(r)}.`}
        </p>
      ))}
    </>
  );
}

const deletions = [
  ["project", "a project"],
  ["user", "a user"],
  ["key", "an API key"],
  ["to", "all before a day"],
] as const;

function Delete({ onDone }: { onDone: () => void }) {
  const [by, setBy] = useState<string>("project");
  const [value, setValue] = useState("");
  const work = useSend<Proof>();
  const run = (dry: boolean) =>
    work.send(async (_, signal) => {
      const which = by === "to" ? { to: value } : { only: [`${by}=${value}`] };
      const proof = await post<Proof>("/api/v1/usage/kept/delete", { ...which, dry }, signal);
      if (!dry) onDone();
      return proof;
    });
  const p = work.answer;
  const box = {
    value,
    onInput: (e: { currentTarget: HTMLInputElement }) => {
      setValue(e.currentTarget.value);
      work.clear();
    },
  };
  return (
    <details>
      <summary>Delete calls</summary>
      <form class="filters" aria-label="Delete kept calls" onSubmit={(e) => e.preventDefault()}>
        <label>
          The calls of
          <select
            value={by}
            onChange={(e) => {
              setBy(e.currentTarget.value);
              setValue("");
              work.clear();
            }}
          >
            {deletions.map(([id, name]) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          {by === "to" ? "Day" : "Name"}
          {by === "to" ? <input type="date" {...box} /> : <input type="search" {...box} />}
        </label>
        <button type="button" class="second" disabled={!value || work.busy} onClick={() => run(true)}>
          Count them
        </button>
        {p?.dry && p.rows_matching > 0 && (
          <button type="button" class="second danger" onClick={() => run(false)}>
            Delete {several(p.rows_matching, "call")} for good
          </button>
        )}
      </form>
      {work.problem && <Trouble problem={work.problem} />}
      {p && (
        <p role="status">
          {p.dry
            ? `${count(p.rows_matching)} of ${count(p.rows_before)} calls would go.`
            : `${several(p.rows_matching, "call")} deleted: ${count(p.rows_after)} of ${count(p.rows_before)} are kept, and a second search finds ${count(p.rows_left)}. Proof: ${p.what}, ${several(p.parts.length, "file")} rewritten.`}
        </p>
      )}
    </details>
  );
}

export function UsageKept(props: { kept: Kept; view: View; log: boolean; onChange: () => void }) {
  const { kept: k, view } = props;
  const changed = () => {
    forget();
    props.onChange();
  };
  return (
    <Section id="kept" title="Kept on this server" gloss={`In ${k.where}. It survives the page; a log that is only dropped here does not.`}>
      <p>
        {k.rows === 0 ? (
          "Nothing is kept yet."
        ) : (
          <>
            <b>{several(k.rows, "call")}</b>
            {k.first_start && k.last_start && `, ${day(k.first_start)} to ${day(k.last_start)}`}.
          </>
        )}
      </p>
      {props.log && view.log !== "kept" && <Import view={view} onDone={changed} />}
      {k.contents.length > 0 && (
        <details>
          <summary>{several(k.contents.length, "model")}</summary>
          <div class="scroll" tabIndex={0} role="region" aria-label="Models of the kept calls">
            <table class="data">
              <thead>
                <tr>
                  <th scope="col">Model</th>
                  <th scope="col">Tier</th>
                  <th scope="col">Calls</th>
                  <th scope="col">First</th>
                  <th scope="col">Last</th>
                </tr>
              </thead>
              <tbody>
                {k.contents.map((c) => (
                  <tr key={`${c.provider ?? ""}/${c.model}/${c.region ?? ""}/${c.tier}`}>
                    <th scope="row">
                      {c.provider ? `${c.provider}/` : ""}
                      {c.model || "no model named"}
                      {c.region && `, ${c.region}`}
                    </th>
                    <td>{c.tier}</td>
                    <td>{count(c.rows)}</td>
                    <td>{day(c.first_start)}</td>
                    <td>{day(c.last_start)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
      {k.imports.length > 0 && (
        <details>
          <summary>{several(k.imports.length, "import")}</summary>
          <ul class="sentences">
            {k.imports.map((r) => (
              <li key={r.id}>
                {r.name}, {day(r.at)}: {several(r.rows, "call")}, {became(r)}.
              </li>
            ))}
          </ul>
        </details>
      )}
      {k.rows > 0 && <Delete onDone={changed} />}
    </Section>
  );
}
