// Time as an axis: the spans that a report groups calls by, and round instants as ticks.

const hour = 3_600_000;
const dayLong = 24 * hour;

export interface Slot {
  from: number;
  to: number;
  // relative says that the time counts from the start of a log without dates.
  relative: boolean;
}

const relativeUnits: Record<string, number> = { hour, day: dayLong, month: 730 * hour };

// slot reads the label of a group: 2026-11, 2026-11-17, 2026-11-17T09:00Z, or "day 3" of a log without dates.
export function slot(label: string): Slot | null {
  const [, unit, n] = /^(hour|day|month) (-?\d+)$/.exec(label) ?? [];
  if (unit && n) {
    const length = relativeUnits[unit]!;
    return { from: Number(n) * length, to: (Number(n) + 1) * length, relative: true };
  }
  const [, year, month, date, at] = /^(\d{4})-(\d{2})(?:-(\d{2})(?:T(\d{2}):00Z)?)?$/.exec(label) ?? [];
  if (!year || !month) return null;
  if (!date) return { from: Date.UTC(Number(year), Number(month) - 1), to: Date.UTC(Number(year), Number(month)), relative: false };
  const from = Date.UTC(Number(year), Number(month) - 1, Number(date), Number(at ?? 0));
  return { from, to: from + (at ? hour : dayLong), relative: false };
}

export interface Tick {
  at: number;
  text: string;
}

const format = (options: Intl.DateTimeFormatOptions) => {
  const f = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
  return (t: number) => f.format(t);
};
const dayMonth = format({ day: "numeric", month: "short" });
const monthOnly = format({ month: "short" });
const clock = format({ hour: "2-digit", minute: "2-digit" });
const year = (t: number) => String(new Date(t).getUTCFullYear());

// spacings are the steps between ticks, from the finest, with the room in pixels that their words take.
const spacings: { months?: number; length: number; room: number; word: (t: number) => string }[] = [
  ...[1, 3, 6, 12].map((n) => ({ length: n * hour, room: 46, word: (t: number) => (t % dayLong === 0 ? dayMonth(t) : clock(t)) })),
  ...[1, 2, 7, 14].map((n) => ({ length: n * dayLong, room: 52, word: dayMonth })),
  ...[1, 3, 6].map((n) => ({ months: n, length: n * 730 * hour, room: 38, word: (t: number) => (new Date(t).getUTCMonth() === 0 ? year(t) : monthOnly(t)) })),
  { months: 12, length: 8760 * hour, room: 44, word: year },
];

const monday = Date.UTC(1970, 0, 5);

// timeTicks are round instants of a span that is so many pixels wide.
export function timeTicks(from: number, to: number, width: number): Tick[] {
  const s = spacings.find((x) => ((to - from) / x.length) * x.room <= width) ?? spacings.at(-1)!;
  const ticks: Tick[] = [];
  if (s.months) {
    const begin = new Date(from);
    for (let m = Math.floor(begin.getUTCMonth() / s.months) * s.months; ; m += s.months) {
      const at = Date.UTC(begin.getUTCFullYear(), m);
      if (at > to) return ticks;
      if (at >= from) ticks.push({ at, text: s.word(at) });
    }
  }
  const origin = s.length >= 7 * dayLong ? monday : 0;
  for (let at = origin + Math.ceil((from - origin) / s.length) * s.length; at <= to; at += s.length) ticks.push({ at, text: s.word(at) });
  return ticks;
}

// countTicks are round counts of hours or days since the start of a log without dates.
export function countTicks(from: number, to: number, width: number): Tick[] {
  const [unit, name] = to - from > 4 * dayLong ? [dayLong, "d"] : [hour, "h"];
  const about = Math.max(1, Math.floor(width / 60));
  const rough = (to - from) / unit / about;
  const power = 10 ** Math.max(0, Math.floor(Math.log10(rough)));
  const step = Math.max(1, [1, 2, 5, 10].map((m) => m * power).find((m) => m >= rough) ?? power * 10);
  const ticks: Tick[] = [];
  for (let n = Math.ceil(from / unit / step) * step; n * unit <= to; n += step) ticks.push({ at: n * unit, text: `${n} ${name}` });
  return ticks;
}
