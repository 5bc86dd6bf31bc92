// The load over time, relative to its mean.

import { areaY, axisY, gridY, line, plot, ruleY } from "@observablehq/plot";
import type { WorkloadAnswer } from "../api/types";
import { count, times } from "../format";
import { Figure } from "./Figure";

function draw(w: WorkloadAnswer, width: number): Element {
  // A bucket lasts until the next one begins, the last one too.
  const data = [...w.load, w.load.at(-1)!].map((y, x) => ({ x, y }));
  const top = Math.max(1.2, ...w.load);
  const ticks = [0, 1, ...(top >= 1.6 ? [Math.floor(top)] : [])];
  return plot({
    width,
    height: 130,
    marginLeft: 36,
    marginRight: 8,
    marginTop: 10,
    marginBottom: 10,
    x: { axis: null, domain: [0, w.load.length] },
    y: { domain: [0, top * 1.05] },
    marks: [
      gridY(ticks, { stroke: "var(--grid)", strokeOpacity: 1 }),
      axisY(ticks, { tickFormat: (v: number) => `${v}×`, tickSize: 0, label: null }),
      areaY(data, { x: "x", y: "y", curve: "step-after", fill: "var(--api-tint)" }),
      line(data, { x: "x", y: "y", curve: "step-after", stroke: "var(--ink)", strokeWidth: 1.25 }),
      ruleY([1], { stroke: "var(--muted)", strokeDasharray: "1 3" }),
    ],
  });
}

export function Load({ workload: w }: { workload: WorkloadAnswer }) {
  if (w.load.length < 2) return null;
  const what = w.source === "log" ? "The log's load" : "The load of a day, as assumed,";
  return (
    <Figure
      title={
        <>
          {what} {w.bucket} by {w.bucket}, over its mean.{" "}
          <span class="muted">
            The busiest {w.bucket} is {times(w.peak_to_mean)} the mean.
          </span>
        </>
      }
      describes={`${what} over ${count(w.load.length)} buckets of a ${w.bucket}; the busiest is ${times(w.peak_to_mean)} the mean.`}
      draw={(width) => draw(w, width)}
      drawn={w}
      table={{
        caption: "Load over its mean",
        head: [w.bucket[0]!.toUpperCase() + w.bucket.slice(1), "Load"],
        rows: () => w.load.map((v, i) => [count(i + 1), times(v)]),
      }}
    />
  );
}
