// What every option costs over the scale of today's workload.

import { axisX, axisY, dot, gridX, gridY, line, plot, pointer, ruleX, tip } from "@observablehq/plot";
import type { BreakEven, Curve, Decision } from "../api/types";
import { dollars, hasCents, roundDollars, shortDollars, times } from "../format";
import { Figure } from "./Figure";
import { dollarTicks, scaleTick, scaleTicks, spread, write, type Label } from "./labels";
import { style } from "./palette";

// crossing is the break-even that the chart points at: rented GPUs against today's API.
function crossing(d: Decision): BreakEven | undefined {
  return d.break_evens.find((b) => b.against.startsWith("current_api:"));
}

function draw(d: Decision, width: number): Element {
  const narrow = width < 560;
  const height = narrow ? 320 : 400;
  const right = narrow ? 8 : 176;
  const all = d.curves.flatMap((c) => c.points.map((p) => ({ ...p, curve: c }))).filter((p) => p.usd_per_month > 0);
  if (all.length === 0) return document.createElement("span");
  const low = Math.min(...all.map((p) => p.usd_per_month)) * 0.9;
  const high = Math.max(...all.map((p) => p.usd_per_month)) * 1.1;
  const be = crossing(d);
  const level = be?.first_scale;
  const inside = level !== undefined && level >= 0.1 && level <= 10 && be?.api_usd_per_month !== undefined;
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
      axisX(narrow ? [0.1, 1, 10] : scaleTicks, { tickFormat: scaleTick, tickSize: 0, label: null }),
      axisY(dollarTicks(low, high), { tickFormat: (v: number) => shortDollars(v), tickSize: 0, label: null }),
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
      inside ? dot([[level, be.api_usd_per_month]], { fill: "var(--paper)", stroke: "var(--ink)", strokeWidth: 2, r: 5 }) : null,
      tip(
        all,
        pointer({
          x: "scale",
          y: "usd_per_month",
          fill: "var(--paper)",
          stroke: "var(--rule)",
          title: (p: (typeof all)[number]) => `${style[p.curve.kind].name}\n${times(p.scale)} today's work\n${roundDollars(p.usd_per_month)} a month`,
        }),
      ),
    ],
  });
  const sx = chart.scale("x")!;
  const sy = chart.scale("y")!;
  const end = width - right;
  const names: Label[] = d.curves.map((c) => ({
    text: style[c.kind].short,
    x: end,
    y: sy.apply(c.points.at(-1)!.usd_per_month) as number,
    color: `var(--${textOf[c.kind]})`,
    weight: c.option === d.verdict.option ? "700" : "400",
  }));
  for (const l of spread(names, 17, 36, height - 40)) {
    write(chart, narrow ? { ...l, x: end - 4, y: l.y - 7, anchor: "end" } : { ...l, x: end + 8, y: l.y + 4 });
  }
  write(chart, { text: "today", x: sx.apply(1) as number, y: 16, anchor: "middle", className: "muted" });
  if (inside) {
    const px = sx.apply(level) as number;
    const py = sy.apply(be.api_usd_per_month!) as number;
    write(chart, { text: `GPUs level with today's API at ${times(level)}`, x: px - 10, y: py - 10, anchor: "end", weight: "600" });
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
          What each option costs per month over the scale of today's workload. <span class="muted">Both axes are logarithmic; GPUs come in steps.</span>
        </>
      }
      describes={`Cost per month of ${d.curves.length} options from a tenth to ten times today's workload. ${d.break_evens.map((b) => b.sentence).join(" ")}`}
      draw={(width) => draw(d, width)}
      drawn={d}
      table={{ caption: "Cost per month of each option over scale", head: ["Scale", ...d.curves.map((c) => style[c.kind].name)], rows: () => rows(d.curves) }}
    />
  );
}
