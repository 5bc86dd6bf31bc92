// What every option costs over the scale of today's workload.

import { axisX, axisY, dot, gridX, gridY, line, plot, pointer, ruleX, tip } from "@observablehq/plot";
import type { Curve, Decision, OptionKind } from "../api/types";
import { dollars, hasCents, roundDollars, shortDollars, times } from "../format";
import { Figure } from "./Figure";
import { dollarTicks, scaleTick, scaleTicks, spread, write, type Label } from "./labels";
import { style } from "./palette";

// crossings are the break-evens that lie inside the chart.
interface Crossing {
  scale: number;
  usd: number;
  kind: OptionKind;
}

function crossings(d: Decision): Crossing[] {
  return d.break_evens.flatMap((b) => {
    const { first_scale: scale, api_usd_per_month: usd } = b;
    const kind = d.options.find((o) => o.id === b.against)?.kind;
    return scale !== undefined && usd !== undefined && kind && scale >= 0.1 && scale <= 10 ? [{ scale, usd, kind }] : [];
  });
}

function draw(d: Decision, width: number): Element {
  const narrow = width < 560;
  const height = narrow ? 320 : 400;
  const right = narrow ? 54 : 176;
  const all = d.curves.flatMap((c) => c.points.map((p) => ({ ...p, curve: c }))).filter((p) => p.usd_per_month > 0);
  if (all.length === 0) return document.createElement("span");
  const low = Math.min(...all.map((p) => p.usd_per_month)) * 0.9;
  const high = Math.max(...all.map((p) => p.usd_per_month)) * 1.1;
  const level = crossings(d);
  const chart = plot({
    width,
    height,
    marginLeft: 48,
    marginRight: right,
    marginTop: 26,
    marginBottom: 34,
    x: { type: "log", domain: [0.1, 10] },
    y: { type: "log", domain: [low, high], clamp: true },
    marks: [
      gridX(scaleTicks, { stroke: "var(--grid)", strokeOpacity: 1 }),
      gridY(dollarTicks(low, high), { stroke: "var(--grid)", strokeOpacity: 1 }),
      axisX(narrow ? [0.1, 1, 10] : scaleTicks, { text: scaleTick, tickSize: 0, label: null }),
      axisY(dollarTicks(low, high), { text: shortDollars, tickSize: 0, label: null }),
      ruleX([1], { stroke: "var(--muted)", strokeDasharray: "1 3" }),
      ...d.curves.map((c) =>
        line(c.points, {
          x: "scale",
          y: "usd_per_month",
          curve: c.steps ? "step-after" : "linear",
          stroke: style[c.kind].color,
          strokeDasharray: style[c.kind].dash,
          strokeWidth: c.option === d.verdict.option ? 2.75 : 1.75,
        }),
      ),
      dot(level, { x: "scale", y: "usd", fill: "var(--paper)", stroke: "var(--ink)", strokeWidth: 2, r: 5 }),
      tip(
        all,
        pointer({
          x: "scale",
          y: "usd_per_month",
          fill: "var(--paper)",
          stroke: "var(--rule)",
          title: (p: (typeof all)[number]) =>
            `${style[p.curve.kind].name}\n${times(p.scale)} today's work\n${roundDollars(p.usd_per_month)} a month`,
        }),
      ),
    ],
  });
  const sx = chart.scale("x")!;
  const sy = chart.scale("y")!;
  const end = width - right;
  const names: Label[] = d.curves.map((c) => ({
    text: narrow ? style[c.kind].tiny : style[c.kind].short,
    x: end,
    y: sy.apply(c.points.at(-1)!.usd_per_month) as number,
    color: `var(--${textOf[c.kind]})`,
    weight: c.option === d.verdict.option ? "700" : "400",
  }));
  for (const l of spread(names, 17, 36, height - 40)) {
    write(chart, { ...l, x: end + 7, y: l.y + 4 });
  }
  write(chart, { text: "today", x: sx.apply(1) as number, y: 16, anchor: "middle", className: "muted" });
  for (const c of level) {
    const left = (sx.apply(c.scale) as number) > 48 + (narrow ? 90 : 240);
    const api = c.kind === "current_api";
    write(chart, {
      text: narrow ? `level at ${times(c.scale)}` : `GPUs level with ${api ? "today's API" : "the hosted weights"} at ${times(c.scale)}`,
      x: (sx.apply(c.scale) as number) + (left ? -11 : 11),
      y: (sy.apply(c.usd) as number) + (left ? -10 : 20),
      anchor: left ? "end" : "start",
      weight: "600",
    });
  }
  return chart;
}

const textOf = { current_api: "ink", hosted_open: "hosted-text", rented_gpus: "gpus-text", hybrid: "hybrid-text" } as const;

// merged lists the scales that any curve has, each with what the curves cost there.
function rows(curves: Curve[]): string[][] {
  const scales = curves.filter((c) => !c.steps)[0]?.points.map((p) => p.scale) ?? [];
  const withCents = hasCents(curves.flatMap((c) => c.points.map((p) => p.usd_per_month)));
  return scales.map((s) => [
    times(s),
    ...curves.map((c) => {
      const p = c.points.findLast((q) => q.scale <= s * (1 + 1e-12));
      return p ? dollars(p.usd_per_month, withCents) : "—";
    }),
  ]);
}

export function CostCurves({ decision: d }: { decision: Decision }) {
  if (d.curves.length === 0) return null;
  return (
    <Figure
      title={
        <>
          What each option costs per month over the scale of today's workload.{" "}
          <span class="muted">Both axes are logarithmic; GPUs come in steps.</span>
        </>
      }
      describes={`Cost per month of ${d.curves.length} options from a tenth to ten times today's workload. ${d.break_evens.map((b) => b.sentence).join(" ")}`}
      draw={(width) => draw(d, width)}
      drawn={d}
      table={{
        caption: "Cost per month of each option over scale",
        head: ["Scale", ...d.curves.map((c) => style[c.kind].name)],
        rows: () => rows(d.curves),
      }}
    />
  );
}
