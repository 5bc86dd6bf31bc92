// What a report says of each span of time, arranged as bars in layers.

import type { UsageRow } from "../api/types";
import { slot, type Slot } from "./time";

export interface Layer {
  name: string; // as the log has it
  color: string;
  size: number; // in dollars, to order the layers by
}

export interface Bar {
  label: string;
  slot: Slot;
  parts: { layer: Layer; from: number; to: number; row: UsageRow }[];
  top: number;
  reported: number | undefined; // what the log itself says, where all of it does
  gap: boolean; // some of it has no price
  rows: UsageRow[];
}

export interface Bars {
  layers: Layer[]; // the largest first, at the bottom
  rest: Layer[]; // those of them that share a colour
  bars: Bar[];
  loose: UsageRow[]; // rows without a time
}

export const colors = ["var(--source-1)", "var(--source-2)", "var(--source-3)", "var(--source-4)", "var(--source-6)", "var(--source-5)"];
export const restColor = "var(--edge)";

const usd = (text: string | undefined) => (text === undefined ? 0 : Number(text));

export function bars(rows: UsageRow[], per: string, by: string): Bars {
  const sizes = new Map<string, number>();
  const named = (r: UsageRow) => r.group?.[by] ?? "";
  for (const r of rows) sizes.set(named(r), (sizes.get(named(r)) ?? 0) + usd(r.usd));
  const ranked = [...sizes].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const shared = ranked.length > colors.length + 1 ? colors.length : ranked.length;
  const layers = ranked.map(([name, size], i) => ({ name, size, color: i < shared ? (colors[i] ?? restColor) : restColor }));
  const of = new Map(layers.map((l, i) => [l.name, { layer: l, i }]));
  const byLabel = new Map<string, UsageRow[]>();
  for (const r of rows) {
    const label = r.group?.[per] ?? "";
    byLabel.set(label, [...(byLabel.get(label) ?? []), r]);
  }
  const list: Bar[] = [];
  const loose: UsageRow[] = [];
  for (const [label, some] of byLabel) {
    const s = slot(label);
    if (!s) {
      loose.push(...some);
      continue;
    }
    let top = 0;
    const parts = some
      .map((row) => ({ row, ...of.get(named(row))! }))
      .sort((a, b) => a.i - b.i)
      .map(({ row, layer }) => ({ layer, row, from: top, to: (top += usd(row.usd)) }));
    const all = some.every((r) => r.reported_usd !== undefined);
    list.push({
      label,
      slot: s,
      parts,
      top,
      reported: all ? some.reduce((sum, r) => sum + usd(r.reported_usd), 0) : undefined,
      gap: some.some((r) => !r.complete),
      rows: some,
    });
  }
  list.sort((a, b) => a.slot.from - b.slot.from);
  return { layers, rest: layers.slice(shared), bars: list, loose };
}
