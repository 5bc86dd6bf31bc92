// A rate through time: what each source was seen to state, what the vendor charged, and what happened at each step.

import type { BookStep, ChangeClass, PriceChange, Provenance, RateHistory, RateStep } from "../api/types";
import { why } from "../rates";

export interface Segment<T> {
  from: number;
  to: number;
  text: string; // the rate, as decimal text
  of: T;
}

interface Span<T> extends Segment<T> {
  // rank decides between spans that overlap: the larger one counts, place by place.
  rank: number[];
}

const time = (iso: string | undefined, otherwise: number) => (iso ? Date.parse(iso) : otherwise);

function over(a: number[], b: number[]): number {
  const i = a.findIndex((v, at) => v !== b[at]);
  return i < 0 ? 0 : a[i]! - b[i]!;
}

// level cuts spans that may overlap into segments that do not, and joins those that say the same.
function level<T>(spans: Span<T>[]): Segment<T>[] {
  const cuts = [...new Set(spans.flatMap((s) => [s.from, s.to]))].sort((a, b) => a - b);
  const out: Segment<T>[] = [];
  cuts.slice(0, -1).forEach((from, i) => {
    const to = cuts[i + 1]!;
    const here = spans.filter((s) => s.from <= from && s.to >= to).sort((a, b) => over(b.rank, a.rank))[0];
    const last = out.at(-1);
    if (!here) return;
    if (last && last.to === from && last.text === here.text) last.to = to;
    else out.push({ from, to, text: here.text, of: here.of });
  });
  return out;
}

function stated(steps: RateStep[], now: number): Segment<RateStep>[] {
  const spans = steps.map((s) => {
    const recorded = time(s.recorded.from, 0);
    const effective = time(s.effective?.from, 0);
    return {
      from: Math.max(recorded, effective),
      to: Math.min(time(s.recorded.to, now), time(s.effective?.to, Infinity), now),
      text: s.usd_per_million,
      of: s,
      rank: [effective, recorded],
    };
  });
  return level(spans.filter((s) => s.from < s.to));
}

// charged is what the vendor charged, as the book held it at an instant.
function charged(steps: BookStep[], start: number, now: number): Segment<BookStep>[] {
  const held = steps.filter((s) => time(s.recorded?.from, 0) <= now && time(s.recorded?.to, Infinity) > now);
  const spans = held.map((s) => ({
    from: time(s.effective.from, start),
    to: Math.min(time(s.effective.to, now), now),
    text: s.usd_per_million,
    of: s,
    rank: [time(s.recorded?.from, 0), time(s.effective.from, 0)],
  }));
  return level(spans.filter((s) => s.from < s.to));
}

// Happening is one step of one line.
export interface Happening {
  at: number;
  line: string; // the source's id, or "book"
  who: string;
  kind: string;
  from?: string;
  to?: string;
  what: string;
  why?: string;
  class?: ChangeClass;
  evidence?: string;
  since?: RateStep["in_force_since"];
  provenance?: Provenance;
}

export interface Line {
  id: string;
  title: string;
  segments: Segment<RateStep | BookStep>[];
}

export interface Story {
  kind: string;
  book: Segment<BookStep>[];
  lines: Line[];
  happenings: Happening[]; // the oldest first
  start: number;
  now: number;
}

const dayOf = (t: number) => Math.floor(t / 86_400_000);

// story turns a rate's history into lines and what happened on them.
export function story(r: RateHistory, changes: PriceChange[], start: number, now: number): Story {
  const lines = r.sources
    .map((s) => ({ id: s.source, title: s.title, segments: stated(s.steps, now) }))
    .filter((l) => l.segments.length > 0);
  const book = charged(r.book, start, now);
  const ofRate = changes.filter((c) => c.kind === r.kind && c.tier === r.tier && Math.abs((c.above ?? 0) - (r.above ?? 0)) <= 1);
  const happenings: Happening[] = [];
  for (const l of lines) {
    l.segments.forEach((s, i) => {
      const before = l.segments[i - 1];
      const follows = before && before.to === s.from;
      const logged = ofRate.find(
        (c) =>
          c.source === l.id &&
          dayOf(Date.parse(c.at)) === dayOf(s.from) &&
          c.new_usd_per_million === s.text &&
          c.old_usd_per_million === (follows ? before.text : undefined),
      );
      happenings.push({
        at: s.from,
        line: l.id,
        who: l.title,
        kind: r.kind,
        to: s.text,
        what: follows ? "stated differently" : before ? "stated again" : "first stated",
        evidence: s.of.evidence ?? (s.of.snapshot && `snapshot ${s.of.snapshot}`),
        since: s.of.in_force_since,
        ...(follows && { from: before.text }),
        ...(logged && follows && { class: logged.class, why: why(logged) }),
      });
      const after = l.segments[i + 1];
      if (s.to < now && after?.from !== s.to)
        happenings.push({ at: s.to, line: l.id, who: l.title, kind: r.kind, from: s.text, what: "no longer stated" });
    });
  }
  book.forEach((s, i) => {
    const before = book[i - 1];
    if (!s.of.effective.from && !before) return; // nobody knows since when
    happenings.push({
      at: s.from,
      line: "book",
      who: "The vendor",
      kind: r.kind,
      to: s.text,
      what: before ? "took effect" : "first price",
      provenance: s.of.provenance,
      ...(before && { from: before.text }),
    });
  });
  happenings.sort((a, b) => a.at - b.at);
  return { kind: r.kind, book, lines, happenings, start, now };
}

const size = (h: Happening) => {
  const [from, to] = [Number(h.from), Number(h.to)];
  return from > 0 && to > 0 ? Math.abs(Math.log(to / from)) : 0;
};

// largest is the change that moved a rate most: of those that the vendor made, else of those that a table records as one.
export function largest(all: Happening[]): Happening | undefined {
  const changed = all.filter((h) => h.from && h.to && size(h) > 0);
  const vendor = changed.filter((h) => h.line === "book");
  const tables = changed.filter((h) => h.class === "price_change");
  return (vendor.length > 0 ? vendor : tables).toSorted((a, b) => size(b) - size(a))[0];
}

export function share(h: Happening): string {
  const percent = Math.round((Number(h.to) / Number(h.from) - 1) * 100);
  return (percent < 0 ? "−" : "+") + Math.abs(percent).toLocaleString("en-US") + "\u00a0%";
}

// first is the first instant of which a history knows anything.
export function first(rates: RateHistory[]): number {
  const times = rates.flatMap((r) => [
    ...r.book.map((b) => b.effective.from),
    ...r.sources.flatMap((s) => s.steps.flatMap((t) => [t.recorded.from, t.in_force_since?.at])),
  ]);
  return Math.min(...times.filter((t) => t !== undefined).map((t) => Date.parse(t)));
}
