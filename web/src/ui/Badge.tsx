// A badge says in one word where a figure comes from; a click opens the evidence.

import type { Kind, Line, Provenance, Term } from "../api/types";
import { day, term, tied, words } from "../format";

// called is the badge's word: the reader's own figures are theirs.
export const called = (kind: Kind) => (kind === "user" ? "yours" : kind);

export const meanings: Record<Kind, string> = {
  published: "a vendor states it",
  measured: "somebody measured it and says how",
  derived: "a named rule gives it from other figures",
  inferred: "convention suggests it; nobody states it",
  assumed: "a default without a source, to be overridden",
  user: "you gave it",
};

export function Source({ of: p }: { of: Provenance }) {
  const where = p.source || p.url;
  return (
    <>
      <span class={`kind ${p.kind}`}>{called(p.kind)}</span>
      {": "}
      {p.rule ? <span>{p.rule}</span> : <span>{meanings[p.kind]}</span>}
      {where && (
        <>
          {" — "}
          {p.url && /^https?:/.test(p.url) ? (
            <a href={p.url} rel="noreferrer" target="_blank">
              {p.source || p.url}
            </a>
          ) : (
            words(where)
          )}
        </>
      )}
      {p.date && <span>, {day(p.date)}</span>}
    </>
  );
}

export function Badge(props: { kind: Kind; about: string; open: boolean; controls: string; onClick: () => void }) {
  return (
    <button
      type="button"
      class={`badge ${props.kind}`}
      aria-expanded={props.open}
      aria-controls={props.open ? props.controls : undefined}
      onClick={props.onClick}
    >
      {called(props.kind)}
      <span class="hidden">: why {props.about}?</span>
    </button>
  );
}

function TermRow({ t, over }: { t: Term; over: boolean }) {
  return (
    <li>
      <span class="sign">{over ? "÷" : "×"}</span>
      <span>
        <b class="figure">{term(t.value, t.unit)}</b> {words(t.name)} — <Source of={t.provenance} />
      </span>
    </li>
  );
}

// Arithmetic is a line's formula, term by term.
export function Arithmetic({ line }: { line: Line }) {
  return (
    <>
      <p class="formula">{tied(line.formula)}</p>
      <ul class="terms">
        {line.times.map((t, i) => (
          <TermRow key={i} t={t} over={false} />
        ))}
        {line.over?.map((t, i) => (
          <TermRow key={`over${i}`} t={t} over={true} />
        ))}
      </ul>
      {line.note && <p>{line.note}</p>}
    </>
  );
}
